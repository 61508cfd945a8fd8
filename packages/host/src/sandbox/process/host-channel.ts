/**
 * The host's end of a guest's channel. Every byte that comes in is hostile: sizes are judged before buffering, messages
 * before use, and the first fault ends the channel for ever.
 */
import {
  FRAME_JSON,
  LIMITS,
  callError,
  createFrameBatch,
  createFrameDecoder,
  encodeJsonFrame,
  encodeRawFrame,
  parseGuestMessage,
  type CallError,
  type GuestMessage,
} from '@bulkhead/protocol';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';

export type HostChannelOptions = {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly payloadBytesMax: number;
  readonly onMessage: (message: GuestMessage) => void;
  /** Called once; nothing is delivered afterwards. */
  readonly onFault: (error: CallError) => void;
};

export type HostChannel = {
  /** Queues one message, already JSON; the messages of a tick leave as one write. */
  readonly send: (json: string) => void;
  /** Sends bytes in chunks that the guest can take. */
  readonly sendRaw: (bytes: Uint8Array) => void;
  readonly setPayloadBytesMax: (bytes: number) => void;
  /** Calls sent and answered since the start; the difference bounds how many replies are honest. */
  readonly expectReplies: (count: number) => void;
  readonly close: () => void;
};

const BATCH_BYTES_MAX = LIMITS.raw_chunk_bytes.value;
const WINDOW_MS = 1_000;

/** Opens the host's end on a connected socket; the channel owns the socket from here on. */
export function openHostChannel(options: HostChannelOptions): HostChannel {
  const { socket, clock } = options;
  const batch = createFrameBatch(BATCH_BYTES_MAX);
  let isClosed = false;
  let allowance = LIMITS.messages_per_second.value;
  let windowStart = clock.now();

  const decoder = createFrameDecoder({
    payloadBytesMax: options.payloadBytesMax,
    onFrame: (kind, payload) => {
      if (isClosed) return;
      if (kind !== FRAME_JSON) fault(callError('FRAME_SCHEMA', { message: 'the guest sent raw bytes unasked' }));
      else receive(payload);
    },
  });

  function receive(payload: Buffer): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(payload.toString('utf8'));
    } catch {
      return fault(callError('FRAME_MALFORMED', { message: `a frame of ${payload.length} bytes is not JSON` }));
    }
    if (!Array.isArray(parsed)) return deliver(parsed);
    for (const message of parsed) deliver(message);
  }

  function deliver(value: unknown): void {
    if (isClosed) return;
    const message = parseGuestMessage(value);
    if (message === undefined) return fault(callError('FRAME_SCHEMA'));
    allowance -= 1;
    if (allowance < 0 && isFlood()) return fault(callError('FRAME_FLOOD'));
    options.onMessage(message);
  }

  /** Replies to calls that the host made are paid for by the call; what is beyond has a budget per second. */
  function isFlood(): boolean {
    const now = clock.now();
    if (now - windowStart < WINDOW_MS) return true;
    windowStart = now;
    allowance = LIMITS.messages_per_second.value;
    return false;
  }

  function fault(error: CallError): void {
    if (isClosed) return;
    isClosed = true;
    socket.pause();
    options.onFault(error);
  }

  let isScheduled = false;
  function flush(): void {
    isScheduled = false;
    if (isClosed) return;
    for (const payload of batch.take()) socket.write(encodeJsonFrame(payload));
  }
  const scheduleFlush = (): void => process.nextTick(flush);

  socket.on('data', (chunk: Buffer) => {
    const frameFault = decoder.push(chunk);
    if (frameFault !== undefined) fault(callError(frameFault.code, { message: frameFault.message }));
  });
  // A guest that dies leaves a broken pipe; its exit is what counts (FAULTS 55).
  socket.on('error', () => undefined);

  return {
    send: (json) => {
      batch.add(json);
      if (isScheduled) return;
      isScheduled = true;
      // A tick scheduled from a microtask runs after the microtasks of this tick, so their calls share the write.
      queueMicrotask(scheduleFlush);
    },
    sendRaw: (bytes) => {
      flush();
      for (let from = 0; from < bytes.length; from += LIMITS.raw_chunk_bytes.value) {
        socket.write(encodeRawFrame(bytes.subarray(from, from + LIMITS.raw_chunk_bytes.value)));
      }
    },
    setPayloadBytesMax: decoder.setPayloadBytesMax,
    expectReplies: (count) => (allowance += count),
    close: () => {
      isClosed = true;
      socket.destroy();
    },
  };
}
