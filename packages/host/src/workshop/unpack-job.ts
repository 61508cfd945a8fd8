/**
 * An unpacking as the workshop does it: the archive in, its files or the refusal out.
 */
import { unpackArchive } from '../archive/unpack.ts';
import { HostError } from '../base/host-error.ts';
import type { Parcel } from '../base/parcel.ts';

/** Serves one unpacking. */
export async function unpackJob({ blobs }: Parcel): Promise<Parcel> {
  try {
    return { head: {}, blobs: await unpackArchive(blobs.get('archive') ?? new Uint8Array()) };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { head: { refused: { code: error.code, message: error.message } }, blobs: new Map() };
  }
}
