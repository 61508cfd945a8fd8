import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ALLOWED_LICENSES } from './judge-licenses.ts';
import { LICENSE_NOT_ALLOWED, OTHER_FINDINGS, RULES, reviewRules } from './rules.ts';

const text = await readFile(new URL('../../../../docs/review.md', import.meta.url), 'utf8');

/** The rows of one section's table, without the padding that prettier adds. */
function rowsOf(heading: string): readonly string[] {
  const from = text.indexOf(`## ${heading}`);
  const section = text.slice(from, text.indexOf('\n## ', from + 1));
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((line) => line.replace(/ +\|/g, ' |'));
}

test('docs/review.md is the list of the rules', () => {
  const rules = [...RULES, LICENSE_NOT_ALLOWED];
  expect(rowsOf('Rules')).toEqual(
    rules.map(({ id, severity, about, binds }) => `| \`${id}\` | ${severity} | ${about} | ${binds} |`),
  );
});

test('docs/review.md is the list of what else is found', () => {
  expect(rowsOf('Other findings')).toEqual(
    OTHER_FINDINGS.map(({ id, severity, about }) => `| \`${id}\` | ${severity} | ${about} |`),
  );
});

test('[F000-14] docs/review.md names every licence that passes, and no other', () => {
  const from = text.indexOf('## Licences');
  const section = text.slice(from, text.indexOf('\n## ', from + 1));
  expect([...section.matchAll(/`([^`]+)`/g)].map((match) => match[1])).toEqual(ALLOWED_LICENSES);
});

test('each id is one rule for others, however many ways lead to it', () => {
  const ids = reviewRules().map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(reviewRules().find(({ id }) => id === 'BUNDLE_ESCAPES')).toMatchObject({
    severity: 'error',
    about: expect.stringContaining('source map') as unknown,
  });
});
