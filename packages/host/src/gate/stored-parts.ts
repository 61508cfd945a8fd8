/**
 * Parts of what is stored of an evaluation.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { Evaluations } from '../evaluations/evaluations.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import type { WatchedEvaluation } from './watched-evaluation.ts';

/** When its state began, in milliseconds since the epoch; that does not begin anew where another node takes it over. */
export function stateSince({ changes, created_at }: Evaluation): number {
  return Date.parse(changes.at(-1)?.at ?? created_at);
}

/** When its first tenant may have been moved, as ISO 8601. */
export function canarySince({ changes, updated_at }: Evaluation): string {
  return changes.find(({ state }) => state === 'canary')?.at ?? updated_at;
}

/** Its report as it is stored, with a part that is new. */
export async function reportWith(
  { evaluations }: { readonly evaluations: Pick<Evaluations, 'get'> },
  watched: WatchedEvaluation,
  part: JsonObject,
): Promise<JsonObject> {
  const stored = await evaluations.get(watched.now().id);
  return { ...stored?.report, ...part };
}
