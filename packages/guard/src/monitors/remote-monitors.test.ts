/**
 * Monitors in processes of their own, through a whole host: whatever one does costs its own summary alone.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLOCK } from '../evaluation/evaluate.fixture.ts';
import { createLatency } from './latency.ts';
import { createMonitorRunner } from './monitor-runner.ts';
import { openMonitor } from './open-monitor.ts';
import { createPluginMonitor } from './plugin-monitor.ts';
import { pairsOf } from './records.fixture.ts';
import { createSandboxedMonitor } from './sandboxed-monitor.ts';
import { GUARD_VERSION, assertVersionPins } from './version-pins.ts';

const MONITORS = `
import { Monitor } from '@bulkhead/sdk';
class Counting extends Monitor {
  seen: number[] = [];
  context: any;
  start(context: any) { this.seen = []; this.context = context; }
  record({ case_index, role }: any): any { if (role === 'candidate') this.seen.push(case_index); }
  finalize(): any {
    const inOrder = this.seen.every((one, at) => one === at);
    return { id: this.identifier(), summary: { ...this.context, seen: this.seen.length, inOrder, config: this.config }, alerts: [{ type: 'seen' }] };
  }
  identifier() { return 'counting'; }
}
export class Counts extends Counting { static PLUGIN_METADATA = { name: 'counts', version: '1.0.0', sandbox: true, guard_min: '0.1', guard_max: '0' }; }
export class Throws extends Counting { record() { throw new TypeError('no such field'); } }
export class Hangs extends Counting { record() { return new Promise(() => {}); } }
export class Exits extends Counting { record(): any { process.exit(0); } }
export class Dies extends Counting { finalize(): any { process.abort(); } }
export class Lies extends Counting { finalize(): any { return 'all is fine'; } }
export class Newer extends Counting { static PLUGIN_METADATA = { name: 'newer', version: '1.0.0', guard_min: '9' }; }
`;

const NAMES = ['Counts', 'Throws', 'Hangs', 'Exits', 'Dies', 'Lies', 'Newer'];

let root: string;
let host: Host;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bulkhead-test-monitors-'));
  host = await createHost({ spareCount: 0 });
  for (const name of NAMES) await install(name);
});

afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true });
});

/** One plugin for each, so that the breaker of one that dies holds back no other. */
async function install(name: string): Promise<void> {
  const entry = name.toLowerCase();
  const dir = join(root, entry);
  await mkdir(dir);
  await writeFile(join(dir, 'main.ts'), MONITORS);
  const manifest = {
    ...{ name: entry, version: '1.0.0', description: 'Watches.', author: 'Tests', config: { share: 0.9 } },
    entry_points: { monitors: { [entry]: `./main.ts#${name}` } },
    limits: { timeout_ms: 20_000, instances: 1 },
  };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
  const { state, reason } = await host.install(dir);
  expect([state, reason]).toEqual(['INITIALIZED', undefined]);
}

const RECORDS = pairsOf(
  50,
  () => ({}),
  () => ({}),
);

async function watched(monitor: unknown) {
  const runner = createMonitorRunner([createLatency(), monitor], CLOCK);
  await runner.start({ task: 'sum', total_cases: 50 });
  for (let at = 0; at < RECORDS.length; at += 20) await runner.record(RECORDS.slice(at, at + 20));
  return runner.finalize();
}

const plugin = (entry: string, timeoutMs?: number) =>
  createPluginMonitor({ host, plugin: entry, entry, ...(timeoutMs !== undefined && { timeoutMs }) });

test('[F002-1] [F002-19] [F002-22] [F002-23] [F002-24] [F002-25] [F002-29] [X002-11] a plugin’s monitor sees every record in order, in a process of its own', async () => {
  const [, report] = await watched(await plugin('counts'));
  expect(report).toEqual({
    id: 'counting',
    summary: { task: 'sum', total_cases: 50, seen: 50, inOrder: true, config: { share: 0.9 } },
    alerts: [{ type: 'seen' }],
  });
});

test.for([
  ['throws', 'record ended with PLUGIN_THREW: TypeError: no such field'],
  ['hangs', 'record ended with CALL_TIMEOUT'],
  ['exits', 'record ended with GUEST_'],
  ['dies', 'finalize ended with GUEST_CRASHED'],
  ['lies', 'finalize() gave no summary'],
] as const)('[F002-29] a plugin’s monitor that %s costs its own summary alone', async ([entry, failed]) => {
  expect(await watched(await plugin(entry, entry === 'hangs' ? 2_000 : undefined))).toEqual([
    expect.objectContaining({ id: 'latency', summary: expect.objectContaining({ pairs: 50 }) }),
    { id: 'counting', failed: expect.stringContaining(failed) },
  ]);
});

test('[F002-32] a monitor for another guard is refused, and so is one that nobody offers', async () => {
  await expect(plugin('newer')).rejects.toMatchObject({
    code: 'MONITOR_INVALID',
    message: `monitor "newer/newer" asks for a guard from 9, and this is ${GUARD_VERSION}; take another version of either`,
  });
  await expect(plugin('other')).rejects.toMatchObject({
    message: expect.stringContaining('available: counts/counts, '),
  });
});

const FILE = `
let seen = [];
let settings;
export const start = (context, options) => { seen = []; settings = options; };
export const record = ({ case_index }) => { seen.push(case_index); };
export const finalize = () => ({ id: 'x', summary: { seen: seen.length, settings }, alerts: [] });
`;

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(root, name);
  await writeFile(path, text);
  return path;
}

test('[F002-20] [F002-21] [F002-29] [X002-11] a file is a monitor in a guest of its own, named by itself or by its file', async () => {
  const path = await fileOf('tally.js', FILE);
  const spec = `file:${path},share=0.5,name=x`;
  const monitor = await openMonitor(spec, { host });
  expect((await watched(monitor))[1]).toEqual({
    id: 'tally',
    summary: { seen: 100, settings: { share: 0.5, name: 'x' } },
    alerts: [],
  });
  await monitor[Symbol.asyncDispose]?.();
  const named = await fileOf('named.js', `${FILE} export const identifier = () => 'mine';`);
  await using own = await createSandboxedMonitor({ host, file: named });
  expect(own.identifier()).toBe('mine');
});

test.for([
  ['throws', 'throw new Error("no such field");', 'record ended with PLUGIN_THREW: Error: no such field'],
  ['hangs', 'for (;;);', 'record ended with CALL_TIMEOUT'],
  ['exits', 'process.exit(0);', 'record ended with GUEST_EXITED'],
] as const)('[F002-29] a file that %s costs its own summary alone', async ([name, deed, failed]) => {
  const file = await fileOf(`${name}.js`, FILE.replace('seen.push(case_index);', deed));
  await using monitor = await createSandboxedMonitor({ host, file, timeoutMs: 500 });
  expect(await watched(monitor)).toEqual([
    expect.objectContaining({ id: 'latency', summary: expect.objectContaining({ pairs: 50 }) }),
    { id: name, failed: expect.stringContaining(failed) },
  ]);
});

test.each([
  ['plugin:counts', 'expected plugin:NAME/ENTRY'],
  ['plugin:counts/counts,share=1', "with the plugin's configuration"],
  ['file:', 'expected file:PATH'],
  ['file:/nowhere/monitor.ts', 'cannot be opened'],
  ['speed', 'is not known'],
])('%s is refused with what to do', async (spec, message) => {
  await expect(openMonitor(spec, { host })).rejects.toMatchObject({
    code: 'MONITOR_INVALID',
    message: expect.stringContaining(message),
  });
});

test('[F002-26] [F002-27] [F002-28] [F002-29] an object that asks for a process of its own is not run in this one', async () => {
  let calls = 0;
  class Asking {
    static readonly PLUGIN_METADATA = { name: 'asking', version: '1.0.0', sandbox: true };
    start = () => void (calls += 1);
    record = () => void (calls += 1);
    finalize = () => ({ id: 'asking', summary: {}, alerts: [] });
    identifier = () => 'asking';
  }
  const [, report] = await watched(new Asking());
  expect(report).toEqual({ id: 'asking', failed: expect.stringContaining('file:PATH or plugin:NAME/ENTRY') });
  expect(calls).toBe(0);
});

test('[F002-32] versions are compared as far as a pin goes', async () => {
  const own = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect(GUARD_VERSION).toBe(own.version);
  const check = (metadata: Record<string, string | number>) => () => assertVersionPins('x', metadata, '1.4.2');
  for (const good of [{}, { guard_min: '1' }, { guard_min: '1.4.2', guard_max: '1' }, { guard_max: '1.4' }])
    expect(check(good)).not.toThrow();
  for (const bad of [
    { guard_min: '2' },
    { guard_max: '1.3' },
    { guard_min: '1.4.3' },
    { guard_max: '0' },
    { guard_min: 1 },
    { guard_max: 'x' },
  ])
    expect(check(bad)).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
});
