/**
 * Follows the relations of an artifact in rounds: those that it names, those that they name, and so on. One that was met is not
 * met again, so that circles end.
 */
import type { MemoryArtifact } from '@bulkhead/protocol';

/** Where to begin, and how far to go. */
export type RelationsWanted = { readonly from: string; readonly depthMax: number; readonly artifactsMax: number };

/** Returns what is related, nearest first, without the artifact itself; nothing where that is not there. */
export async function followRelations(
  read: (ids: readonly string[]) => Promise<readonly MemoryArtifact[]>,
  { from, depthMax, artifactsMax }: RelationsWanted,
): Promise<readonly MemoryArtifact[]> {
  const met = new Set([from]);
  const found: MemoryArtifact[] = [];
  let round = await read([from]);
  for (let depth = 0; depth < depthMax && found.length < artifactsMax; depth += 1) {
    const next = [...new Set(round.flatMap(({ related_artifacts }) => related_artifacts))].filter((id) => !met.has(id));
    if (next.length === 0) break;
    for (const id of next) met.add(id);
    round = await read(next.slice(0, artifactsMax - found.length));
    found.push(...round);
  }
  return found;
}
