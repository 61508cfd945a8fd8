/**
 * What a tally knows of the task: names in its order, and how its metrics are taken. From the task before a run, or from a report when
 * it is computed again.
 */
import type { Policy } from '../decision/policy.ts';
import type { Task, TaskMetric } from '../task/task.ts';
import type { CheckCoverage, Report, ReportMetric } from './report.ts';

/**
 * Checks in the order of `EvaluatedSide.checks`, properties first. `seed` is what resampling is drawn from; `margin` is the difference of pass
 * rates that a recommended number of cases is to find: the size of the policy's bar.
 *
 * @public
 */
export type TaskFacts = {
  readonly checks: readonly Pick<CheckCoverage, 'kind' | 'name' | 'category' | 'mode'>[];
  readonly metrics: readonly Pick<ReportMetric, 'name' | 'kind' | 'higher_is_better' | 'bootstrap'>[];
  readonly seed: number;
  readonly margin: number;
};

/**
 * The facts of a task. A metric without a seed of its own is given that of the run.
 *
 * @public
 */
export function factsOfTask(
  task: { readonly properties: readonly Named[]; readonly relations: readonly Related[]; readonly metrics: Metrics },
  { seed, margin }: Pick<TaskFacts, 'seed' | 'margin'>,
): TaskFacts {
  const properties = task.properties.map(
    ({ name, mode }) => ({ kind: 'property', name, category: null, mode }) as const,
  );
  const relations = task.relations.map(
    ({ name, category }) => ({ kind: 'relation', name, category, mode: 'hard' }) as const,
  );
  const metrics = task.metrics.map(({ name, kind, higherIsBetter, bootstrapSamples, alpha, seed: ownSeed = seed }) => ({
    name,
    kind,
    higher_is_better: higherIsBetter,
    bootstrap: { resamples: bootstrapSamples, alpha, seed: ownSeed },
  }));
  return { checks: [...properties, ...relations], metrics, seed, margin };
}

/**
 * The same facts, from a report that was made with them.
 *
 * @public
 */
export function factsOfReport(
  { relation_coverage, metrics, seed }: Pick<Report, 'relation_coverage' | 'metrics' | 'seed'>,
  margin: number,
): TaskFacts {
  return { checks: relation_coverage, metrics, seed, margin };
}

/** The difference that a policy asks to be told from: the size of its bar. */
export function marginOf(policy: Policy): number {
  return Math.abs(policy.kind === 'evidence' ? policy.bar : policy.minDelta);
}

/** Only what is read: a task of any arguments fits. */
type Named = Pick<Task['properties'][number], 'name' | 'mode'>;
type Related = Pick<Task['relations'][number], 'name' | 'category'>;
type Metrics = readonly Omit<TaskMetric, 'extract'>[];
