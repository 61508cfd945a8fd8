/**
 * Artifacts that nodes share (ArtifactStorage). They are larger than other rows, so they are given more time.
 */
import type { ArtifactRow } from '@bulkhead/host';
import type { Database } from '../engine/database.ts';

/** Stores an artifact; of one that is there the time is renewed. */
export async function putArtifact({ patientDb }: Database, row: ArtifactRow, putAt: string): Promise<void> {
  const { digest, bytes, source_map: map } = row;
  await patientDb
    .insertInto('plugin_artifacts')
    .values({ digest, bytes: bufferOf(bytes), source_map: map === null ? null : bufferOf(map), put_at: putAt })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet({ put_at: putAt }))
    .execute();
}

/** Finds an artifact. */
export function getArtifact({ patientDb }: Database, digest: string): Promise<ArtifactRow | undefined> {
  return patientDb
    .selectFrom('plugin_artifacts')
    .select(['digest', 'bytes', 'source_map'])
    .where('digest', '=', digest)
    .executeTakeFirst();
}

/** Removes what no release names. */
export async function sweepArtifacts({ db }: Database, before: string): Promise<void> {
  await db
    .deleteFrom('plugin_artifacts')
    .where('put_at', '<', before)
    .where('digest', 'not in', (select) => select.selectFrom('plugin_releases').select('digest'))
    .execute();
}

/** The driver sends a view on bytes as text where it is no Buffer. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
