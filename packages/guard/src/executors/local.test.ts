import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEEDS, testExecutorConformance, type Deed } from './executor-conformance.ts';
import { createLocalExecutor } from './local.ts';
import type { Executor } from './executor.ts';

testExecutorConformance('local', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-local-'));
  const host = await createHost();
  const executor = createLocalExecutor({ host });
  return {
    executor,
    implementation: async (deed: Deed) => {
      const path = join(folder, `${deed}.js`);
      await writeFile(path, DEEDS[deed]);
      return path;
    },
    [Symbol.asyncDispose]: async () => {
      await executor.close?.();
      await host.close();
      await rm(folder, { recursive: true });
    },
  };
});

let host: Host;
let executor: Executor;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-local-'));
  host = await createHost();
  executor = createLocalExecutor({ host });
});

afterAll(async () => {
  await executor.close?.();
  await host.close();
  await rm(folder, { recursive: true });
});

async function ran(name: string, code: string, args: readonly number[] = []) {
  const path = join(folder, name);
  await writeFile(path, code);
  return executor.execute(path, 'solve', args, 60, 128);
}

test('what the review refuses is held against the implementation [X002-12]', async () => {
  const code =
    "import { readFileSync } from 'node:fs';\nexport const solve = () => readFileSync('/etc/hostname', 'utf8');";
  expect(await ran('reads.ts', code)).toMatchObject({
    success: false,
    error_type: 'exception',
    error: expect.stringMatching(/^REVIEW_REFUSED: reads.ts:1: .*fs$/),
  });
});

test('what throws at import is held against the implementation, and its text is told', async () => {
  expect(await ran('import.ts', "throw new Error('no table');\nexport const solve = () => 1;")).toMatchObject({
    success: false,
    error_type: 'exception',
    error: expect.stringContaining('no table'),
  });
});

test('a path that is no file is the asker’s mistake, and a whole text is none either [F002-7] [F002-17]', async () => {
  const missing = await executor.execute(join(folder, 'missing.ts'), 'solve', [], 5, 512);
  expect(missing).toMatchObject({ success: false, error_type: 'invalid_input', error_code: 'invalid_input' });
  const text = await executor.execute('You are a calculator.\nAnswer with a number.', 'solve', [], 5, 512);
  expect(text).toMatchObject({ success: false, error_type: 'invalid_input' });
});

test('a package that is not installed is nobody’s fault, and it says what to do', async () => {
  const code = "import pad from 'left-pad-that-is-not-there';\nexport const solve = () => pad('x', 3);";
  expect(await ran('package.ts', code)).toMatchObject({
    success: false,
    error_type: 'unavailable',
    error: expect.stringContaining('npm install'),
  });
});

test('memory that is refused is out_of_memory', async () => {
  const grow = 'for (;;) kept.push({ text: `${kept.length}`, list: new Array(1_024).fill(kept.length / 3) });';
  const execution = await ran('memory.ts', `export const solve = () => { const kept: object[] = []; ${grow} };`);
  expect(execution).toMatchObject({ success: false, error_type: 'out_of_memory' });
});

test('a run that answers nothing has a result of null', async () => {
  expect(await ran('nothing.ts', 'export const solve = () => undefined;')).toMatchObject({
    success: true,
    result: null,
  });
});

test('what a run held at most is measured, however short it was [X002-10]', async () => {
  const code = (mib: number): string =>
    `export const solve = () => new Uint8Array(${mib} * 1024 * 1024).fill(1).length;`;
  const [little, much] = [await ran('little.ts', code(1)), await ran('much.ts', code(40))];
  expect((much.peak_rss_bytes ?? 0) - (little.peak_rss_bytes ?? 0)).toBeGreaterThan(30 * 1024 * 1024);
});
