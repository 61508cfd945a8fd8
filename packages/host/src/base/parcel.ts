/**
 * What host and workshop hand each other: a small JSON head and blobs of bytes by name. On the wire a parcel is one JSON
 * frame that lists the blobs with their sizes, then raw frames with the bytes of all of them in that order.
 *
 * P1: a parcel is judged from its head, before a byte of its blobs is kept: count, sizes and sum have maxima.
 */
import {
  LIMITS,
  encodeJsonFrame,
  encodeRawFrame,
  inspectJson,
  isJsonObject,
  type JsonObject,
} from '@bulkhead/protocol';

/** One message with its bytes. `blobs` keeps its order. */
export type Parcel = { readonly head: JsonObject; readonly blobs: ReadonlyMap<string, Uint8Array> };

/** What the receiving side takes at most. */
export type ParcelBounds = { readonly blobsMax: number; readonly blobBytesMax: number };

/**
 * Writes a parcel as frames.
 *
 * @param send - Takes each frame; resolves when the next may follow, so that no side buffers a whole tree twice.
 */
export async function sendParcel(parcel: Parcel, send: (frame: Buffer) => Promise<void>): Promise<void> {
  const blobs = [...parcel.blobs];
  const sizes = blobs.map(([name, bytes]) => [name, bytes.length] as const);
  await send(encodeJsonFrame(JSON.stringify({ head: parcel.head, blobs: sizes })));
  for (const chunk of chunksOf(blobs.map(([, bytes]) => bytes))) await send(encodeRawFrame(chunk));
}

/** Packs many small blobs into few chunks, and cuts large ones. */
function* chunksOf(blobs: readonly Uint8Array[]): Generator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for (const blob of blobs) {
    for (let at = 0; at < blob.length; at += LIMITS.raw_chunk_bytes.value) {
      const piece = blob.subarray(at, at + LIMITS.raw_chunk_bytes.value);
      if (heldBytes + piece.length > LIMITS.raw_chunk_bytes.value) {
        yield Buffer.concat(held, heldBytes);
        held = [];
        heldBytes = 0;
      }
      held.push(piece);
      heldBytes += piece.length;
    }
  }
  if (heldBytes > 0) yield Buffer.concat(held, heldBytes);
}

/** Puts parcels together from frames. Both methods return what is wrong with what came, after which nothing is taken. */
export type ParcelReceiver = {
  readonly takeJson: (payload: Buffer) => string | undefined;
  readonly takeRaw: (payload: Buffer) => string | undefined;
};

/** Makes a receiver; `onParcel` is called once for each whole parcel. */
export function createParcelReceiver(bounds: ParcelBounds, onParcel: (parcel: Parcel) => void): ParcelReceiver {
  let pending: Pending | undefined;

  function finishWhenWhole(): undefined {
    if (pending === undefined || pending.bytesLeft > 0) return;
    const { head, blobs } = pending;
    pending = undefined;
    onParcel({ head, blobs: new Map(blobs.map((blob) => [blob.name, blob.bytes])) });
  }

  return {
    takeJson: (payload) => {
      if (pending !== undefined) return 'a head came before the bytes of the last parcel';
      const opened = openParcel(payload, bounds);
      if (typeof opened === 'string') return opened;
      pending = opened;
      return finishWhenWhole();
    },
    takeRaw: (payload) => {
      const fault = pending === undefined ? 'bytes came without a head' : fill(pending, payload);
      return fault ?? finishWhenWhole();
    },
  };
}

type Blob = { readonly name: string; readonly bytes: Uint8Array; filled: number };
type Pending = { readonly head: JsonObject; readonly blobs: readonly Blob[]; at: number; bytesLeft: number };

function openParcel(payload: Buffer, bounds: ParcelBounds): Pending | string {
  const parsed = parseJson(payload);
  if (!isJsonObject(parsed) || !isJsonObject(parsed['head']) || !Array.isArray(parsed['blobs']))
    return 'a head is malformed';
  const sizes: readonly unknown[] = parsed['blobs'];
  if (sizes.length > bounds.blobsMax)
    return `a parcel announces ${sizes.length} blobs; at most ${bounds.blobsMax} are taken`;
  if (!sizes.every(isSize)) return 'a head lists blobs in the wrong form';
  const sum = sizes.reduce((total, [, size]) => total + size, 0);
  if (sum > bounds.blobBytesMax) return `a parcel announces ${sum} bytes; at most ${bounds.blobBytesMax} are taken`;
  const blobs = sizes.map(([name, size]) => ({ name, bytes: new Uint8Array(size), filled: 0 }));
  return { head: parsed['head'], blobs, at: 0, bytesLeft: sum };
}

function parseJson(payload: Buffer): unknown {
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    const bounds = { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.json_keys.value };
    return inspectJson(parsed, bounds) === undefined ? parsed : undefined;
  } catch {
    return undefined; // No JSON, which the caller reports as a malformed head.
  }
}

function isSize(value: unknown): value is readonly [string, number] {
  return Array.isArray(value) && typeof value[0] === 'string' && Number.isSafeInteger(value[1]) && value[1] >= 0;
}

function fill(pending: Pending, payload: Buffer): string | undefined {
  let rest = payload;
  pending.bytesLeft -= payload.length;
  while (rest.length > 0) {
    const blob = pending.blobs[pending.at];
    if (blob === undefined) return 'more bytes came than the head announced';
    const piece = rest.subarray(0, blob.bytes.length - blob.filled);
    blob.bytes.set(piece, blob.filled);
    blob.filled += piece.length;
    rest = rest.subarray(piece.length);
    if (blob.filled === blob.bytes.length) pending.at += 1;
  }
  return undefined;
}
