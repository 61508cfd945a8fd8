/**
 * A mending as the workshop does it: which places of the author's modules could be written better without a change of
 * meaning. It proposes by kind and offset; what is written is the host's to make.
 */
import type { Parcel } from '../base/parcel.ts';
import { findMends } from '../review/find-mends.ts';

/** Serves one mending. */
export function mendJob({ blobs }: Parcel): Promise<Parcel> {
  const mends = [...blobs].flatMap(([path, bytes]) => {
    const text = Buffer.from(bytes).toString('utf8');
    return findMends(path, text).map((mend) => ({ path, ...mend }));
  });
  return Promise.resolve({ head: { mends }, blobs: new Map() });
}
