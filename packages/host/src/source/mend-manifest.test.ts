import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeManifestText } from './manifest-file.ts';
import { mendManifest, type ManifestHelp } from './mend-manifest.ts';

const NO_HELP: ManifestHelp = { version: undefined, description: undefined, author: undefined, main: undefined };
const good = { name: 'weather', version: '1.0.0', description: 'Tells the weather.', author: 'You' };
const textOf = (value: object): string => JSON.stringify(value, null, 2);
const mended = (value: object, help: Partial<ManifestHelp> = {}): object =>
  JSON.parse(mendManifest(textOf(value), { ...NO_HELP, ...help }).text) as object; // JSON.parse says any.

test.each([
  [
    { ...good, descripton: 'x', description: undefined },
    { ...good, description: 'x' },
  ],
  [
    { ...good, limits: { timeout: 5 } },
    { ...good, limits: { timeout_ms: 5 } },
  ],
  [
    { ...good, sandbox: { min_teir: 'jail' } },
    { ...good, sandbox: { min_tier: 'jail' } },
  ],
  [
    { ...good, version: 'v1.2' },
    { ...good, version: '1.2.0' },
  ],
  [
    { ...good, version: '3' },
    { ...good, version: '3.0.0' },
  ],
  [
    { ...good, version: undefined },
    { ...good, version: '0.1.0' },
  ],
  [
    { ...good, description: undefined },
    { ...good, description: 'The plugin weather.' },
  ],
])('mends %j', (before, after) => {
  expect(mended(before)).toEqual(after);
});

test('what package.json says is taken before any default', () => {
  const help = { version: '2.0.0', description: 'From the package.', author: 'Ada', main: undefined };
  expect(mended({ name: 'weather' }, help)).toEqual({ name: 'weather', ...help, main: undefined });
});

test.each([
  [{ ...good, surprise: 1 }],
  [{ ...good, name: 'Weather' }],
  [{ ...good, author: undefined }],
  [{ ...good, version: 'latest' }],
  [{ ...good, config: { descripton: 1 }, limits: { memory_mb: 1 } }],
  [{ ...good, mian: 'a.js', main: 'b.js' }],
])('leaves what it does not understand: %j', (value) => {
  const text = textOf(value);
  expect(mendManifest(text, NO_HELP)).toEqual({ text, changes: [] });
});

test('all else in the text stays as it was written, and each change has its line', () => {
  const text = '{\n\t"name": "weather",   "verison": "1.0.0",\n\t"author": "You",\n\n\t"description": "d"\n}\n';
  expect(mendManifest(text, NO_HELP)).toEqual({
    text: text.replace('verison', 'version'),
    changes: [{ line: 2, message: 'field "verison" is named "version"' }],
  });
});

test('a field that is added stands last, indented like the one before it', () => {
  const text = '{\n    "name": "weather",\n    "version": "1.0.0",\n    "author": "You"\n}\n';
  expect(mendManifest(text, NO_HELP).text).toBe(
    text.replace('"You"', '"You",\n    "description": "The plugin weather."'),
  );
});

test.each(['', '{', '[]', '5', '{"a":1,"a":2}', `${'['.repeat(100)}${']'.repeat(100)}`, '\uFEFF{}'])(
  'what is no manifest at all is left alone: %s',
  (text) => {
    expect(mendManifest(text, NO_HELP)).toEqual({ text, changes: [] });
  },
);

test('a second time there is nothing to do, and there is never more wrong than before', () => {
  const keys = fc.constantFrom('name', 'verison', 'version', 'autor', 'author', 'limit', 'limits', 'mian', 'hook', 'x');
  fc.assert(
    fc.property(fc.dictionary(keys, fc.oneof(fc.constantFrom('1', 'v1.2', 'a'), fc.jsonValue())), (value) => {
      const text = textOf(value);
      const once = mendManifest(text, NO_HELP);
      expect(mendManifest(once.text, NO_HELP)).toEqual({ text: once.text, changes: [] });
      const faults = (written: string): number => {
        const judged = judgeManifestText(written);
        return judged.ok ? 0 : judged.findings.length;
      };
      expect(faults(once.text)).toBeLessThanOrEqual(faults(text));
    }),
    { numRuns: 200 },
  );
});
