/** What a guest may give of a result piece by piece, and what becomes of one that gives otherwise. The guests here are programs of the test's. */
import { LIMITS } from '@bulkhead/protocol';
import { afterEach, expect, test } from 'vitest';
import { callOf } from '../conformance-fixture.ts';
import type { CallListener, Chunk, SandboxCall, SandboxReply } from '../sandbox.ts';
import type { GuestProcess } from './guest-process.ts';
import { openRawGuest } from './raw-guest.fixture.ts';

const opened: GuestProcess[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((guest) => guest.close()));
});

const PRELUDE = `
  const chunk = (id, form, payload) => { const head = Buffer.alloc(7); head.writeUIntBE(id, 0, 6); head[6] = form; channel.write(bytes(Buffer.concat([head, Buffer.from(payload)]), 2)); };
  const done = (id) => say({ t: 'ok', id, value: null });
  heard.more = () => undefined;
`;

async function open(program: string): Promise<GuestProcess> {
  const guest = await openRawGuest(`${PRELUDE}\n${program}`);
  opened.push(guest);
  return guest;
}

const call = (): SandboxCall => callOf('x', {}, { target: 'export' });

type Read = { readonly reply: SandboxReply; readonly chunks: readonly Chunk[] };

/** Runs a call whose reader takes every chunk at once, or none where it is slow. */
async function read(guest: GuestProcess, isSlow = false, signal?: AbortSignal): Promise<Read> {
  const chunks: Chunk[] = [];
  const listener: CallListener = {
    onChunk: (chunk, didTake) => {
      chunks.push(chunk);
      if (!isSlow) didTake();
      return undefined;
    },
  };
  const reply = await guest.run({ ...call(), signal, listener });
  return { reply, chunks };
}

test('chunks are JSON or bytes, and come before the reply', async () => {
  const guest = await open(
    'heard.call = ({ id, window }) => { chunk(id, 0, \'{"a":1}\'); chunk(id, 1, [1, 2]); chunk(id, 0, String(window)); done(id); };',
  );
  const { chunks, reply } = await read(guest);
  expect(chunks).toEqual([{ a: 1 }, Buffer.from([1, 2]), LIMITS.stream_window_bytes.value]);
  expect(reply).toMatchObject({ ok: true, value: null });
});

test.for([
  ['of a call that is wanted whole', "heard.call = ({ id }) => chunk(id, 1, 'x');", 'bytes that nobody reads'],
  ['of a call that never was', "heard.call = ({ id }) => chunk(id + 1, 1, 'x');", 'bytes that nobody reads'],
  ['of a call that has ended', "heard.call = ({ id }) => { done(id); chunk(id, 1, 'x'); };", 'bytes that nobody reads'],
  ['without a head', "heard.call = () => channel.write(bytes('abc', 2));", 'is no chunk'],
  ['of a form that is none', "heard.call = ({ id }) => chunk(id, 2, 'x');", 'is no chunk'],
] as const)('a chunk %s ends the guest [FAULTS-42]', async ([, program, why]) => {
  const guest = await open(program);
  await guest.run(call());
  expect((await guest.died).error).toMatchObject({ code: 'FRAME_SCHEMA', message: expect.stringContaining(why) });
});

test('a guest that sends more than its reader takes is ended, and little of it is held [FAULTS-45]', async () => {
  const guest = await open(
    'heard.call = ({ id }) => { for (let i = 0; i < 100; i += 1) chunk(id, 1, Buffer.alloc(60_000)); };',
  );
  const { chunks, reply } = await read(guest, true);
  expect(reply).toMatchObject({
    ok: false,
    error: { code: 'FRAME_SCHEMA', message: expect.stringContaining('more than its reader took') },
  });
  expect(chunks.length * 60_000).toBeLessThan(LIMITS.stream_window_bytes.value + 60_000);
});

test('chunks of no bytes count as well [FAULTS-45]', async () => {
  const guest = await open("heard.call = ({ id }) => { for (let i = 0; i < 5_000; i += 1) chunk(id, 1, ''); };");
  const { chunks, reply } = await read(guest, true);
  expect(reply).toMatchObject({ ok: false, error: { code: 'FRAME_SCHEMA' } });
  expect(chunks.length).toBe(LIMITS.stream_window_bytes.value / LIMITS.stream_chunk_overhead_bytes.value);
});

test('what the reader has taken is given back, so that a call may give more than the window', async () => {
  const guest = await open(
    `let left = 40; const give = (id) => { for (let i = 0; i < 4 && left > 0; i += 1, left -= 1) chunk(id, 1, Buffer.alloc(100_000)); if (left === 0) done(id); };
     heard.call = ({ id }) => give(id); heard.more = ({ id }) => give(id);`,
  );
  const { chunks, reply } = await read(guest);
  expect(reply).toMatchObject({ ok: true });
  expect(chunks).toHaveLength(40);
});

test.for([
  ["'{'", 'FRAME_MALFORMED'],
  ["'['.repeat(70) + ']'.repeat(70)", 'RESULT_TOO_DEEP'],
  ['JSON.stringify(Array.from({ length: 200_001 }, () => 1))', 'RESULT_TOO_LARGE'],
] as const)('a chunk that is no good JSON ends its call, and no other: %s', async ([payload, code]) => {
  const guest = await open(`heard.call = ({ id }) => chunk(id, 0, ${payload}); heard.abort = ({ id }) => done(id);`);
  const { reply, chunks } = await read(guest);
  expect(reply).toMatchObject({ ok: false, error: { code } });
  expect(chunks).toEqual([]);
  expect(await guest.whenServing()).toBe(true);
});

test('chunks and progress of a call that was cancelled are late, and harm nobody', async () => {
  const guest = await open(
    "heard.call = () => undefined; heard.abort = ({ id }) => { chunk(id, 1, 'late'); say({ t: 'progress', id, told: { progress: 1 } }); done(id); };",
  );
  const cancel = new AbortController();
  const running = read(guest, false, cancel.signal);
  cancel.abort();
  const { reply, chunks } = await running;
  expect(reply).toMatchObject({ ok: false, error: { code: 'CALL_CANCELLED' } });
  expect(await guest.whenServing()).toBe(true);
  expect(chunks).toEqual([]);
});

test('progress is cleaned, and of a call that never was it is a lie like any other [FAULTS-44]', async () => {
  const guest = await open(
    String.raw`heard.call = ({ id }) => { say({ t: 'progress', id, told: { progress: 1, total: 'x', message: '\u001b[31m' + process.execPath, more: 1 } }); done(id); for (let i = 0; i < 17; i += 1) say({ t: 'progress', id: 999, told: { progress: 1 } }); };`,
  );
  const told: unknown[] = [];
  await guest.run({ ...call(), listener: { onProgress: (progress) => told.push(progress) } });
  expect(told).toEqual([{ progress: 1, message: 'node' }]);
  expect((await guest.died).error.code).toBe('FRAME_UNKNOWN_ID');
});
