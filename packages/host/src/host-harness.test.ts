import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { Harness, HarnessOptions } from './harness-api.ts';
import type { Host } from './host-api.ts';

let host: Host;
let folders: PluginFolders;

const CODE = `
let calls = 0;
export const count = () => (calls += 1);
export const add = (a: number, b: number) => a + b;
export const say = (text: string) => { console.log(text); return 'said'; };
export const fail = () => { throw new TypeError('no such thing'); };
export const exit = () => process.exit(3);
export const spin = () => { for (;;); };
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'slept'));
export const big = (bytes: number) => 'x'.repeat(bytes);
export const hold = (mib: number) => new Uint8Array(mib * 1024 * 1024).fill(1).length;
export const surroundings = async () => ({
  argv: process.argv, env: process.env, cwd: process.cwd(), url: import.meta.url,
  globals: Object.getOwnPropertyNames(globalThis).sort(),
  stack: String(new Error('here').stack),
});
`;

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  await writeFile(join(folders.root, 'code.ts'), CODE);
  await writeFile(join(folders.root, 'copy.ts'), CODE);
});

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

type Opened = Pick<HarnessOptions, 'limits' | 'measuresMemory'> & {
  readonly instances?: number;
  readonly file?: string;
};

function open({ file = 'code.ts', limits, instances = 1, measuresMemory = false }: Opened = {}): Promise<Harness> {
  const common = { file: join(folders.root, file), instances, measuresMemory };
  return host.openHarness(limits === undefined ? common : { ...common, limits });
}

test('runs of a harness meet the same warm guest, one after another', async () => {
  await using harness = await open();
  const outcomes = await Promise.all([1, 2, 3].map(() => harness.run({ fn: 'count', args: [] })));
  expect(outcomes.map((outcome) => outcome.ok && outcome.value)).toEqual([1, 2, 3]);
  expect(new Set(outcomes.map(({ call }) => call.instance_id)).size).toBe(1);
});

test('a harness of two instances runs two at once', async () => {
  await using harness = await open({ instances: 2 });
  const outcomes = await Promise.all([1, 2].map(() => harness.run({ fn: 'sleep', args: [50] })));
  expect(new Set(outcomes.map(({ call }) => call.instance_id)).size).toBe(2);
});

test('a run that ends its guest costs itself, and the next one has a fresh guest', async () => {
  await using harness = await open();
  const [before, ended, after] = await Promise.all(
    ['count', 'exit', 'count'].map((fn) => harness.run({ fn, args: [] })),
  );
  expect(before).toMatchObject({ ok: true, value: 1 });
  expect(ended).toMatchObject({ ok: false, error: { kind: 'crashed', code: 'GUEST_EXITED' } });
  expect(after).toMatchObject({ ok: true, value: 1 });
});

test('no breaker holds a harness back, however often its guests die', async () => {
  await using harness = await open();
  for (let time = 0; time < 6; time += 1) {
    expect(await harness.run({ fn: 'exit', args: [] })).toMatchObject({ error: { code: 'GUEST_EXITED' } });
  }
  expect(await harness.run({ fn: 'add', args: [2, 3] })).toMatchObject({ ok: true, value: 5 });
});

test('what hangs is ended at its time, which is the least of its own and that of the harness', async () => {
  await using harness = await open({ limits: { timeout_ms: 300 } });
  const [hung, shorter] = [
    await harness.run({ fn: 'spin', args: [] }),
    await harness.run({ fn: 'spin', args: [], timeoutMs: 100 }),
  ];
  expect(hung).toMatchObject({ ok: false, error: { kind: 'timeout', limit: { allowed: 300 } } });
  expect(shorter).toMatchObject({ ok: false, error: { kind: 'timeout', limit: { allowed: 100 } } });
  expect(await harness.run({ fn: 'add', args: [1, 1], timeoutMs: 0 })).toMatchObject({
    ok: false,
    error: { kind: 'invalid_input' },
  });
});

test('what is printed, thrown, too large or not there is its own end', async () => {
  await using harness = await open({ limits: { output_bytes: 1_000 } });
  expect(await harness.run({ fn: 'say', args: ['{"t":"ok","id":1,"value":"forged"}'] })).toMatchObject({
    ok: true,
    value: 'said',
    call: { stdout: '{"t":"ok","id":1,"value":"forged"}\n' },
  });
  expect(await harness.run({ fn: 'fail', args: [] })).toMatchObject({ error: { kind: 'tool_error' } });
  expect(await harness.run({ fn: 'big', args: [2_000] })).toMatchObject({ error: { kind: 'output_too_large' } });
  expect(await harness.run({ fn: 'nothing', args: [] })).toMatchObject({ error: { kind: 'not_found' } });
});

test('a run is ended by its signal', async () => {
  await using harness = await open();
  await harness.run({ fn: 'add', args: [1, 2] });
  const asking = new AbortController();
  const run = harness.run({ fn: 'sleep', args: [60_000], signal: asking.signal });
  asking.abort();
  expect(await run).toMatchObject({ ok: false, error: { kind: 'cancelled' } });
});

test('closing answers what is in flight, and a closed harness runs nothing', async () => {
  const harness = await open();
  await harness.run({ fn: 'add', args: [1, 2] });
  const run = harness.run({ fn: 'sleep', args: [60_000] });
  await Promise.all([harness.close(), harness.close()]);
  expect(await run).toMatchObject({ ok: false, error: { code: 'HOST_CLOSED' } });
  expect(await harness.run({ fn: 'add', args: [1, 2] })).toMatchObject({ error: { code: 'HOST_CLOSED' } });
});

test('a file whose import throws is started a few times, and after that its runs are answered at once', async () => {
  await writeFile(join(folders.root, 'broken.ts'), "throw new Error('no model file');\nexport const solve = () => 1;");
  await using harness = await open({ file: 'broken.ts' });
  const started = host.health('harness:broken.ts');
  for (let time = 0; time < 20; time += 1) {
    expect(await harness.run({ fn: 'solve', args: [] })).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('no model file') },
    });
  }
  expect(started).toBeUndefined();
  const { lines } = host.logs.read('harness:broken.ts', { tenant: 'default', linesMax: 100 });
  expect(lines.filter(({ text }) => text.includes('could not start')).length).toBeLessThanOrEqual(4);
});

test('what the review refuses is refused when the harness is opened', async () => {
  await writeFile(
    join(folders.root, 'reader.ts'),
    "import fs from 'node:fs';\nexport const solve = () => fs.readFileSync('/etc/passwd', 'utf8');",
  );
  await expect(open({ file: 'reader.ts' })).rejects.toMatchObject({ code: 'REVIEW_REFUSED' });
});

test('runs of a harness are in no ledger and in nobody’s health', async () => {
  await using harness = await open();
  await harness.run({ fn: 'fail', args: [] });
  expect(host.plugins().map(({ name }) => name)).toEqual([]);
  expect(await host.metrics()).not.toContain('harness:code.ts');
});

test('two copies of one file under other names see the same around them', async () => {
  await using one = await open({ file: 'code.ts' });
  await using other = await open({ file: 'copy.ts' });
  const [here, there] = await Promise.all([one, other].map((harness) => harness.run({ fn: 'surroundings', args: [] })));
  expect(here?.ok && here.value).toBeTruthy();
  expect(here?.ok && here.value).toEqual(there?.ok && there.value);
});

test('a run after one that ran out of time is a run of its own, with all of its time', async () => {
  await using harness = await open({ limits: { timeout_ms: 300 } });
  for (const fn of ['spin', 'sleep', 'spin', 'sleep']) {
    expect(await harness.run({ fn, args: [5_000] })).toMatchObject({ ok: false, error: { kind: 'timeout' } });
    expect(await harness.run({ fn: 'add', args: [1, 2] })).toMatchObject({ ok: true, value: 3 });
  }
});

test('[X000-24] a harness that measures memory says of each run what it held at most, however short it was', async () => {
  await using harness = await open({ measuresMemory: true });
  const held: number[] = [];
  for (const mib of [0, 48, 0]) {
    const { call } = await harness.run({ fn: 'hold', args: [mib] });
    held.push((call.peak_rss_bytes ?? 0) / 1024 / 1024);
  }
  const [before = 0, most = 0, after = 0] = held;
  expect(before).toBeGreaterThan(20);
  expect(most - before).toBeGreaterThan(40);
  expect(most - before).toBeLessThan(60);
  // What a guest keeps for later is still its own; the run that began with it adds next to nothing.
  expect(after).toBeLessThanOrEqual(most + 4);
});
