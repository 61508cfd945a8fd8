import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FRAME_HEADER_BYTES,
  FRAME_JSON,
  FRAME_RAW,
  createFrameBatch,
  createFrameDecoder,
  encodeJsonFrame,
  encodeChunkFrame,
  encodeRawFrame,
  readChunkFrame,
  type FrameFault,
  type FrameKind,
} from './frames.ts';

const PAYLOAD_BYTES_MAX = 1_024;

type Frame = { readonly kind: FrameKind; readonly text: string };

/** Feeds chunks to a new decoder; each chunk lies in the same buffer, which is wiped after the push as a socket's is. */
function decode(chunks: readonly Uint8Array[], payloadBytesMax = PAYLOAD_BYTES_MAX) {
  const frames: Frame[] = [];
  const decoder = createFrameDecoder({
    payloadBytesMax,
    onFrame: (kind, payload) => void frames.push({ kind, text: payload.toString('latin1') }),
  });
  const shared = Buffer.alloc(Math.max(0, ...chunks.map((chunk) => chunk.length)));
  let fault: FrameFault | undefined;
  for (const chunk of chunks) {
    shared.set(chunk);
    fault = decoder.push(shared.subarray(0, chunk.length));
    shared.fill(0xff);
  }
  return { frames, fault };
}

function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const offsets = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end));
}

const payload = fc.uint8Array({ maxLength: 300 });
const frame = fc.oneof(
  payload.map((bytes) => ({
    encoded: encodeRawFrame(bytes),
    kind: FRAME_RAW,
    text: Buffer.from(bytes).toString('latin1'),
  })),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => {
    const encoded = encodeJsonFrame(text);
    return { encoded, kind: FRAME_JSON, text: encoded.subarray(FRAME_HEADER_BYTES).toString('latin1') };
  }),
);

test('frames come out as they went in, however the bytes are cut [FAULTS-42]', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 40 }), (frames, places) => {
      const bytes = Buffer.concat(frames.map(({ encoded }) => encoded));
      const expected = frames.map(({ kind, text }) => ({ kind, text }));
      expect(decode(cut(bytes, places))).toEqual({ frames: expected, fault: undefined });
    }),
    { numRuns: 500 },
  );
});

test('single bytes reassemble too, and JSON text survives as UTF-8', () => {
  const encoded = encodeJsonFrame('{"a":"é👩‍👧"}');
  const { frames } = decode([...encoded].map((byte) => Uint8Array.of(byte)));
  expect(frames.map(({ text }) => Buffer.from(text, 'latin1').toString('utf8'))).toEqual(['{"a":"é👩‍👧"}']);
});

test('any bytes at all give frames or one fault, never a throw, and after the fault nothing more [FAULTS-42]', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), frame, (chunks, { encoded }) => {
      const before = decode(chunks);
      const after = decode([...chunks, encoded, encoded]);
      if (before.fault === undefined) return;
      expect(after).toEqual(before);
      expect(['FRAME_TOO_LARGE', 'FRAME_MALFORMED']).toContain(before.fault.code);
    }),
    { numRuns: 2_000 },
  );
});

test('a header that announces 4 GiB is a fault at its fifth byte [FAULTS-41]', () => {
  const header = [0xff, 0xff, 0xff, 0xff, FRAME_JSON];
  expect(decode([Uint8Array.from(header.slice(0, 4))]).fault).toBeUndefined();
  expect(decode(header.map((byte) => Uint8Array.of(byte))).fault).toEqual({
    code: 'FRAME_TOO_LARGE',
    message: 'a frame announces 4294967295 bytes; at most 1024 are taken',
    observed: 4_294_967_295,
  });
});

test('the largest payload passes and one byte more does not [FAULTS-47]', () => {
  expect(decode([encodeRawFrame(Buffer.alloc(PAYLOAD_BYTES_MAX))]).frames).toHaveLength(1);
  expect(decode([encodeRawFrame(Buffer.alloc(PAYLOAD_BYTES_MAX + 1))])).toMatchObject({
    frames: [],
    fault: { code: 'FRAME_TOO_LARGE', observed: PAYLOAD_BYTES_MAX + 1 },
  });
});

test.for([0, 3, 255])('a frame of kind %d is malformed [FAULTS-42]', (kind) => {
  expect(decode([Uint8Array.of(0, 0, 0, 0, kind)]).fault).toEqual({
    code: 'FRAME_MALFORMED',
    message: `a frame is of kind ${kind}; expected 1 or 2`,
    observed: kind,
  });
});

test('whole frames before a fault are delivered', () => {
  const good = encodeJsonFrame('1');
  expect(decode([Buffer.concat([good, Buffer.from([0, 0, 0, 0, 9])])])).toMatchObject({
    frames: [{ kind: FRAME_JSON, text: '1' }],
    fault: { code: 'FRAME_MALFORMED' },
  });
});

test('a partial frame is no fault and no frame [FAULTS-43]', () => {
  expect(decode([encodeJsonFrame('{"t":"ok"}').subarray(0, -1)])).toEqual({ frames: [], fault: undefined });
});

test('the maximum can be changed between frames', () => {
  const frames: string[] = [];
  const decoder = createFrameDecoder({ payloadBytesMax: 4, onFrame: (_, bytes) => void frames.push(bytes.toString()) });
  expect(decoder.push(encodeJsonFrame('1234'))).toBeUndefined();
  decoder.setPayloadBytesMax(8);
  expect(decoder.push(encodeJsonFrame('12345678'))).toBeUndefined();
  decoder.setPayloadBytesMax(4);
  expect(decoder.push(encodeJsonFrame('12345'))?.code).toBe('FRAME_TOO_LARGE');
  expect(frames).toEqual(['1234', '12345678']);
});

function memoryBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('a frame that drips in byte by byte costs its own size, not an object for each byte [FAULTS-41]', () => {
  const payloadBytes = 1_000_000;
  let delivered = 0;
  const decoder = createFrameDecoder({
    payloadBytesMax: payloadBytes,
    onFrame: (_, bytes) => (delivered = bytes.length),
  });
  const encoded = encodeRawFrame(Buffer.alloc(payloadBytes, 7));
  const before = memoryBytes();
  for (let offset = 0; offset < encoded.length - 1; offset += 1) decoder.push(encoded.subarray(offset, offset + 1));
  // An object for each byte would take 120 MB; what is measured is 1 MB, and garbage that nobody has collected yet.
  expect(memoryBytes() - before).toBeLessThan(40_000_000);
  expect(decoder.push(encoded.subarray(-1))).toBeUndefined();
  expect(delivered).toBe(payloadBytes);
});

test('a batch leaves as frames that hold all messages in order, each within the maximum or alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 30 }),
      fc.integer({ min: 16, max: 400 }),
      (values, bytesMax) => {
        const batch = createFrameBatch(bytesMax);
        const messages = values.map((value) => JSON.stringify({ value }));
        for (const message of messages) batch.add(message);
        const payloads = batch.take();
        const parsed = payloads.flatMap((text) => JSON.parse(text) as unknown);
        expect(parsed).toEqual(messages.map((message) => JSON.parse(message) as unknown));
        for (const text of payloads) expect(Buffer.byteLength(text) <= bytesMax || messages.includes(text)).toBe(true);
        expect(batch.take()).toEqual([]);
      },
    ),
  );
});

test('a chunk is read as it was written, with ids up to 6 bytes', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 48 - 1),
      fc.constantFrom('json' as const, 'bytes' as const),
      fc.uint8Array(),
      (id, form, bytes) => {
        const read = readChunkFrame(encodeChunkFrame({ id, form, bytes }).subarray(FRAME_HEADER_BYTES));
        expect(read).toEqual({ id, form, bytes: Buffer.from(bytes) });
      },
    ),
  );
  expect(readChunkFrame(Buffer.alloc(6))).toBeUndefined();
  expect(readChunkFrame(Buffer.from([0, 0, 0, 0, 0, 1, 2]))).toBeUndefined();
});
