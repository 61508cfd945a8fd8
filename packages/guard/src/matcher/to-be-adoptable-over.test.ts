/**
 * The matcher in a project of its own, run by the real Vitest in a process of its own.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { RIGHT, SUM } from '../evaluation/evaluate.fixture.ts';
import { closeGuardHost, guardMatchers } from './to-be-adoptable-over.ts';

afterAll(closeGuardHost);

const ROOT = resolve(import.meta.dirname, '../../../..');

const CONFIG = `export default { resolve: { conditions: ['source', 'node'] }, ssr: { resolve: { conditions: ['source', 'node'] } }, test: { setupFiles: ['./setup.ts'], testTimeout: 240_000, pool: 'forks' } };`;
const SETUP = `import { afterAll, expect } from 'vitest';
import { closeGuardHost, guardMatchers } from '@bulkhead/guard/vitest';
expect.extend(guardMatchers);
afterAll(closeGuardHost);`;
const TESTS = `import { expect, test } from 'vitest';
import { SORT } from '@bulkhead/guard';
const options = { n: 60, policy: 'noninferiority:margin=0.1' };
const path = (name: string) => new URL(name, import.meta.url).pathname;
test('the same', () => expect(path('./same.ts')).toBeAdoptableOver(path('./base.ts'), SORT, options));
test('the other', () => expect(path('./other.ts')).not.toBeAdoptableOver(path('./base.ts'), SORT, options));
test('told', () => expect(path('./other.ts')).toBeAdoptableOver(path('./base.ts'), SORT, options));`;

type Ran = { readonly stdout: string; readonly stderr: string };

async function ranIn(folder: string): Promise<Ran> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  try {
    return await promisify(execFile)(
      process.execPath,
      ['--conditions=source', vitest, 'run', '--reporter=json', '--outputFile=found.json'],
      {
        cwd: folder,
        env: { ...process.env, VITEST: '', NO_COLOR: '1' },
      },
    );
  } catch (error) {
    return error as Ran & Error; // What a process that ends with a code leaves behind.
  }
}

test('a project’s tests pass and fail by it, with what an operator has to know', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-matcher-'));
  try {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const right = `const of = (one: any) => one.key ?? one;
export const solve = (items: any[]) => items.toSorted((a, b) => (of(a) < of(b) ? -1 : Number(of(a) > of(b))));`;
    const files = {
      ...{ 'vitest.config.mjs': CONFIG, 'setup.ts': SETUP, 'tiny.test.ts': TESTS, 'package.json': '{"type":"module"}' },
      ...{ 'base.ts': right, 'same.ts': right, 'other.ts': 'export const solve = (items: any[]) => items;' },
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const { stdout, stderr } = await ranIn(folder);
    const left = await readdir(folder);
    expect([left.includes('found.json'), stdout + stderr]).toEqual([true, expect.any(String)]);
    const { testResults } = JSON.parse(await readFile(join(folder, 'found.json'), 'utf8'));
    const found = testResults[0].assertionResults.map((one: Record<string, unknown>) => [one['title'], one['status']]);
    expect(found).toEqual([
      ['the same', 'passed'],
      ['the other', 'passed'],
      ['told', 'failed'],
    ]);
    const [message] = testResults[0].assertionResults[2].failureMessages;
    expect(message).toContain('the candidate breaks what the baseline keeps');
    expect(message).toMatch(
      /ask again: bulkhead guard evaluate --task sort --baseline \S+base\.ts --candidate \S+other\.ts --n 60 --seed 42/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  ['a function', () => 1, 'base.ts', SUM, 'the candidate is a function, which cannot be sent into a sandbox'],
  ['nothing', undefined, 'base.ts', SUM, 'the candidate is undefined; expected the path'],
  ['a baseline that is a function', 'candidate.ts', () => 1, SUM, 'the baseline is a function'],
  ['no task', 'candidate.ts', 'base.ts', {}, 'expected one that defineTask made'],
  ['no file', '/nowhere/candidate.ts', '/nowhere/base.ts', SUM, 'cannot be read'],
])('%s is refused with what was expected', async (_what, candidate, baseline, task, message) => {
  await expect(guardMatchers.toBeAdoptableOver(candidate, baseline, task)).rejects.toMatchObject({
    code: 'EVALUATION_INVALID',
    message: expect.stringContaining(message),
  });
});

test('the command that asks again names the file of the task where it is known, and says where it is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-matcher-'));
  try {
    const file = join(folder, 'right.ts');
    await writeFile(file, RIGHT);
    const asked = { n: 3, func: 'solve', mode: 'sequential' } as const;
    const [unknown, known] = [
      await guardMatchers.toBeAdoptableOver(file, file, SUM, asked),
      await guardMatchers.toBeAdoptableOver(file, file, SUM, { ...asked, taskFrom: 'tasks.ts#SUM' }),
    ];
    expect(unknown.message()).toContain(
      'ask again, with the file that exports "sum": bulkhead guard evaluate --task FILE#EXPORT --baseline',
    );
    expect(known.message()).toMatch(
      /ask again: bulkhead guard evaluate --task tasks\.ts#SUM .* --n 3 .*--func solve --sequential\n/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
