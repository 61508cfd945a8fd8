import { expect, test } from 'vitest';
import { addRelease } from './changelog.ts';

const HEAD = '# Changelog\n\n<!-- releases -->\n';

test('a release stands below the marker, above earlier ones, its notes grouped by kind', () => {
  const notes = new Map([
    ['changes/b.fixed.md', 'Count once.\n\nBefore: twice.\nAfter: once.\n'],
    ['changes/a.added.md', 'Say so.\n\nBefore: no.\nAfter: yes.\n'],
  ]);
  const first = addRelease(HEAD, { version: '0.1.0', day: '2026-01-31', notes });
  expect(first).toBe(`${HEAD.trimEnd()}

## 0.1.0 (2026-01-31)

### Added

- Say so.

  Before: no.
  After: yes.

### Fixed

- Count once.

  Before: twice.
  After: once.
`);
  const second = addRelease(first, { version: '0.2.0', day: '2026-02-28', notes: new Map() });
  expect(second.indexOf('0.2.0')).toBeLessThan(second.indexOf('0.1.0'));
});

test('a changelog without its marker is refused', () => {
  const release = { version: '0.1.0', day: '2026-01-31', notes: new Map() };
  expect(() => addRelease('# Changelog\n', release)).toThrow('<!-- releases -->');
});
