/**
 * Tasks with an image, in real containers; `npm run verify:docker` brings a daemon and the image.
 */
import { createHost, type Host } from '@bulkhead/host';
import type { JsonObject, Result, Task } from '@bulkhead/sdk';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const IMAGE = 'node:26';
let host: Host;
beforeAll(async () => {
  host = await createHost({ spareCount: 0 });
  await host.install(resolve(import.meta.dirname, '..'), { grant: ['children'] });
});
afterAll(() => host.close());

async function execute(payload: JsonObject): Promise<Result> {
  const task: Task = {
    ...{ kind: 'execute', id: '0123456789abcdef', payload: { image: IMAGE, ...payload }, requires: ['docker'] },
    ...{ attempts: 0, created_at: '2026-01-01T00:00:00Z', schema_v: 1 },
  };
  const entry = { group: 'task_handlers', name: 'execute_docker', method: 'handle' } as const;
  const outcome = await host.callEntry({ plugin: 'execute', ...entry, args: [task], tenant: 'default' });
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value as Result; // Made by Result.
}

test('a command of an image is run with its files and input, as often as asked, and measured [X000-17] [X000-18]', async () => {
  const { status, data } = await execute({
    ...{ command: 'node', args: ['main.js'], stdin: 'in', repeats: 2, collect: ['out'] },
    files: {
      'main.js': 'const fs = require("fs"); fs.writeFileSync("out", fs.readFileSync(0)); console.log(process.cwd())',
    },
  });
  expect(status).toBe('ok');
  expect(data).toMatchObject({
    ...{ exit_code: 0, stdout: '/work\n', stderr: '', files: { out: 'in' }, repeats: 2 },
    wall_ms: {
      median: expect.any(Number),
      spread: expect.any(Number),
      values: [expect.any(Number), expect.any(Number)],
    },
  });
  expect(data['cpu_ms']).toBeGreaterThan(1);
  expect(data['peak_rss_bytes']).toBeGreaterThan(10_000_000);
});

test.for([
  ['js', 'export const solve = (a, b) => a + b;'],
  ['ts', 'export async function solve(a: number, b: number): Promise<number> { return a + b; }'],
])('a function of %s is called on its cases by the image’s Node', async ([lang = '', source = '']) => {
  const { status, data } = await execute({
    lang,
    source,
    entry_fn: 'solve',
    cases: [
      [1, 2],
      [3, 4],
    ],
    repeats: 2,
  });
  expect(data).toMatchObject({ values: [3, 7], ok: [true, true], repeats: 2 });
  expect(status).toBe('ok');
});

test('a program that fails, and an image that is not there, are errors that no attempt mends [F000-47]', async () => {
  const failing = { command: 'node', args: ['-e', 'console.error("why"); process.exit(4)'] };
  expect(await execute(failing)).toMatchObject({
    status: 'error',
    data: { message: 'node exited with 4', retryable: false, exit_code: 4, stderr: 'why\n' },
  });
  expect(await execute({ command: 'true', image: 'bulkhead.invalid/none:1' })).toMatchObject({
    status: 'error',
    data: { message: expect.stringMatching(/^COMMAND_UNAVAILABLE: .*To cure: docker pull/), retryable: false },
  });
});
