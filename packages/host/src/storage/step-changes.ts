/**
 * What a commit's step keeps of its changes. Steps are read by every node and outlive what they changed, so no ciphertext
 * is in them: a secret that was removed or rotated is gone with its row.
 */
import type { CatalogueChange } from './catalogue-port.ts';

/**
 * Returns the changes as a step may hold them.
 *
 * @internal
 */
export function toStepChanges(changes: readonly CatalogueChange[]): readonly CatalogueChange[] {
  return changes.map((change) => (change.kind === 'put_secret' ? { kind: change.kind, row: change.row } : change));
}
