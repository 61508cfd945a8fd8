/**
 * The words in which a judged case is told.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { JsonArgs } from './json.ts';

/**
 * How one run of an implementation ended: a value, or the kind, code and message of an outcome. Milliseconds.
 *
 * @public
 */
export type RunAnswer =
  | { readonly ok: true; readonly value: JsonValue; readonly durationMs: number }
  | {
      readonly ok: false;
      readonly kind: string;
      readonly code: string;
      readonly message: string;
      readonly durationMs: number;
    };

/**
 * One property or relation on one case. `skipped`: its pre-condition is false, or it does not apply; `unreached`: there was no
 * result to look at; `run_failed`: the run of a follow-up failed; `fault`: its own code failed. Relations are hard.
 *
 * @public
 */
export type Check = {
  readonly kind: 'property' | 'relation';
  readonly name: string;
  readonly mode: 'hard' | 'soft';
  readonly state: CheckState['kind'];
};

/** What a check came to. */
export type CheckState =
  | { readonly kind: 'held' | 'skipped' | 'unreached' }
  | { readonly kind: 'violated'; readonly message: string; readonly followArgs: readonly JsonArgs[] }
  | { readonly kind: 'run_failed'; readonly answer: RunAnswer & { readonly ok: false }; readonly args: JsonArgs }
  | { readonly kind: 'fault'; readonly message: string };

/**
 * A broken property or relation, in texts that are cut at 500 characters; `follow_args` is empty for a property.
 *
 * @public
 */
export type Violation = {
  readonly kind: 'property' | 'relation';
  readonly name: string;
  readonly mode: 'hard' | 'soft';
  readonly message: string;
  readonly args: string;
  readonly follow_args: readonly string[];
};

/**
 * A run that failed: of the case itself, or of a follow-up of a relation.
 *
 * @public
 */
export type RunFailure = {
  /** Null for the run of the case itself. */
  readonly relation: string | null;
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly duration_ms: number;
  readonly args: string;
};

/**
 * Code of the task that threw, or answered what it may not.
 *
 * @public
 */
export type TaskFault = {
  readonly code: 'TASK_FAULT';
  readonly kind: 'property' | 'relation';
  readonly name: string;
  readonly message: string;
};
