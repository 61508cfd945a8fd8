/**
 * Evaluations of releases, as the host stores them: how far each has come, with every change of state, and what was found.
 *
 * V1: A change is made at the revision that it was judged at, or not at all.
 * V2: Changes of state are only ever added, in their order.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { EvaluationState } from '../evaluations/evaluation-state.ts';

/**
 * What an evaluation decides about: one tenant's upgrade, a rollout to all tenants, or whether a release is let in at all.
 *
 * @public
 */
export type EvaluationKind = 'upgrade' | 'rollout' | 'install';

/**
 * One change of state, the first of which is its beginning. `reason` is null where there is nothing to say.
 *
 * @public
 */
export type EvaluationChange = {
  readonly state: EvaluationState;
  readonly at: string;
  readonly reason: string | null;
};

/**
 * An evaluation without its report. `tenant_id` is null where it is the platform's; `from_version` is null where nothing ran before.
 * `verdict` is null until there is one. `summary` holds the few numbers that lists show. `node` carries it on. Times are ISO 8601.
 *
 * @public
 */
export type Evaluation = {
  /** A UUID; those of later evaluations are greater. */
  readonly id: string;
  readonly tenant_id: string | null;
  readonly plugin_name: string;
  readonly from_version: string | null;
  readonly to_version: string;
  readonly kind: EvaluationKind;
  readonly state: EvaluationState;
  readonly changes: readonly EvaluationChange[];
  readonly verdict: string | null;
  readonly reasons: readonly string[];
  readonly summary: JsonObject;
  readonly node: string;
  readonly actor: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** 1, and one more with each change. */
  readonly revision: number;
};

/**
 * An evaluation with its report, null until there is one.
 *
 * @public
 */
export type EvaluationWithReport = Evaluation & { readonly report: JsonObject | null };

/**
 * What has come of an evaluation; what is left out stays. `change` is added to its changes, and its state is the evaluation's.
 *
 * @experimental
 */
export type EvaluationProgress = {
  readonly change?: EvaluationChange;
  readonly verdict?: string;
  readonly reasons?: readonly string[];
  readonly summary?: JsonObject;
  readonly report?: JsonObject;
  readonly node?: string;
  readonly updated_at: string;
};

/**
 * Which evaluations are wanted, newest first: of a tenant or, without one, of all and the platform's; of a plugin or all; those before
 * the evaluation of an id, or the newest.
 *
 * @experimental
 */
export type EvaluationQuery = {
  readonly tenant?: string;
  readonly plugin?: string;
  readonly before?: string;
  readonly rowsMax: number;
};

/**
 * The evaluations' part of the Storage port. They go with their tenant and their plugin.
 *
 * @experimental
 */
export interface EvaluationStorage {
  /** Stores one that is new, of revision 1. */
  createEvaluation(evaluation: EvaluationWithReport): Promise<void>;
  /** Stores what has come of it, where it has this revision; answers its new one, undefined where it has another or is not there. */
  progressEvaluation(
    at: { readonly id: string; readonly revision: number },
    progress: EvaluationProgress,
  ): Promise<number | undefined>;
  getEvaluation(id: string): Promise<EvaluationWithReport | undefined>;
  listEvaluations(query: EvaluationQuery): Promise<readonly Evaluation[]>;
  /** Those that have not ended, oldest first. */
  listRunningEvaluations(): Promise<readonly Evaluation[]>;
  /** Removes those that have ended, and were changed last before a time. */
  pruneEvaluations(before: string): Promise<void>;
}
