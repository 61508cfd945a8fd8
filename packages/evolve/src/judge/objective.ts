/**
 * What a search is after, as it is written in a configuration.
 */
import { EvolveError } from '../evolve-error.ts';

/**
 * What a program that passes every case is ranked by: nothing more; a metric of the task, in the direction that it names; or how fast
 * it is, as the median over cases.
 *
 * @public
 */
export type Objective =
  { readonly kind: 'pass_rate' } | { readonly kind: 'speed' } | { readonly kind: 'metric'; readonly name: string };

const METRIC = 'metric:';

/** What a program that passes every case is worth where speed is what counts: 1 at no time at all, and less the longer it takes. */
export function scoreOfSpeed(speedMs: number): number {
  return 1 / (1 + speedMs);
}

/** Reads it. @throws {EvolveError} `EVOLVE_INVALID`. */
export function parseObjective(text: string): Objective {
  if (text === 'pass_rate' || text === 'speed') return { kind: text };
  const name = text.startsWith(METRIC) ? text.slice(METRIC.length) : '';
  if (name !== '') return { kind: 'metric', name };
  throw new EvolveError(
    'EVOLVE_INVALID',
    `objective is ${JSON.stringify(text.slice(0, 80))}; expected pass_rate, speed or metric:NAME`,
  );
}
