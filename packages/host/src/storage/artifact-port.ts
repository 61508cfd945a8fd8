/**
 * Artifacts as nodes that share a storage pass them on: put before the release that names them is committed, read by
 * whichever node has to run it. A storage that one node has to itself need not be given any.
 */

/**
 * An artifact's bytes under their digest, and the source map that is outside it. At most 16 MiB and its envelope.
 *
 * @experimental
 */
export type ArtifactRow = {
  /** SHA-256 of the bytes, as hex. */
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly source_map: Uint8Array | null;
};

/**
 * The artifacts' part of the Storage port.
 *
 * @experimental
 */
export interface ArtifactStorage {
  /** Stores an artifact; putting it again changes nothing but the time, ISO 8601, from which a sweep counts. */
  putArtifact(row: ArtifactRow, putAt: string): Promise<void>;
  getArtifact(digest: string): Promise<ArtifactRow | undefined>;
  /** Removes what no release names and was last put before a time: an install in flight has yet to commit its release. */
  sweepArtifacts(before: string): Promise<void>;
}
