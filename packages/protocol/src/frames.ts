/**
 * The bounded codec of the channel between host and guest. It moves frames and knows no message.
 *
 *   0        4      5
 *   +--------+------+----------------------+
 *   | length | kind | payload              |   length: u32 big-endian, bytes of the payload
 *   +--------+------+----------------------+   kind: 1 JSON (UTF-8; one message, or an array of them), 2 raw bytes
 *
 * F1: a header is judged before one byte of its payload is kept, so no peer makes us buffer more than its maximum.
 *     What is held lies in one buffer that doubles, so that a peer which sends single bytes costs no object for each.
 * F2: after a fault the decoder takes nothing more; the stream has no point at which it could be trusted again.
 *
 * @internal
 */
export const FRAME_HEADER_BYTES = 5;
/**
 * Kind byte of a frame that holds one JSON message, or an array of them, in UTF-8.
 *
 * @internal
 */
export const FRAME_JSON = 1;
/**
 * Kind byte of a frame that holds bytes: from the host a chunk of an artifact, from a guest one of a call's result
 * ({@link encodeChunkFrame}).
 *
 * @internal
 */
export const FRAME_RAW = 2;
/**
 * Kind byte of a frame; any other is a fault.
 *
 * @internal
 */
export type FrameKind = typeof FRAME_JSON | typeof FRAME_RAW;

/**
 * Why a stream of frames ended: codes of the error table.
 *
 * @internal
 */
export type FrameFault = {
  readonly code: 'FRAME_TOO_LARGE' | 'FRAME_MALFORMED';
  readonly message: string;
  readonly observed: number;
};

/**
 * How a stream of frames is read.
 *
 * @internal
 */
export type FrameDecoderOptions = {
  /** Largest payload, in bytes; may be lowered or raised between frames with `setPayloadBytesMax`. */
  readonly payloadBytesMax: number;
  /** Called for each whole frame, in order. The payload is a view that is valid only during the call. */
  readonly onFrame: (kind: FrameKind, payload: Buffer) => void;
};

/**
 * Reads a stream of frames from chunks of any size; keeps at most one unfinished frame.
 *
 * @internal
 */
export type FrameDecoder = {
  /** Takes the next bytes; returns the fault that ended the stream, once and for ever. */
  readonly push: (chunk: Buffer) => FrameFault | undefined;
  readonly setPayloadBytesMax: (bytes: number) => void;
};

/**
 * Makes a decoder that reassembles frames from chunks of any size.
 *
 * @internal
 */
export function createFrameDecoder(options: FrameDecoderOptions): FrameDecoder {
  let payloadBytesMax = options.payloadBytesMax;
  let held = NOTHING;
  let heldBytes = 0;
  let wantedBytes = FRAME_HEADER_BYTES;
  let fault: FrameFault | undefined;

  /** Consumes whole frames from `bytes`; returns the offset of what is left. */
  function consume(bytes: Buffer): number {
    let offset = 0;
    for (;;) {
      wantedBytes = FRAME_HEADER_BYTES;
      if (bytes.length - offset < FRAME_HEADER_BYTES) return offset;
      const length = bytes.readUInt32BE(offset);
      const kind = bytes[offset + 4];
      fault = judgeHeader(length, kind, payloadBytesMax);
      if (fault !== undefined || (kind !== FRAME_JSON && kind !== FRAME_RAW)) return bytes.length;
      wantedBytes = FRAME_HEADER_BYTES + length;
      if (bytes.length - offset < wantedBytes) return offset;
      options.onFrame(kind, bytes.subarray(offset + FRAME_HEADER_BYTES, offset + wantedBytes));
      offset += wantedBytes;
    }
  }

  /** Copies bytes behind the held ones, since the chunk may be a reused read buffer. */
  function hold(bytes: Buffer): void {
    const neededBytes = heldBytes + bytes.length;
    if (neededBytes > held.length) {
      const grown = Buffer.allocUnsafe(Math.max(neededBytes, Math.min(2 * held.length, wantedBytes)));
      held.copy(grown, 0, 0, heldBytes);
      held = grown;
    }
    bytes.copy(held, heldBytes);
    heldBytes = neededBytes;
  }

  /** Takes the held bytes out. */
  function release(): Buffer {
    const bytes = held.subarray(0, heldBytes);
    held = NOTHING;
    heldBytes = 0;
    return bytes;
  }

  function push(chunk: Buffer): FrameFault | undefined {
    if (fault !== undefined) return fault;
    let bytes = chunk;
    if (heldBytes > 0) {
      hold(chunk);
      if (heldBytes < wantedBytes) return undefined;
      bytes = release();
    }
    const rest = bytes.subarray(consume(bytes));
    if (rest.length > 0) hold(rest);
    return fault;
  }

  return { push, setPayloadBytesMax: (bytes) => (payloadBytesMax = bytes) };
}

const NOTHING = Buffer.alloc(0);

function judgeHeader(length: number, kind: number | undefined, payloadBytesMax: number): FrameFault | undefined {
  if (length > payloadBytesMax) {
    const message = `a frame announces ${length} bytes; at most ${payloadBytesMax} are taken`;
    return { code: 'FRAME_TOO_LARGE', message, observed: length };
  }
  if (kind !== FRAME_JSON && kind !== FRAME_RAW) {
    return { code: 'FRAME_MALFORMED', message: `a frame is of kind ${kind}; expected 1 or 2`, observed: kind ?? 0 };
  }
  return undefined;
}

/**
 * Writes one frame whose payload is the text in UTF-8.
 *
 * @internal
 */
export function encodeJsonFrame(json: string): Buffer {
  const length = Buffer.byteLength(json, 'utf8');
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  writeHeader(frame, length, FRAME_JSON);
  frame.write(json, FRAME_HEADER_BYTES, length, 'utf8');
  return frame;
}

/**
 * Writes one frame around raw bytes.
 *
 * @internal
 */
export function encodeRawFrame(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bytes.length);
  writeHeader(frame, bytes.length, FRAME_RAW);
  frame.set(bytes, FRAME_HEADER_BYTES);
  return frame;
}

/** An id counts calls in a guest's life: 6 bytes are enough for 8 years of a million a second. */
const CHUNK_ID_BYTES = 6;
const CHUNK_HEAD_BYTES = CHUNK_ID_BYTES + 1;

/**
 * What a chunk of a call's result is.
 *
 * @internal
 */
export type ChunkForm = 'json' | 'bytes';

/**
 * A chunk as it was read; `bytes` is a view of the frame's payload.
 *
 * @internal
 */
export type ChunkFrame = { readonly id: number; readonly form: ChunkForm; readonly bytes: Buffer };

const FORMS: readonly ChunkForm[] = ['json', 'bytes'];

/**
 * Writes one frame with a chunk of a call's result:
 *
 *   | id of the call, u48 big-endian | form, u8: 0 JSON, 1 bytes | chunk |
 *
 * @internal
 */
export function encodeChunkFrame({
  id,
  form,
  bytes,
}: {
  readonly id: number;
  readonly form: ChunkForm;
  readonly bytes: Uint8Array;
}): Buffer {
  const length = CHUNK_HEAD_BYTES + bytes.length;
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  writeHeader(frame, length, FRAME_RAW);
  frame.writeUIntBE(id, FRAME_HEADER_BYTES, CHUNK_ID_BYTES);
  frame[FRAME_HEADER_BYTES + CHUNK_ID_BYTES] = FORMS.indexOf(form);
  frame.set(bytes, FRAME_HEADER_BYTES + CHUNK_HEAD_BYTES);
  return frame;
}

/**
 * Reads the payload of a frame that {@link encodeChunkFrame} wrote; undefined where it is none.
 *
 * @internal
 */
export function readChunkFrame(payload: Buffer): ChunkFrame | undefined {
  if (payload.length < CHUNK_HEAD_BYTES) return undefined;
  const form = FORMS[payload.readUInt8(CHUNK_ID_BYTES)];
  if (form === undefined) return undefined;
  return { id: payload.readUIntBE(0, CHUNK_ID_BYTES), form, bytes: payload.subarray(CHUNK_HEAD_BYTES) };
}

function writeHeader(frame: Buffer, length: number, kind: FrameKind): void {
  frame.writeUInt32BE(length, 0);
  frame[4] = kind;
}

/**
 * Collects the messages of one tick, so that they leave as one write.
 *
 * @internal
 */
export type FrameBatch = {
  /** Adds one message, already JSON; it leaves with the others of this tick, in order. */
  readonly add: (json: string) => void;
  /** Returns what was added as frames of at most `payloadBytesMax` each (a larger single message stands alone). */
  readonly take: () => string[];
};

/**
 * Collects the messages of a tick, so that they leave as one write: an array in one frame costs one header, one parse
 * and one system call for all of them.
 *
 * @param payloadBytesMax - Above this a new payload is begun. Counted in UTF-16 units times 3, the most that UTF-8 takes.
 * @internal
 */
export function createFrameBatch(payloadBytesMax: number): FrameBatch {
  let messages: string[] = [];
  return {
    add: (json) => void messages.push(json),
    take: () => {
      const taken = messages;
      messages = [];
      return taken.length <= 1 ? taken : joinWithin(taken, payloadBytesMax);
    },
  };
}

function joinWithin(messages: readonly string[], payloadBytesMax: number): string[] {
  const payloads: string[] = [];
  let from = 0;
  let bytes = 2;
  for (let index = 0; index < messages.length; index += 1) {
    const size = (messages[index]?.length ?? 0) * 3 + 1;
    if (bytes + size > payloadBytesMax && index > from) {
      payloads.push(joined(messages, from, index));
      from = index;
      bytes = 2;
    }
    bytes += size;
  }
  payloads.push(joined(messages, from, messages.length));
  return payloads;
}

function joined(messages: readonly string[], from: number, to: number): string {
  return to - from === 1 ? (messages[from] ?? '') : `[${messages.slice(from, to).join(',')}]`;
}
