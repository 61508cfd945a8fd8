import {
  FRAME_HEADER_BYTES,
  LIMITS,
  callError,
  encodeJsonFrame,
  type CallError,
  type GuestMessage,
} from '@bulkhead/protocol';
import fc from 'fast-check';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Clock } from '../../base/clock.ts';
import { callOf } from '../conformance-fixture.ts';
import type { SandboxReply } from '../sandbox.ts';
import { createGuestOutput, type GuestOutput } from './guest-output.ts';
import { openHostChannel, type HostChannel } from './host-channel.ts';
import { judgeError, judgeValue } from './judge-message.ts';
import { RunningCalls } from './running-calls.ts';

let directory: string;
let server: Server;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'channel-'));
  path = join(directory, 'socket');
  server = createServer();
  server.listen(path);
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

type Pair = {
  readonly channel: HostChannel;
  readonly peer: Socket;
  readonly messages: readonly GuestMessage[];
  readonly faults: readonly CallError[];
  /** Resolves when the host's end has read all that the peer wrote, or has stopped reading. */
  readonly ended: Promise<void>;
};

/** A channel on a real socket, whose other end is the test. */
async function openPair(clock: Clock, onMessage?: (message: GuestMessage) => void): Promise<Pair> {
  const accepted = once(server, 'connection');
  const peer = connect(path);
  const [socket] = (await accepted) as [Socket]; // As the event is declared.
  const messages: GuestMessage[] = [];
  const faults: CallError[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const channel = openHostChannel({
    socket,
    clock,
    onChunk: () => undefined,
    payloadBytesMax: 1_000,
    onMessage: (message) => {
      messages.push(message);
      onMessage?.(message);
    },
    onFault: (error) => {
      faults.push(error);
      resolve();
    },
    onEnd: resolve,
  });
  peer.on('error', () => undefined);
  return { channel, peer, messages, faults, ended };
}

const clock: Clock = { now: () => performance.now(), wallTime: () => Date.now() };

async function feed(chunks: readonly Uint8Array[]): Promise<Pair> {
  const pair = await openPair(clock);
  for (const chunk of chunks) pair.peer.write(chunk);
  pair.peer.end();
  await pair.ended;
  pair.channel.close();
  pair.peer.destroy();
  return pair;
}

const rawMessage = fc.oneof(
  fc.jsonValue(),
  fc.record({
    t: fc.constantFrom('ok', 'err', 'log', 'hello', 'ready', 'failed', 'begun', 'dying', '__proto__'),
    id: fc.oneof(fc.nat(20), fc.jsonValue()),
    ids: fc.oneof(fc.array(fc.nat(20)), fc.jsonValue()),
    value: fc.jsonValue(),
    metadata: fc.oneof(fc.constant({}), fc.jsonValue()),
    code: fc.constantFrom('PLUGIN_THREW', 'HOST_CLOSED', 'GUEST_UNCAUGHT', ''),
    error: fc.oneof(fc.record({ name: fc.string(), message: fc.string() }), fc.jsonValue()),
    written: fc.oneof(fc.integer(), fc.jsonValue()),
    level: fc.constantFrom('info', 'loud'),
    message: fc.oneof(fc.string(), fc.jsonValue()),
  }),
);
const frames = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.string().map((text) => encodeJsonFrame(text)),
  fc
    .oneof(rawMessage, fc.array(rawMessage, { maxLength: 5 }))
    .map((message) => encodeJsonFrame(JSON.stringify(message))),
);

test('[FAULTS-42] whatever a guest writes, the host throws nothing and faults at most once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frames, { maxLength: 12 }), async (chunks) => {
      const { faults, messages } = await feed(chunks);
      expect(faults.length).toBeLessThanOrEqual(1);
      for (const message of messages) expect(typeof message.t).toBe('string');
    }),
    { numRuns: 500 },
  );
});

test('[FAULTS-46] whatever a guest answers, each call is settled at most once, and never by a throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rawMessage, { maxLength: 40 }), async (said) => {
      const { calls, pair, output } = await openCalls();
      const settled: SandboxReply[] = [];
      for (let id = 0; id < 10; id += 1) void calls.run(callOf('x')).then((reply) => settled.push(reply));
      for (const message of said) pair.peer.write(encodeJsonFrame(JSON.stringify(message)));
      pair.peer.end();
      await pair.ended;
      output.close();
      calls.settleAll({ error: callError('GUEST_CRASHED'), culpritId: undefined, stack: undefined });
      await new Promise(setImmediate);
      pair.channel.close();
      pair.peer.destroy();
      expect(settled).toHaveLength(10);
    }),
    { numRuns: 300 },
  );
});

type Answering = { readonly calls: RunningCalls; readonly pair: Pair; readonly output: GuestOutput };

/** Calls over a channel whose peer is the test; nothing ever comes out of the pipes. */
async function openCalls(): Promise<Answering> {
  const hidePaths = (text: string): string => text;
  const nothing = (): void => undefined;
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const output = createGuestOutput({ ...streams, clock, hidePaths, onLine: nothing, onFlood: nothing });
  const pair = await openPair(clock, (message) => {
    if (message.t === 'ok') calls.answer(message.id, judgeValue(message), message.written ?? 0);
    else if (message.t === 'err') calls.answer(message.id, judgeError(message, hidePaths), message.written ?? 0);
    else if (message.t === 'begun') calls.markBegun(message.ids);
  });
  const told = { onOverdue: nothing, onSettled: nothing, onDropped: nothing, kill: nothing };
  const calls = new RunningCalls({ clock, channel: pair.channel, output, ...told });
  return { calls, pair, output };
}

test('[FAULTS-41] a header is judged before its payload is kept', async () => {
  const header = Buffer.from([0xff, 0xff, 0xff, 0xff, 1]);
  const { faults, messages } = await feed([header, Buffer.alloc(100_000)]);
  expect(faults.map(({ code }) => code)).toEqual(['FRAME_TOO_LARGE']);
  expect(messages).toEqual([]);
  expect(header).toHaveLength(FRAME_HEADER_BYTES);
});

test('a message after a fault is not delivered, also within one frame', async () => {
  const log = { t: 'log', level: 'info', message: 'x' };
  const { faults, messages } = await feed([encodeJsonFrame(JSON.stringify([log, { t: 'nonsense' }, log]))]);
  expect(messages).toHaveLength(1);
  expect(faults).toMatchObject([{ code: 'FRAME_SCHEMA' }]);
});

test('[FAULTS-45] messages beyond those that belong to calls have a budget for each second', async () => {
  let now = 0;
  const pair = await openPair({ now: () => now, wallTime: () => 0 });
  const begun = encodeJsonFrame('{"t":"begun","ids":[]}');
  const budget = LIMITS.messages_per_second.value;
  const send = async (count: number): Promise<void> => {
    const before = pair.messages.length;
    pair.peer.write(Buffer.concat(Array.from({ length: count }, () => begun)));
    await expect.poll(() => pair.messages.length + pair.faults.length).toBe(before + count);
  };
  await send(budget);
  now = 1_000;
  await send(budget);
  pair.channel.expectReplies(10);
  await send(20);
  expect(pair.faults).toEqual([]);
  pair.peer.write(begun);
  await pair.ended;
  expect(pair.faults).toMatchObject([{ code: 'FRAME_FLOOD' }]);
  pair.channel.close();
  pair.peer.destroy();
});

test('the first sixteen messages of a turn leave at once, and the rest at its end', async () => {
  const { channel, peer } = await openPair(clock);
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (let n = 100; n < 140; n += 1) channel.send(String(n));
  const framesOf = (): readonly unknown[] => {
    const frames: unknown[] = [];
    const bytes = Buffer.concat(chunks);
    for (let at = 0; at < bytes.length; at += FRAME_HEADER_BYTES + bytes.readUInt32BE(at))
      frames.push(
        JSON.parse(
          bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + bytes.readUInt32BE(at)).toString(),
        ),
      );
    return frames;
  };
  const counted = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, n) => from + n);
  await expect.poll(framesOf).toEqual([counted(100, 16), counted(116, 24)]);
  channel.close();
  peer.destroy();
});

test('messages of a tick leave as one write, in order, and nothing leaves a closed channel', async () => {
  const { channel, peer } = await openPair(clock);
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  channel.send('1');
  channel.send('2');
  channel.sendRaw(Buffer.from('raw'));
  const closed = once(peer, 'close');
  channel.send('3');
  await expect.poll(() => Buffer.concat(chunks).length).toBe(5 + 5 + 5 + 3 + 5 + 1);
  expect(Buffer.concat(chunks).subarray(5, 10).toString()).toBe('[1,2]');
  channel.send('4');
  channel.close();
  channel.send('5');
  channel.sendRaw(Buffer.from('raw'));
  await closed;
  expect(Buffer.concat(chunks).length).toBe(24);
});

test('what is flushed leaves by itself, and what follows in the turn is one write more', async () => {
  const { channel, peer } = await openPair(clock);
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  channel.send('1');
  channel.flush();
  channel.send('2');
  channel.send('3');
  await expect.poll(() => Buffer.concat(chunks).length).toBe(5 + 1 + 5 + 5);
  expect(
    Buffer.concat(chunks)
      .toString()
      .replaceAll(/[^\d,[\]]/g, ''),
  ).toBe('1[2,3]');
  channel.close();
  peer.destroy();
});
