/**
 * What became of each evaluation of a search, in their order; and one hash of all that, by which two runs are told to be the same.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '@bulkhead/protocol';

/**
 * One evaluation. `status`: what the archive said of it, or `no_program` where nothing could be proposed, or `failed` where it does not
 * work. `score` is null where there is none. `model` is who proposed it, where that is one of several.
 *
 * @public
 */
export type Commit = {
  readonly index: number;
  readonly id: string;
  readonly parents: readonly string[];
  readonly island: number;
  readonly status: 'start' | 'new' | 'improved' | 'rejected' | 'no_program' | 'failed';
  readonly score: number | null;
  readonly reason: string | null;
  readonly model?: string;
};

/**
 * SHA-256 of commits, as hex. Reasons are not in it: they may name what differs between runs, such as a time.
 *
 * @see EVIDENCE 3b, E3.
 * @public
 */
export function lineageHash(commits: readonly Commit[]): string {
  const lines = commits.map(({ index, id, parents, island, status, score }) =>
    canonicalJson({ index, id, parents: [...parents], island, status, score }),
  );
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
