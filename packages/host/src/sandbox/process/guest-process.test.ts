import { LIMITS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { callOf } from '../conformance-fixture.ts';
import type { SandboxDeath } from '../sandbox.ts';
import type { GuestProcess } from './guest-process.ts';
import { bindRaw, openRawGuest, startRawGuest } from './raw-guest.fixture.ts';

const call = (leftMs = 10_000): ReturnType<typeof callOf> => callOf('x', {}, { target: 'export', leftMs });

/** Makes a call of a guest that answers it with what the program says. */
async function outcomeOf(program: string): Promise<{ readonly code: string; readonly death: SandboxDeath }> {
  const guest = await openRawGuest(program);
  const reply = await guest.run(call());
  const death = await guest.died;
  return { code: reply.ok ? 'ok' : reply.error.code, death };
}

const violations = [
  ['[FAULTS-41] a header that announces 4 GiB', 'channel.write(bytes("", 1, 0xffffffff))', 'FRAME_TOO_LARGE'],
  [
    '[FAULTS-41] a frame one byte above its bound',
    'channel.write(bytes("", 1, 1048576 + 65536 + 1))',
    'FRAME_TOO_LARGE',
  ],
  ['[FAULTS-42] garbage', 'channel.write(Buffer.alloc(64, 0x7b))', 'FRAME_TOO_LARGE'],
  ['[FAULTS-42] a frame of no known kind', 'channel.write(bytes("{}", 9))', 'FRAME_MALFORMED'],
  ['[FAULTS-42] text that is no JSON', 'channel.write(bytes("{]"))', 'FRAME_MALFORMED'],
  ['[FAULTS-42] raw bytes', 'channel.write(bytes("abc", 2))', 'FRAME_SCHEMA'],
  ['[FAULTS-42] a message of the wrong shape', 'say({ t: "ok", id: "1" })', 'FRAME_SCHEMA'],
  [
    '[FAULTS-42] a code that is not a call’s',
    'say({ t: "err", id: 1, code: "HOST_CLOSED", error: { name: "", message: "" } })',
    'FRAME_SCHEMA',
  ],
  ['[FAULTS-6] a second ready', 'ready()', 'FRAME_SCHEMA'],
  ['[FAULTS-6] a second hello', 'hello()', 'FRAME_SCHEMA'],
  [
    '[FAULTS-6] failed while it serves',
    'say({ t: "failed", code: "INIT_FAILED", error: { name: "", message: "" } })',
    'FRAME_SCHEMA',
  ],
  [
    '[FAULTS-44] a 17th reply to calls that were never made',
    'for (let id = 100; id < 117; id += 1) say({ t: "ok", id })',
    'FRAME_UNKNOWN_ID',
  ],
] as const;

test.each(violations)('%s ends the guest, and the call with it', async (_, program, code) => {
  const { code: told, death } = await outcomeOf(`heard.call = () => { ${program} };`);
  expect(told).toBe(code);
  expect(death).toMatchObject({ cause: 'fault', isKilled: true, isTold: true, error: { kind: 'protocol_violation' } });
});

test('[FAULTS-45] two million tiny frames end the guest while most of them are unread', async () => {
  const guest = await openRawGuest(`
    const frame = bytes(JSON.stringify({ t: 'begun', ids: [] }));
    heard.call = () => { const many = Buffer.alloc(frame.length * 1e4); for (let i = 0; i < 1e4; i += 1) frame.copy(many, i * frame.length);
      for (let i = 0; i < 200; i += 1) channel.write(many); };
  `);
  const startedAt = performance.now();
  expect(await guest.run(call())).toMatchObject({ error: { code: 'FRAME_FLOOD' } });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('[FAULTS-44] sixteen replies to calls that were never made are borne', async () => {
  let dropped = 0;
  const guest = await openRawGuest(
    'heard.call = ({ id }) => { for (let other = 100; other < 116; other += 1) say({ t: "ok", id: other }); say({ t: "ok", id, value: 7 }); };',
    { onDropped: () => void (dropped += 1) },
  );
  expect(await guest.run(call())).toMatchObject({ ok: true, value: 7 });
  expect(dropped).toBe(16);
  await guest.close();
});

test('[FAULTS-46] a second reply to one call is dropped', async () => {
  let dropped = 0;
  const guest = await openRawGuest(
    'heard.call = ({ id }) => { say({ t: "ok", id, value: 1 }); say({ t: "ok", id, value: 2 }); };',
    { onDropped: () => void (dropped += 1) },
  );
  expect(await guest.run(call())).toMatchObject({ ok: true, value: 1 });
  expect(await guest.run(call())).toMatchObject({ ok: true, value: 1 });
  await guest.close();
  expect(dropped).toBe(2);
});

test('[FAULTS-43] part of a frame, then silence, is a timeout', async () => {
  const guest = await openRawGuest('heard.call = () => channel.write(bytes("{", 1, 1000));');
  expect(await guest.run(call(100))).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
  expect(await guest.died).toMatchObject({ isKilled: true });
});

test('a deadline that is over, or further off than a timer reaches, leaves no warning', async () => {
  const warnings: string[] = [];
  const listen = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', listen);
  let stepMs = 0;
  let aheadMs = 0;
  const clock = { now: () => performance.now() + (aheadMs += stepMs), wallTime: Date.now };
  const guest = await openRawGuest('', { clock });
  void guest.run(call(2 ** 31));
  stepMs = 1_000; // Time passes between two looks at the clock.
  expect(await guest.run(call(aheadMs + 1_500))).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
  await guest.died;
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});

test('[FAULTS-55] a guest that breaks the channel under the host’s writes harms nobody', async () => {
  const guest = await openRawGuest('heard.call = () => channel.destroy();');
  const replies = await Promise.all(Array.from({ length: 20 }, () => guest.run(call())));
  for (const reply of replies) expect(reply.ok).toBe(false);
  await guest.died;
});

const silent = [
  ['closes its channel and runs on', 'heard.call = () => { fs.closeSync(3); for (;;); };'],
  [
    'shuts its side of the channel and runs on',
    'channel.removeAllListeners("close"); heard.call = () => { channel.end(() => { for (;;); }); };',
  ],
] as const;

test.each(silent)('a guest that %s takes no more calls, and is ended within its grace', async (_, program) => {
  const guest = await openRawGuest(program);
  const startedAt = performance.now();
  const reply = await guest.run(call());
  expect(reply).toMatchObject({ error: { code: 'FRAME_SCHEMA' } });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(guest.isServing()).toBe(false);
});

test('a guest that reads nothing makes no backlog without end: calls are refused, then it is ended', async () => {
  const guest = await openRawGuest('setInterval(() => undefined, 1e6); heard.call = () => channel.pause();');
  const document = 'x'.repeat(2_000_000);
  // One deadline for all: on a busy machine it takes long to write them, and the first that is late ends the guest.
  const one = callOf('x', document, { target: 'export', leftMs: 3_000 });
  const calls = Array.from({ length: 64 }, () => guest.run(one));
  const codes = (await Promise.all(calls)).map((reply) => (reply.ok ? 'ok' : reply.error.code));
  const sent = codes.filter((code) => code === 'CALL_TIMEOUT').length;
  expect(sent).toBe(Math.floor(LIMITS.channel_backlog_bytes.value / document.length) + 1);
  expect(codes.filter((code) => code === 'HOST_OVERLOADED')).toHaveLength(64 - sent);
  await guest.died;
});

/** A guest that asks with these arguments when it is called, and answers the call with what it was answered itself. */
const asking = (
  args: string,
): string => `heard.answer = (answer) => say({ t: 'ok', id: 1, value: answer.error?.code ?? answer.value });
  heard.call = () => channel.write(bytes('{"t":"ask","id":1,"service":"s","method":"m","args":' + ${args} + '}'));`;

test('[FAULTS-51] what a guest asks with is measured before anybody walks it', async () => {
  const guest = await openRawGuest(asking(`'{"a":' + '['.repeat(50_000) + ']'.repeat(50_000) + '}'`));
  const served: unknown[] = [];
  guest.answerBy(async (ask) => ({ ok: true, value: served.push(ask) }));
  expect(await guest.run(call())).toMatchObject({ ok: true, value: 'SERVICE_ASK_INVALID' });
  expect([served, guest.isServing()]).toEqual([[], true]);
  await guest.close();
});

test('what a guest asks with reaches no prototype', async () => {
  const guest = await openRawGuest(
    asking(`'{"__proto__":{"isAdmin":true},"a":{"constructor":{"prototype":1},"b":2}}'`),
  );
  const served: unknown[] = [];
  guest.answerBy(async ({ args }) => ({ ok: true, value: served.push(args) }));
  expect(await guest.run(call())).toMatchObject({ ok: true, value: 1 });
  expect(JSON.stringify(served)).toBe('[{"a":{"b":2}}]');
  await guest.close();
});

test('a guest that lies about its output only delays its own answer', async () => {
  const guest = await openRawGuest('heard.call = ({ id }) => say({ t: "ok", id, value: 1, written: 1e12 });');
  const startedAt = performance.now();
  expect(await guest.run(call())).toMatchObject({ ok: true, value: 1 });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  await guest.close();
});

test('a guest that lies about its output and dies has still answered', async () => {
  const guest = await openRawGuest(
    'heard.call = ({ id }) => { say({ t: "ok", id, value: 1, written: 1e12 }); setTimeout(() => process.kill(process.pid, "SIGKILL"), 5); };',
  );
  expect(await guest.run(call())).toMatchObject({ ok: true, value: 1 });
  await guest.died;
});

test('a guest that says it is dying is held to its word', async () => {
  const guest = await openRawGuest(
    'heard.call = ({ id }) => say({ t: "dying", code: "GUEST_UNCAUGHT", error: { name: "E", message: "m" }, id });',
  );
  const startedAt = performance.now();
  expect(await guest.run(call())).toMatchObject({ error: { code: 'GUEST_UNCAUGHT' } });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('the call that a dying guest names is at fault, and may be any of its own', async () => {
  const guest = await openRawGuest(`
    let calls = 0;
    heard.call = ({ id }) => { calls += 1;
      if (calls < 3) return;
      say({ t: "dying", code: "GUEST_UNCAUGHT", error: { name: "E", message: "m" }, id: 2 });
      channel.end(() => process.exit(72)); };
  `);
  const replies = await Promise.all([1, 2, 3].map(() => guest.run(call())));
  expect(replies.map((reply) => (reply.ok ? 'ok' : reply.error.code))).toEqual([
    'GUEST_LOST',
    'GUEST_UNCAUGHT',
    'GUEST_LOST',
  ]);
});

test('what a guest says between its last frame and its end is read, and a ready among it opens nothing', async () => {
  const guest = startRawGuest(
    'hello(); listen(); heard.bind = () => { say({ t: "dying", code: "GUEST_EXITED", error: { name: "", message: "" } }); ready(); channel.end(() => process.exit(3)); };',
  );
  await guest.booted;
  expect(await bindRaw(guest)).toMatchObject({ ok: false, error: { code: 'INIT_EXITED' } });
  expect(guest.isServing()).toBe(false);
});

test('what is written to stderr by a process that outlives the guest is not waited for', async () => {
  const guest = await openRawGuest(`
    heard.call = () => {
      require('node:child_process').spawn('/bin/sh', ['-c', 'trap "" HUP; sleep 30'], { stdio: ['ignore', 1, 2] }).on('spawn', () => process.exit(5));
    };
  `);
  const startedAt = performance.now();
  expect(await guest.run(call())).toMatchObject({ error: { code: 'GUEST_EXITED' } });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test('[FAULTS-6] ready before there is a plugin ends a spare', async () => {
  const guest = startRawGuest('hello(); ready(); listen();');
  expect(await guest.died).toMatchObject({ error: { code: 'FRAME_SCHEMA' } });
});

test('a guest of another protocol is not used', async () => {
  const guest = startRawGuest('say({ t: "hello", protocol: 99, node: "" }); listen();');
  expect(await guest.booted).toMatchObject({ code: 'HOST_SPAWN_FAILED' });
});

test('a guest that never says hello is given up after its time', async () => {
  const guest = startRawGuest('listen();', { bootTimeoutMs: 300 });
  expect(await guest.booted).toMatchObject({ code: 'HOST_SPAWN_FAILED' });
  await guest.died;
});

test('[FAULTS-15] a guest that stops itself is killed at the deadline of its call', async () => {
  const guest = await openRawGuest('heard.call = () => process.kill(process.pid, "SIGSTOP");');
  expect(await guest.run(call(100))).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
  expect(await guest.died).toMatchObject({ isKilled: true });
});

const boasts = [
  ['metadata that is too deep', '{ metadata: JSON.parse("{\\"a\\":".repeat(65) + "1" + "}".repeat(65)) }'],
  [
    'metadata with too many keys',
    '{ metadata: Object.fromEntries(Array.from({ length: 10001 }, (_, i) => ["k" + i, 1])) }',
  ],
  ['an export with an endless name', '{ exports: ["x".repeat(257)] }'],
  [
    'a tool with a schema of more than 64 KiB',
    '{ tools: [{ name: "t", description: "d", parameters: { a: "x".repeat(65537) }, idempotent: false, needs_approval: false, required_permissions: [] }] }',
  ],
] as const;

test.each(boasts)('a plugin that offers %s does not open', async (_, change) => {
  const guest = startRawGuest(`hello(); listen(); heard.bind = () => ready(${change});`);
  await guest.booted;
  expect(await bindRaw(guest)).toMatchObject({ ok: false, error: { code: 'INIT_FAILED' } });
  await guest.died;
});

test('a ready of more than 4 MiB is not read', async () => {
  const guest = startRawGuest('hello(); listen(); heard.bind = () => ready({ metadata: { a: "x".repeat(4194304) } });');
  await guest.booted;
  expect(await bindRaw(guest)).toMatchObject({ ok: false, error: { code: 'FRAME_TOO_LARGE' } });
});

test('a guest that was killed once is not killed by its number again', async () => {
  const guest = await openRawGuest('heard.call = () => process.exit(0);');
  await guest.run(call());
  await guest.died;
  guest.kill({ kind: 'crashed', code: 'GUEST_CRASHED', message: '', hint: '', retryable: false });
  await Promise.all([guest.close(), guest.close()]);
  expect(guest.nodePid()).toBeUndefined();
  expect(guest.diagnose().state).toBe('dead');
});

test('binding what is no spare any more opens nothing and harms nobody', async () => {
  const guest: GuestProcess = await openRawGuest('heard.call = ({ id }) => say({ t: "ok", id, value: 1 });');
  expect(await bindRaw(guest)).toMatchObject({ ok: false });
  expect(await guest.run(call())).toMatchObject({ ok: true });
  await guest.close();
});

test('a guest is told of a new configuration before the calls that follow', async () => {
  const guest = await openRawGuest(
    'let config = 0; heard.config = (message) => (config = message.config); heard.call = ({ id }) => say({ t: "ok", id, value: config });',
  );
  guest.configure({ a: 2 });
  expect(await guest.run(call())).toMatchObject({ ok: true, value: { a: 2 } });
  await guest.close();
});
