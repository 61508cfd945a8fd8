import { FRAME_JSON, createFrameDecoder, encodeJsonFrame } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createParcelReceiver, sendParcel, type Parcel, type ParcelBounds } from './parcel.ts';

const BOUNDS: ParcelBounds = { blobsMax: 20, blobBytesMax: 2_000_000 };

async function framesOf(parcels: readonly Parcel[]): Promise<Buffer> {
  const frames: Buffer[] = [];
  for (const parcel of parcels) {
    await sendParcel(parcel, async (frame) => void frames.push(frame));
  }
  return Buffer.concat(frames);
}

/** Pushes bytes cut at the given places; returns the parcels and the first fault. */
function receive(
  bytes: Buffer,
  cuts: readonly number[],
  bounds = BOUNDS,
): { readonly parcels: Parcel[]; readonly fault: string | undefined } {
  const parcels: Parcel[] = [];
  let fault: string | undefined;
  const receiver = createParcelReceiver(bounds, (parcel) => parcels.push(parcel));
  const decoder = createFrameDecoder({
    payloadBytesMax: 1_000_000,
    onFrame: (kind, payload) => {
      fault ??= kind === FRAME_JSON ? receiver.takeJson(payload) : receiver.takeRaw(payload);
    },
  });
  const places = [
    0,
    ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((one, other) => one - other),
    bytes.length,
  ];
  for (const [index, place] of places.entries()) decoder.push(bytes.subarray(places[index - 1] ?? 0, place));
  return { parcels, fault };
}

const blob = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.integer({ min: 0, max: 600_000 }).map((length) => new Uint8Array(length).fill(7)),
);
const parcel = fc.record({
  head: fc.dictionary(
    fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
    fc.oneof(fc.string(), fc.integer(), fc.boolean()),
  ),
  blobs: fc.array(fc.tuple(fc.string(), blob), { maxLength: 3 }).map((entries) => new Map(entries)),
});

test('what was sent arrives, in order, however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(parcel, { maxLength: 3 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      async (parcels, cuts) => {
        const { parcels: received, fault } = receive(await framesOf(parcels), cuts);
        expect(fault).toBeUndefined();
        expect(received.map(({ head }) => ({ ...head }))).toEqual(parcels.map(({ head }) => ({ ...head })));
        expect(
          received.map(({ blobs }) => [...blobs].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])),
        ).toEqual(
          parcels.map(({ blobs }) => [...blobs].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test('a parcel beyond its bounds is refused from its head', async () => {
  const large: Parcel = {
    head: {},
    blobs: new Map([
      ['a', new Uint8Array(60)],
      ['b', new Uint8Array(60)],
    ]),
  };
  const bytes = await framesOf([large]);
  expect(receive(bytes, [], { blobsMax: 2, blobBytesMax: 120 }).parcels).toHaveLength(1);
  expect(receive(bytes, [], { blobsMax: 2, blobBytesMax: 119 }).fault).toBe(
    'a parcel announces 120 bytes; at most 119 are taken',
  );
  expect(receive(bytes, [], { blobsMax: 1, blobBytesMax: 120 }).fault).toBe(
    'a parcel announces 2 blobs; at most 1 are taken',
  );
});

test('any JSON as a head is a parcel or a fault, never a throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      const { parcels, fault } = receive(encodeJsonFrame(text), []);
      expect(parcels.length === 1 || fault !== undefined || text.includes('blobs')).toBe(true);
    }),
  );
});
