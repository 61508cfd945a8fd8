/**
 * Checks a task as its author wrote it, all faults at once, and fills in every default. Below it nothing is optional.
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import * as fc from 'fast-check';
import { GuardError } from '../guard-error.ts';
import { type JsonArgs } from './json.ts';
import type { Relation } from './relations.ts';
import { taskFaults } from './task-faults.ts';
import type {
  CaseSource,
  Metric,
  Property,
  Task,
  TaskFormat,
  TaskMetric,
  TaskProperty,
  TaskRelation,
  TaskSpec,
} from './task.ts';

/** X002-2. */
const BOOTSTRAP_SAMPLES = 500;
const ALPHA = 0.05;

/**
 * Defines a task. Name both types, as in `defineTask<[number[], number], number[]>({ ... })`: what a library relation takes is any
 * JSON, and TypeScript would take that for the task's.
 *
 * @param spec - Its callbacks are pure: called with the same, they answer the same. Arguments and results they are given are frozen.
 * @throws {GuardError} `TASK_INVALID`, with every fault.
 * @public
 */
export function defineTask<Args extends JsonArgs, Result extends JsonValue>(
  spec: TaskSpec<Args, Result>,
): Task<Args, Result> {
  const faults = taskFaults(spec);
  if (faults.length > 0) {
    throw new GuardError('TASK_INVALID', `${faults.join('; ')}; see "Tasks" in docs/guard.md`);
  }
  return {
    kind: 'bulkhead.guard.task',
    name: spec.name,
    source: sourceOf(spec),
    properties: (spec.properties ?? []).map((property) => filledProperty(property)),
    relations: (spec.relations ?? []).map((relation) => filledRelation(relation)),
    metrics: (spec.metrics ?? []).map((metric) => filledMetric(metric)),
    format: filledFormat(spec.format ?? {}),
    // Not by `??` on the answer: one that forgets to answer is a fault, and not the default.
    equivalence: (one, other) =>
      spec.equivalence === undefined ? canonicalJson(one) === canonicalJson(other) : spec.equivalence(one, other),
    isResult: (value): value is Result => (spec.isResult === undefined ? true : spec.isResult(value)),
    clusterKey: (...args) => spec.clusterKey?.(...args),
    group: (args, out) => spec.group?.(args, out),
  };
}

/**
 * Tells whether a value, such as an export of a file, is a defined task.
 *
 * @public
 */
export function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'bulkhead.guard.task';
}

/** A relation with its defaults, for those that stand in no task yet, too. */
export function filledRelation<Args extends JsonArgs, Result extends JsonValue>(
  relation: Relation<Args, Result>,
): TaskRelation<Args, Result> {
  return {
    name: relation.name,
    category: relation.category ?? 'other',
    description: relation.description ?? relation.name,
    transform: (args, given) => relation.transform(args, given),
    rule: relation,
  };
}

function sourceOf<Args extends JsonArgs, Result extends JsonValue>(spec: TaskSpec<Args, Result>): CaseSource<Args> {
  const { arbitraries } = spec;
  if (arbitraries === undefined) return { kind: 'generate', generate: (n, seed) => spec.generate?.(n, seed) ?? [] };
  if (!isTuple(arbitraries)) return { kind: 'arbitrary', arbitrary: arbitraries };
  return { kind: 'arbitrary', arbitrary: fc.tuple(...arbitraries) as fc.Arbitrary<unknown> as fc.Arbitrary<Args> }; // One for each argument.
}

function isTuple(arbitraries: unknown): arbitraries is readonly fc.Arbitrary<unknown>[] {
  return Array.isArray(arbitraries);
}

function filledProperty<Args extends JsonArgs, Result extends JsonValue>(
  property: Property<Args, Result>,
): TaskProperty<Args, Result> {
  return {
    name: property.name,
    description: property.description ?? property.name,
    mode: property.mode ?? 'hard',
    pre: (...args) => (property.pre === undefined ? true : property.pre(...args)),
    check: (out, ...args) => property.check(out, ...args),
  };
}

function filledMetric<Args extends JsonArgs, Result extends JsonValue>(
  metric: Metric<Args, Result>,
): TaskMetric<Args, Result> {
  return {
    name: metric.name,
    kind: metric.kind ?? 'mean',
    higherIsBetter: metric.higherIsBetter ?? true,
    ciMethod: metric.ciMethod ?? 'bootstrap',
    bootstrapSamples: metric.bootstrapSamples ?? BOOTSTRAP_SAMPLES,
    alpha: metric.alpha ?? ALPHA,
    seed: metric.seed,
    memoize: metric.memoize ?? false,
    memoizeKey: metric.memoizeKey ?? metric.name,
    sampleRate: metric.sampleRate ?? 1,
    extract: (out, args) => metric.extract(out, args),
  };
}

function filledFormat<Args extends JsonArgs, Result extends JsonValue>(
  format: TaskFormat<Args, Result>,
): Required<TaskFormat<Args, Result>> {
  return {
    args: (args) => format.args?.(args) ?? canonicalJson(args),
    result: (out) => format.result?.(out) ?? canonicalJson(out),
  };
}
