import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { OUTCOME_KINDS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const readme = await readFile(join(root, 'README.md'), 'utf8');
const operator = await readFile(join(root, 'docs/operator.md'), 'utf8');

function blocks(language: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

test('the first two commands of the README start it and test it', () => {
  const [first, second] = blocks('sh');
  expect(first).toBe('npm ci && npm start\n');
  expect(second).toBe('npm ci && npm test\n');
});

test('the program in the README is the example, and it prints what its comments say', async () => {
  const path = join(root, 'examples/embedding.ts');
  const code = (await readFile(path, 'utf8')).replace(/^\/\*\*[\s\S]*?\*\/\n/, '');
  expect(blocks('ts')).toContain(code);
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', path], { cwd: root });
  expect(stdout).toContain('{ result: 5 }\ntool_error Division by zero\nFAILED TOOL_REPORTED_ERROR');
});

test('npm scripts that the README names are there', async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly scripts: object };
  for (const [, name = ''] of readme.matchAll(/npm (?:run )?(start|test|demo)\b/g))
    expect(scripts).toHaveProperty(name);
});

test('the operator’s page gives every outcome kind its exit code', () => {
  const rows = operator.split('\n').filter((line) => /^\| \d\d/.test(line));
  const pairs = rows.flatMap((row) => {
    const [, codes = '', , kinds = ''] = row.split('|').map((cell) => cell.trim());
    const names = kinds.split(', ').map((kind) => kind.replaceAll('`', ''));
    return codes.split(', ').map((code, at) => [names[at], Number(code)]);
  });
  expect(pairs.slice(0, OUTCOME_KINDS.length)).toEqual(OUTCOME_KINDS.map((kind, index) => [kind, 10 + index]));
});
