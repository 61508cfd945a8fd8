/**
 * The guest's end of the channel: one duplex socket on fd 3. The host's messages are trusted; only their order is not
 * assumed beyond what protocol/messages.ts draws.
 */
import {
  FRAME_JSON,
  createFrameBatch,
  createFrameDecoder,
  encodeChunkFrame,
  encodeJsonFrame,
  type ChunkFrame,
  type HostMessage,
} from '@bulkhead/protocol';
import { Socket } from 'node:net';

/** A read buffer of one pipe-full; larger frames are reassembled by the decoder. */
const READ_BUFFER_BYTES = 64 * 1024;
/** Host to guest: an artifact chunk or a call with the largest HTTP body is below this. */
const INCOMING_PAYLOAD_BYTES_MAX = 20 * 1024 * 1024;
/** Below the smallest frame that the host may allow: limits.output_bytes of 1 and the envelope of 64 KiB. */
const BATCH_BYTES_MAX = 32 * 1024;
/**
 * So many messages leave before their tick is over. The host works on them while the guest makes the next: with all 64
 * replies of a tick in one write the two take turns, and a third of both cores' time is spent waiting.
 */
const BATCH_MESSAGES_MAX = 16;

/** Who takes what the host sends. */
export type GuestChannelOptions = {
  readonly onMessage: (message: HostMessage) => void;
  readonly onRaw: (bytes: Buffer) => void;
  /** Called just before the messages of a tick leave, to add what is only known then. */
  readonly onFlush: () => void;
  readonly onClosed: () => void;
};

/** The guest’s end of the channel, for one life. */
export type GuestChannel = {
  /** Queues one message, already JSON; the messages of a tick leave as one write, or as several full ones. */
  readonly send: (json: string) => void;
  /** Queues a chunk behind the messages before it; those of a tick leave as one write. */
  readonly sendChunk: (chunk: Omit<ChunkFrame, 'bytes'> & { readonly bytes: Uint8Array }) => void;
  /** Writes what is queued now, for a process that is about to end. */
  readonly flush: (done?: () => void) => void;
  readonly ref: () => void;
  readonly unref: () => void;
};

// Taken before any plugin code can replace them.
const parseJson = JSON.parse;
const nextTick = process.nextTick.bind(process);
const runSoon = globalThis.queueMicrotask;

/** Opens the channel on fd 3. */
export function openGuestChannel(options: GuestChannelOptions): GuestChannel {
  const decoder = createFrameDecoder({
    payloadBytesMax: INCOMING_PAYLOAD_BYTES_MAX,
    onFrame: (kind, payload) => {
      if (kind !== FRAME_JSON) options.onRaw(payload);
      else deliver(parseJson(payload.toString('utf8')), options.onMessage);
    },
  });
  const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  const socket = new Socket({
    fd: 3,
    readable: true,
    writable: true,
    onread: {
      buffer: readBuffer,
      callback: (length) => {
        if (decoder.push(readBuffer.subarray(0, length)) !== undefined) options.onClosed();
        return true;
      },
    },
  });
  socket.on('error', options.onClosed);
  socket.on('close', options.onClosed);
  socket.on('end', options.onClosed);

  return {
    ...createOutbox(socket, options.onFlush),
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
  };
}

type Outbox = Pick<GuestChannel, 'send' | 'sendChunk' | 'flush'>;

function createOutbox(socket: Socket, onFlush: () => void): Outbox {
  const batch = createFrameBatch(BATCH_BYTES_MAX);
  let isScheduled = false;
  let isCorked = false;
  let queued = 0;
  function flush(done?: () => void): void {
    onFlush();
    isScheduled = false;
    queued = 0;
    const payloads = batch.take();
    const last = payloads.pop();
    for (const payload of payloads) socket.write(encodeJsonFrame(payload));
    if (last !== undefined) socket.write(encodeJsonFrame(last), done);
    if (isCorked) socket.uncork();
    isCorked = false;
    if (last === undefined) done?.();
  }
  function flushFull(): void {
    queued = 0;
    for (const payload of batch.take()) socket.write(encodeJsonFrame(payload));
  }
  const flushTick = (): void => flush();
  const scheduleFlush = (): void => nextTick(flushTick);
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    // A tick scheduled from a microtask runs after the microtasks of this tick, so their replies share the write.
    runSoon(scheduleFlush);
  }

  return {
    send: (json) => {
      batch.add(json);
      queued += 1;
      if (queued >= BATCH_MESSAGES_MAX) flushFull();
      schedule();
    },
    sendChunk: (chunk) => {
      if (queued > 0) flushFull();
      if (!isCorked) socket.cork();
      isCorked = true;
      socket.write(encodeChunkFrame(chunk));
      schedule();
    },
    flush,
  };
}

function deliver(parsed: unknown, onMessage: (message: HostMessage) => void): void {
  if (!Array.isArray(parsed)) return onMessage(parsed as HostMessage); // The host is trusted.
  for (const message of parsed) onMessage(message as HostMessage);
}
