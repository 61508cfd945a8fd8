/**
 * Evaluates as tasks (X000-18): a score of what was measured, how far it spreads, and a verdict against the baseline.
 */
import { quantileOf, StatisticsError } from '@bulkhead/guard/decision';
import { Result, TaskHandler, TaskKind, type JsonObject, type Task } from '@bulkhead/sdk';
import { judge, lostCases } from './judge.ts';
import { MeasurementError, readMeasurements, type Measurements } from './measurements.ts';

/**
 * The score of what fails a case: the least that there is, since JSON has no infinity (X000-26).
 */
export const SCORE_OF_FAILURE: number = -Number.MAX_VALUE;

/** Tasks of kind `evaluate`: payload `values`, `passes` and those of the baseline. */
export class EvaluateHandler extends TaskHandler {
  readonly KIND = TaskKind.EVALUATE;
  readonly PROVIDES = ['cpu'];

  /** Switched off, it takes none. */
  override dispatch(task: Task): boolean {
    return this.config['enabled'] !== false && super.dispatch(task) === true;
  }

  /** Answers `score`, of which a higher one is better, `spread`, `pass_rate`, `verdict` and `reasons`; the same task has the same answer. */
  override handle(task: Task): Result {
    try {
      return Result.ok(task, evaluated(readMeasurements(task.payload)));
    } catch (error) {
      if (error instanceof MeasurementError || error instanceof StatisticsError)
        return Result.error(task, error.message);
      throw error;
    }
  }
}

function evaluated(measured: Measurements): JsonObject {
  const { values, passes } = measured;
  const { verdict, reasons, gain } = judge(measured);
  return {
    score: finite(scoreOf(measured)),
    ...(values !== undefined && { spread: spreadOf(values) }),
    ...(passes !== undefined && { pass_rate: rateOf(passes) }),
    verdict,
    reasons,
    ...(gain !== undefined && { gain: { estimate: finite(gain.estimate), interval: gain.interval.map(finite) } }),
  };
}

/** The median of the values, turned where lower is better; without values the pass rate. */
function scoreOf(measured: Measurements): number {
  const { values, passes = [], better } = measured;
  if (lostCases(measured).length > 0) return SCORE_OF_FAILURE;
  if (values === undefined) return rateOf(passes);
  const median = quantileOf(values, 0.5);
  return better === 'higher' ? median : 0 - median;
}

function rateOf(passes: readonly boolean[]): number {
  return passes.filter(Boolean).length / passes.length;
}

/** Order statistics, in the unit of the values; `mad` is the median of the distances to the median. */
function spreadOf(values: readonly number[]): JsonObject {
  const median = quantileOf(values, 0.5);
  const distances = values.map((value) => Math.abs(value - median));
  const figures = {
    ...{ min: quantileOf(values, 0), q1: quantileOf(values, 0.25), median },
    ...{ q3: quantileOf(values, 0.75), max: quantileOf(values, 1), mad: quantileOf(distances.map(finite), 0.5) },
  };
  return { runs: values.length, ...figures };
}

/** Values at the ends of what a number holds have sums beyond it; such a figure would arrive as null. */
function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new MeasurementError('the values are too large for their differences to be numbers; expected smaller ones');
}
