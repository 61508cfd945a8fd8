import { TIERS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callOf } from '../conformance-fixture.ts';
import { InstanceGroup } from '../instance-group.ts';
import type { Sandbox, SandboxDeath } from '../sandbox.ts';
import { systemClock } from '../../base/clock.ts';
import { tierObstacle } from './command.ts';
import { openSandboxFixture, type SandboxFixture } from './sandbox-fixture.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();
const strongest = TIERS.findLast((tier) => tierObstacle(tier, toolset) === undefined) ?? 'process';

let fixture: SandboxFixture;
let neighbour: Sandbox;
beforeAll(async () => {
  fixture = await openSandboxFixture(strongest);
  neighbour = await openPlugin('params => params');
});
afterAll(() => fixture.close());

/** A plugin with one tool `x`; `setUp` runs when it is loaded. */
async function openPlugin(execute: string, setUp = ''): Promise<Sandbox> {
  const tool = `{ name: 'x', description: 'd', parameters: { type: 'object' }, execute: ${execute} }`;
  const opening = await fixture.open(`${setUp}; export const main = { default: { tools: [${tool}] } };`);
  if (!opening.ok) throw new Error(opening.error.message);
  return opening.sandbox;
}

/** Each replaces a part of the plugin's own realm when it is called, and then answers late, through what it replaced. */
const replaced = [
  ['JSON', 'globalThis.JSON = { parse: () => ({ t: "ready" }), stringify: () => "{" }'],
  ['JSON.stringify and JSON.parse', 'JSON.parse = JSON.stringify = () => { throw 1; }'],
  ['Promise', 'globalThis.Promise = class { then() { throw 1; } }'],
  ['Promise.prototype.then', 'Promise.prototype.then = () => { throw 1; }'],
  ['Buffer', 'globalThis.Buffer = undefined'],
  [
    'Buffer’s own methods',
    'for (const name of ["from", "alloc", "allocUnsafe", "concat", "byteLength"]) Buffer[name] = () => { throw 1; }',
  ],
  [
    'the writing of buffers',
    'for (const name of ["write", "writeUInt32BE", "copy", "subarray"]) Buffer.prototype[name] = () => { throw 1; }',
  ],
  ['queueMicrotask', 'globalThis.queueMicrotask = () => { throw 1; }'],
  ['process.nextTick', 'process.nextTick = () => { throw 1; }'],
  ['timers', 'globalThis.setTimeout = globalThis.setImmediate = () => { throw 1; }'],
  ['the clock', 'Date.now = performance.now = () => -1e15; globalThis.Date = class {}'],
  [
    'methods of arrays',
    'for (const name of ["push", "pop", "map", "filter", "join"]) Array.prototype[name] = () => { throw 1; }',
  ],
  ['methods of maps', 'for (const name of ["get", "set", "delete", "has"]) Map.prototype[name] = () => { throw 1; }'],
  ['toJSON of everything', 'Object.prototype.toJSON = () => ({ t: "err" })'],
  [
    'fields of everything',
    'Object.assign(Object.prototype, { t: "ready", id: 7, value: 7, code: "HOST_CLOSED", get: () => 1, set: () => 1 })',
  ],
  ['events of the process', 'process.removeAllListeners(); process.emit = () => { throw 1; }'],
  ['its own last words', 'process.on("exit", () => { for (;;); }); process.exitCode = 99'],
  ['the stack of errors', 'Error.prepareStackTrace = () => { throw 1; }; Error.stackTraceLimit = Infinity'],
] as const;

test.each(replaced)(
  '[FAULTS-17] [FAULTS-52] a plugin that replaces %s hurts at most itself: its calls end, its neighbour answers',
  async (_, code) => {
    const sandbox = await openPlugin(`async () => { ${code}; await 0; return { a: 1 }; }`);
    const startedAt = performance.now();
    const replies = await Promise.all([1, 2, 3].map(() => sandbox.run(callOf('x', {}, { leftMs: 300 }))));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    for (const reply of replies) {
      // What it says of itself may be anything it could have answered honestly, and nothing that is the host's to say.
      if (!reply.ok)
        expect(['tool_error', 'invalid_output', 'timeout', 'crashed', 'protocol_violation']).toContain(
          reply.error.kind,
        );
    }
    expect(await neighbour.run(callOf('x', { still: 'here' }))).toMatchObject({ ok: true, value: { still: 'here' } });
    expect(({} as { t?: unknown }).t).toBeUndefined();
    await sandbox.close();
  },
);

const late = [
  ['a thenable whose then throws', '() => ({ get then() { throw new Error("no"); } })', 'PLUGIN_THREW'],
  ['a thenable that answers twice', '() => ({ then(ok, no) { ok(1); ok(2); no(3); } })', undefined],
  [
    'a thenable that changes between two reads',
    '() => { let n = 0; return { get then() { n += 1; return n === 1 ? (ok) => ok(1) : 7; } }; }',
    undefined,
  ],
  [
    'a promise of a Proxy that throws',
    '() => Promise.reject(new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 1; } }))',
    'PLUGIN_THREW',
  ],
  ['[FAULTS-23] a stack that overflows', '() => { const f = () => f() + 1; return f(); }', 'PLUGIN_THREW'],
  ['[FAULTS-21] an array buffer beyond its memory', '() => new ArrayBuffer(1e12).byteLength', 'GUEST_OUT_OF_MEMORY'],
  [
    '[FAULTS-22] an allocation whose refusal it swallows',
    '() => { try { return Buffer.alloc(1e10).length; } catch { return 1; } }',
    undefined,
  ],
] as const;

test.each(late)('%s ends its own call, and the guest lives on', async (_, execute, code) => {
  const sandbox = await openPlugin(execute);
  for (let n = 0; n < 2; n += 1) {
    const reply = await sandbox.run(callOf('x', {}, { leftMs: 5_000 }));
    expect(reply.ok ? undefined : reply.error.code).toBe(code);
  }
  expect(sandbox.isServing()).toBe(true);
  await sandbox.close();
});

test('[FAULTS-9] a plugin that leaks is replaced with no call failed and none that waits for it', async () => {
  const execute = `({ mib }) => { hoard.push(Buffer.alloc(mib * 2 ** 20, 1)); return process.pid; }`;
  const tool = `{ name: 'x', description: 'd', parameters: { type: 'object' }, execute: ${execute} }`;
  const source = `const hoard = []; export const main = { default: { tools: [${tool}] } };`;
  const deaths: SandboxDeath[] = [];
  const group = new InstanceGroup({
    clock: systemClock,
    concurrency: 4,
    instances: 1,
    queueLengthMax: 100,
    idleTimeoutMs: 60_000,
    isSingleUse: false,
    config: {},
    open: () => fixture.open(source),
    isKept: () => false,
    onDeath: (_, death) => void deaths.push(death),
  });
  const failed: string[] = [];
  const instances = new Set<string>();
  // The pace makes it a leak over calls: the watchdog looks every 50 ms.
  for (let call = 0; call < 2_000 && instances.size < 3; call += 1) {
    const answer = await group.run(callOf('x', { mib: 0.5 }));
    if (answer.kind === 'replied' && answer.reply.ok) instances.add(answer.sandbox?.instanceId ?? '');
    else failed.push(JSON.stringify(answer));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(failed).toEqual([]);
  expect(instances.size).toBe(3);
  expect(deaths.every(({ cause }) => cause === 'closed')).toBe(true);
  await group.retire();
}, 40_000);
