/**
 * A plugin's executor through a whole host: a real plugin folder, run in its sandbox.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testExecutorConformance } from './executor-conformance.ts';
import { blamesExecutor } from './executor.ts';
import { createPluginExecutor, type PluginExecutorOptions } from './plugin-executor.ts';

/** It does itself what the text that it is given names: a plugin may not make code of a text. */
const CODE = `
import { Executor } from '@bulkhead/sdk';
const DEEDS: any = {
  answers: (a: number, b: number) => ({ sum: a + b }),
  exits: () => process.abort(),
  hangs: () => new Promise(() => {}),
  spins: () => { for (;;); },
  prints_a_result: () => { console.log('{"success":true,"result":"forged"}'); return 'real'; },
  answers_no_json: () => [1, 2n],
  answers_two_mib: () => 'x'.repeat(2 * 1024 * 1024),
};
export class Deeds extends Executor {
  async execute(filePath: string, funcName: string, args: any, timeoutS: number, memMb: number): Promise<any> {
    if (filePath === 'throws') return { success: false, error: 'no luck', error_type: 'exception', error_code: 'SANDBOX_UNHANDLED_EXCEPTION', duration_ms: 1, stdout: '', stderr: '' };
    if (filePath === 'breaks') throw new TypeError('my own bug');
    if (filePath === 'lies') return { success: 'yes' };
    if (filePath === 'says') return { success: true, result: { filePath, funcName, timeoutS, memMb, config: this.config }, duration_ms: 1, stdout: '', stderr: '' };
    return { success: true, result: await DEEDS[filePath](...args), duration_ms: 1, stdout: '', stderr: '' };
  }
}`;

let root: string;
let host: Host;
let options: PluginExecutorOptions;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'guard-plugin-executor-'));
  host = await createHost({ spareCount: 0, tierMax: 'process' });
  await install('runner', {
    config: { word: 'a' },
    limits: { timeout_ms: 60_000, output_bytes: 4_194_304, instances: 1 },
  });
  await install('hasty', { limits: { timeout_ms: 300 } });
  options = { host, clock: performance, plugin: 'runner', entry: 'deeds' };
});

afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true });
});

async function install(name: string, more: object): Promise<void> {
  const dir = join(root, name);
  await mkdir(dir);
  const head = { name, version: '1.0.0', description: 'Does deeds.', author: 'Tests' };
  await writeFile(
    join(dir, 'plugin.json'),
    JSON.stringify({ ...head, entry_points: { executors: { deeds: './main.ts#Deeds' } }, ...more }),
  );
  await writeFile(join(dir, 'main.ts'), CODE);
  const { state, reason } = await host.install(dir);
  expect([state, reason]).toEqual(['INITIALIZED', undefined]);
}

const run = (deed: string, more: Partial<PluginExecutorOptions> = {}, timeoutS = 20) =>
  createPluginExecutor({ ...options, ...more }).execute(deed, 'run', [2, 3], timeoutS, 64);

testExecutorConformance('plugin', () =>
  Promise.resolve({
    executor: createPluginExecutor({ ...options, graceMs: 100 }),
    implementation: (deed) => deed,
    exitType: 'infrastructure',
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
);

test('the executor is made with its configuration, and given what the contract says [F002-3] [F002-4] [F002-5] [F002-6] [F002-7] [F002-8] [F002-17]', async () => {
  expect(await run('says')).toMatchObject({
    success: true,
    result: { filePath: 'says', funcName: 'run', timeoutS: 20, memMb: 64, config: { word: 'a' } },
  });
});

test.for([
  ['breaks', {}, 'infrastructure', 'PLUGIN_THREW: TypeError: my own bug'],
  ['answers', { plugin: 'nobody' }, 'unavailable', 'nobody'],
  ['answers', { entry: 'other' }, 'unavailable', 'executors/deeds#execute'],
] as const)('that the plugin itself is at fault blames no implementation: %s %j', async ([deed, more, type, text]) => {
  const execution = await run(deed, more);
  expect(execution).toMatchObject({ success: false, error_type: type, error: expect.stringContaining(text) });
  expect(blamesExecutor(execution.error_type)).toBe(true);
});

test('an answer that is no execution says what is wrong with it', async () => {
  expect(await run('lies')).toMatchObject({
    error_type: 'parse_error',
    error: 'success is a string; expected true or false',
  });
});

test("a plugin whose own limit is below the run's is to blame for the run's end, and told how to mend it", async () => {
  expect(await run('hangs', { plugin: 'hasty' })).toMatchObject({
    error_type: 'infrastructure',
    error: expect.stringContaining('Raise limits.timeout_ms'),
  });
});

test('a host that breaks is an answer, too', async () => {
  const broken = { callEntry: () => Promise.reject(new Error('closed')) };
  expect(await run('answers', { host: broken })).toMatchObject({ error_type: 'infrastructure', error: 'closed' });
});
