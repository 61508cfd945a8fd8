import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { RULES } from './rules.ts';

test('docs/review.md is the list of the rules', async () => {
  const text = await readFile(new URL('../../../../docs/review.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## Rules'), text.indexOf('## Other findings'));
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.replace(/ +\|/g, ' |'));
  expect(rows).toEqual(RULES.map(({ id, severity, about }) => `| \`${id}\` | ${severity} | ${about} |`));
});
