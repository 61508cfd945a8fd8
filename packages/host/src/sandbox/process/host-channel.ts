/**
 * The host's end of a guest's channel. Every byte that comes in is hostile: sizes are judged before buffering, messages
 * before use, and the first fault ends the channel for ever. What goes out is counted, so that a guest which does not
 * read is known.
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
  readChunkFrame,
  type CallError,
  type ChunkFrame,
  type GuestMessage,
} from '@bulkhead/protocol';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';

/** A connected socket, its bound, and who takes what comes. */
export type HostChannelOptions = {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly payloadBytesMax: number;
  readonly onMessage: (message: GuestMessage) => void;
  /** Takes a chunk of a call's result; its bytes are a view that is valid only during the call. */
  readonly onChunk: (chunk: ChunkFrame) => void;
  /** Called at most once; nothing is delivered afterwards. */
  readonly onFault: (error: CallError) => void;
  /** The guest ended its side of the channel, in good order or not. */
  readonly onEnd: () => void;
};

/** One guest's channel, as its host holds it. */
export type HostChannel = {
  /** Queues one message, already JSON; the messages of a turn of the event loop leave as one write, or two. */
  readonly send: (json: string) => void;
  /** Writes now what waits for the end of the turn: for a guest that has nothing else to do until then. */
  readonly flush: () => void;
  /** Sends bytes in chunks that the guest can take. */
  readonly sendRaw: (bytes: Uint8Array) => void;
  /** Tells whether the guest has left more unread than it may; then nothing more should be sent. */
  readonly isFull: () => boolean;
  readonly setPayloadBytesMax: (bytes: number) => void;
  /** Says that calls were sent; their answers are not part of what a guest may say in a second. */
  readonly expectReplies: (count: number) => void;
  readonly close: () => void;
};

const BATCH_BYTES_MAX = LIMITS.raw_chunk_bytes.value;
/**
 * So many messages leave before their turn is over: the guest works on them while the host reads the next requests. With the
 * 32 calls of a turn in one write the two took turns, and a server on two cores made a twentieth fewer calls. The guest is
 * busy then, so that the rest waits for the turn's end: each further write would cost a host on one core as much again.
 */
const FIRST_MESSAGES = 16;

/** Opens the host's end on a connected socket; the channel owns the socket from here on. */
export function openHostChannel(options: HostChannelOptions): HostChannel {
  const { socket } = options;
  const budget = createMessageBudget(options.clock);
  const outbox = createOutbox(socket);
  let isClosed = false;

  const fault = (error: CallError): void => {
    if (isClosed) return;
    isClosed = true;
    socket.pause();
    options.onFault(error);
  };
  const deliver = (value: unknown): void => {
    if (isClosed) return;
    const message = parseGuestMessage(value);
    if (message === undefined) fault(callError('FRAME_SCHEMA'));
    else if (budget.isSpent()) fault(callError('FRAME_FLOOD'));
    else options.onMessage(message);
  };
  // What a call may send is bounded by its reader, so that chunks are no messages of the budget.
  const deliverChunk = (chunk: ChunkFrame | undefined): void => {
    if (chunk === undefined) fault(callError('FRAME_SCHEMA', { message: 'a raw frame of the guest is no chunk' }));
    else options.onChunk(chunk);
  };
  const decoder = createFrameDecoder({
    payloadBytesMax: options.payloadBytesMax,
    onFrame: (kind, payload) => {
      if (isClosed) return;
      if (kind !== FRAME_JSON) return deliverChunk(readChunkFrame(payload));
      const frame = parseFrame(payload);
      if (frame.ok) for (const value of frame.values) deliver(value);
      else fault(frame.error);
    },
  });

  socket.on('data', (chunk: Buffer) => {
    if (isClosed) return;
    const frameFault = decoder.push(chunk);
    if (frameFault !== undefined) fault(callError(frameFault.code, { message: frameFault.message }));
  });
  // A guest that dies leaves a broken pipe; its exit is what counts (FAULTS 55).
  socket.on('error', () => undefined);
  socket.once('end', options.onEnd);
  socket.once('close', options.onEnd);

  return {
    send: outbox.send,
    flush: outbox.flush,
    sendRaw: outbox.sendRaw,
    isFull: outbox.isFull,
    setPayloadBytesMax: decoder.setPayloadBytesMax,
    expectReplies: budget.grant,
    close: () => {
      isClosed = true;
      outbox.close();
      socket.destroy();
    },
  };
}

type ParsedFrame =
  { readonly ok: true; readonly values: readonly unknown[] } | { readonly ok: false; readonly error: CallError };

/** A frame holds one message, or the messages of a tick in an array. */
function parseFrame(payload: Buffer): ParsedFrame {
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    return { ok: true, values: Array.isArray(parsed) ? parsed : [parsed] };
  } catch {
    const message = `a frame of ${payload.length} bytes is not JSON`;
    return { ok: false, error: callError('FRAME_MALFORMED', { message }) };
  }
}

type MessageBudget = {
  readonly grant: (calls: number) => void;
  /** Counts one message, and tells whether it is one too many. */
  readonly isSpent: () => boolean;
};

const WINDOW_MS = 1_000;
/** A call is answered once, and reported as begun at most once. */
const MESSAGES_PER_CALL = 2;

/** What belongs to a call is paid for by the call; what is beyond has a budget per second (FAULTS 45). */
function createMessageBudget(clock: Clock): MessageBudget {
  const allowed = LIMITS.messages_per_second.value;
  let left = allowed;
  let windowStart = clock.now();
  return {
    grant: (calls) => void (left += MESSAGES_PER_CALL * calls),
    isSpent: () => {
      left -= 1;
      if (left >= 0) return false;
      const now = clock.now();
      if (now - windowStart < WINDOW_MS) return true;
      windowStart = now;
      left = allowed - 1;
      return false;
    },
  };
}

type Outbox = Pick<HostChannel, 'send' | 'flush' | 'sendRaw' | 'isFull' | 'close'>;

function createOutbox(socket: Socket): Outbox {
  const batch = createFrameBatch(BATCH_BYTES_MAX);
  let queued = 0;
  let queuedCharacters = 0;
  let isScheduled = false;
  let haveFirstLeft = false;
  let isClosed = false;

  function flush(): void {
    queued = 0;
    queuedCharacters = 0;
    const payloads = batch.take();
    if (isClosed) return;
    for (const payload of payloads) socket.write(encodeJsonFrame(payload));
  }
  function flushTurn(): void {
    isScheduled = false;
    haveFirstLeft = false;
    flush();
  }
  return {
    send: (json) => {
      if (isClosed) return;
      batch.add(json);
      queued += 1;
      queuedCharacters += json.length;
      if (!haveFirstLeft && queued >= FIRST_MESSAGES) {
        haveFirstLeft = true;
        flush();
      }
      if (isScheduled) return;
      isScheduled = true;
      // Requests that arrive together are read one after another, each in a tick of its own. At the end of the turn all of
      // them have been: their calls share the write, which costs more than all else that the host does for a call.
      setImmediate(flushTurn);
    },
    flush,
    sendRaw: (bytes) => {
      flush();
      if (isClosed) return;
      for (let from = 0; from < bytes.length; from += LIMITS.raw_chunk_bytes.value) {
        socket.write(encodeRawFrame(bytes.subarray(from, from + LIMITS.raw_chunk_bytes.value)));
      }
    },
    isFull: () => socket.writableLength + queuedCharacters > LIMITS.channel_backlog_bytes.value,
    close: () => (isClosed = true),
  };
}
