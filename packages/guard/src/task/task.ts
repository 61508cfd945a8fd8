/**
 * What a task is: how cases are made and what must hold for the result of each. `TaskSpec` is what an author writes, `Task` what
 * `defineTask` makes of it, with every default filled in.
 *
 * Callbacks are declared as methods, which TypeScript compares both ways, so that a `Task<[number[], number], number[]>` is a `Task`.
 * A result comes from somebody else's code anyway: `isResult` is what makes its type true.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { Arbitrary } from 'fast-check';
import type { JsonArgs } from './json.ts';
import type { Relation, RelationHead, RelationRule } from './relations.ts';

/**
 * What must hold for a result. `hard`, the default: a case that breaks it is failed; `soft`: it is only reported. A case for which
 * `pre` is false is skipped, and counted. `check` answers true, or false or a text where it does not hold (X002-2).
 *
 * @public
 */
export type Property<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly name: string;
  readonly description?: string;
  readonly mode?: 'hard' | 'soft';
  pre?(...args: Args): boolean;
  check(out: Result, ...args: Args): boolean | string;
};

/**
 * A number of each result, compared between the two implementations (X002-2). Defaults: mean, higher is better, bootstrap with 500
 * samples at alpha 0.05, no memory, every case. `sampleRate` is a share above 0 up to 1.
 *
 * @public
 */
export type Metric<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly name: string;
  readonly kind?: 'mean' | 'sum';
  readonly higherIsBetter?: boolean;
  readonly ciMethod?: 'bootstrap';
  readonly bootstrapSamples?: number;
  readonly alpha?: number;
  readonly seed?: number;
  readonly memoize?: boolean;
  readonly memoizeKey?: string;
  readonly sampleRate?: number;
  extract(out: Result, args: Args): number;
};

/**
 * How arguments and results read in a report; canonical JSON where not given (X002-1: fmt_in, fmt_out).
 *
 * @public
 */
export type TaskFormat<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  args?(args: Args): string;
  result?(out: Result): string;
};

/**
 * One arbitrary of the whole list of arguments, or one for each argument.
 *
 * @public
 */
export type TaskArbitraries<Args extends JsonArgs> =
  Arbitrary<Args> | readonly [...{ readonly [Index in keyof Args]: Arbitrary<Args[Index]> }];

/**
 * A task as its author writes it (X002-1). Exactly one of `generate` and `arbitraries` makes the cases.
 *
 * @public
 */
export type TaskSpec<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly name: string;
  /** At least `n` argument lists, the same for the same seed. */
  generate?(n: number, seed: number): Iterable<Args>;
  readonly arbitraries?: TaskArbitraries<Args>;
  readonly properties?: readonly Property<Args, Result>[];
  readonly relations?: readonly Relation<Args, Result>[];
  /** Whether two results say the same; equal as JSON where not given. */
  equivalence?(one: Result, other: Result): boolean;
  /** Whether a value is a result at all. One that is not breaks the hard property `is_result`, and no other is asked. */
  isResult?(value: JsonValue): value is Result;
  readonly metrics?: readonly Metric<Args, Result>[];
  /** Cases with one key are one cluster to the statistics; a case is its own where not given. */
  clusterKey?(...args: Args): string;
  /** Group of a case for monitors of fairness. */
  group?(args: Args, out: Result): string | undefined;
  readonly format?: TaskFormat<Args, Result>;
};

/** Name of the hard property that `isResult` is. */
export const RESULT_PROPERTY = 'is_result';

/**
 * A property with its defaults.
 *
 * @public
 */
export type TaskProperty<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly name: string;
  readonly description: string;
  readonly mode: 'hard' | 'soft';
  pre(...args: Args): boolean;
  check(out: Result, ...args: Args): boolean | string;
};

/**
 * A metric with its defaults; without a seed of its own it is given that of the run.
 *
 * @public
 */
export type TaskMetric<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly name: string;
  readonly kind: 'mean' | 'sum';
  readonly higherIsBetter: boolean;
  readonly ciMethod: 'bootstrap';
  readonly bootstrapSamples: number;
  readonly alpha: number;
  readonly seed: number | undefined;
  readonly memoize: boolean;
  readonly memoizeKey: string;
  readonly sampleRate: number;
  extract(out: Result, args: Args): number;
};

/**
 * Where cases come from.
 *
 * @public
 */
export type CaseSource<Args extends JsonArgs = JsonArgs> =
  | { readonly kind: 'generate'; generate(n: number, seed: number): Iterable<Args> }
  | { readonly kind: 'arbitrary'; readonly arbitrary: Arbitrary<Args> };

/**
 * A relation with its defaults.
 *
 * @public
 */
export type TaskRelation<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = Required<
  Pick<RelationHead<Args, Result>, 'name' | 'category' | 'description' | 'transform'>
> & {
  readonly rule: RelationRule<Args, Result>;
};

/**
 * A task that has been checked; only `defineTask` makes one.
 *
 * @public
 */
export type Task<Args extends JsonArgs = JsonArgs, Result extends JsonValue = JsonValue> = {
  readonly kind: 'bulkhead.guard.task';
  readonly name: string;
  readonly source: CaseSource<Args>;
  readonly properties: readonly TaskProperty<Args, Result>[];
  readonly relations: readonly TaskRelation<Args, Result>[];
  readonly metrics: readonly TaskMetric<Args, Result>[];
  readonly format: Required<TaskFormat<Args, Result>>;
  equivalence(one: Result, other: Result): boolean;
  isResult(value: JsonValue): value is Result;
  clusterKey(...args: Args): string | undefined;
  group(args: Args, out: Result): string | undefined;
};
