/**
 * What an evaluation leaves behind. Keys are those of X002-16, in snake_case as on every wire, and in the order in which somebody reads
 * them. All that differs between two runs with the same seed stands under `timing`, in `environment` and `job_metadata`, in monitors
 * that look at times, and in the digest of the cases, which have times in them.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import type { MonitorReport } from '../monitors/monitor-runner.ts';
import type { Interval } from '../statistics/interval.ts';

/** Version of the shape. It grows when a key is renamed or removed, and not when one is added. */
export const REPORT_SCHEMA_VERSION = 1;

/**
 * How the run was asked for; seconds and MiB.
 *
 * @public
 */
export type ReportConfig = {
  readonly executor: { readonly baseline: string; readonly candidate: string };
  readonly func: string;
  readonly timeout_s: number;
  readonly mem_mb: number;
  readonly repeats: number;
  readonly mode: 'fixed' | 'sequential';
  readonly violation_cap: number;
  readonly monitors: readonly string[];
  /** Where cases came from: made by the task, or a file of them. */
  readonly cases: string;
};

/**
 * One implementation over all cases that counted; `executions` and `sandbox_failures` are of all cases. `pass_interval` is Wilson's at 95 %; `failure_bound` is what the rate of failures is
 * below at 95 % where none was seen, else null.
 *
 * @public
 */
export type RoleTotals = {
  readonly passes: number;
  readonly total: number;
  readonly pass_rate: number | null;
  readonly pass_interval: Interval | null;
  readonly failure_bound: number | null;
  readonly prop_violations: number;
  readonly mr_violations: number;
  readonly soft_violations: number;
  readonly run_failures: Readonly<Record<string, number>>;
  readonly executions: number;
  readonly sandbox_failures: number;
};

/**
 * A case of which the two sides differ. `broken` names what the failing side broke: checks, or the type of a failed run.
 *
 * @public
 */
export type ReportFlip = {
  readonly case_id: string;
  readonly case_index: number;
  readonly kind: 'pass_to_fail' | 'fail_to_pass';
  readonly broken: readonly string[];
  readonly args: string;
  readonly baseline: string;
  readonly candidate: string;
};

/**
 * A regression that was seen again whenever the candidate was asked again. `smallest` is a smaller case that breaks the same, where one was found.
 *
 * @public
 */
export type ReportRegression = {
  readonly case_id: string;
  readonly kind: 'property' | 'relation' | 'run';
  readonly broken: string;
  readonly message: string;
  readonly args: string;
  readonly smallest: string | null;
};

/**
 * One property or relation over all cases, of each side. `p` is McNemar's (mid-p, two-sided) of the cases where only one side broke it;
 * `q` the same after Benjamini and Hochberg over all checks. Null where no case was asked on both sides.
 *
 * @public
 */
export type CheckCoverage = {
  readonly kind: 'property' | 'relation';
  readonly name: string;
  readonly category: string | null;
  readonly mode: 'hard' | 'soft';
  readonly baseline: CheckCounts;
  readonly candidate: CheckCounts;
  readonly p: number | null;
  readonly q: number | null;
};

/**
 * How often a check held, was violated, was skipped since it does not apply, or could not be asked.
 *
 * @public
 */
export type CheckCounts = {
  readonly held: number;
  readonly violated: number;
  readonly skipped: number;
  readonly unasked: number;
};

/**
 * One metric of the task over all cases where both sides have it. `delta` is candidate − baseline of means or sums, with a paired bootstrap interval of
 * confidence 1 − `bootstrap.alpha`, from so many resamples drawn from the seed.
 *
 * @public
 */
export type ReportMetric = {
  readonly name: string;
  readonly kind: 'mean' | 'sum';
  readonly higher_is_better: boolean;
  readonly bootstrap: { readonly resamples: number; readonly alpha: number; readonly seed: number };
  readonly n: number;
  readonly baseline: number | null;
  readonly candidate: number | null;
  readonly delta: number | null;
  readonly delta_ci: Interval | null;
};

/**
 * Looks at a run before its end. `planned`: the policy says when, and its bounds are those of its design. `cases_at` are the cases
 * that had counted at each look, where looks are planned or spaced; `stopped_for` is why it ended early.
 *
 * @public
 */
export type ReportLooks = {
  readonly kind: 'once' | 'every_pair' | 'adaptive' | 'pocock' | 'obrien_fleming' | 'lan_demets';
  readonly planned: boolean;
  readonly planned_cases: number;
  readonly cases_done: number;
  readonly cases_at: readonly number[];
  readonly stopped_for: string | null;
};

/**
 * The report of an evaluation.
 *
 * @public
 */
export type Report = {
  readonly schema_version: typeof REPORT_SCHEMA_VERSION;
  readonly task: string;
  /** Cases that were asked for; with sequential looks fewer may have been run. */
  readonly n: number;
  readonly seed: number;
  readonly decision: {
    readonly verdict: 'adopt' | 'reject' | 'inconclusive';
    readonly adopt: boolean;
    /** The first of `reasons`. */
    readonly reason: string;
    readonly reasons: readonly string[];
    readonly cases_needed: number | null;
    /** Objectives of the policy, each with what was measured; null where that is not known. */
    readonly policy_checks: readonly {
      readonly name: string;
      readonly value: number | null;
      readonly limit: number;
      readonly passed: boolean;
    }[];
    readonly provenance: {
      readonly policy: string;
      readonly alpha_spent: number;
      readonly looks: number;
    };
  };
  readonly policy: JsonObject;
  readonly baseline: RoleTotals;
  readonly candidate: RoleTotals;
  readonly pairs: {
    readonly both: number;
    readonly only_candidate: number;
    readonly only_baseline: number;
    readonly neither: number;
    /** Cases that count for nobody, by why. */
    readonly excluded: Readonly<Record<string, number>>;
  };
  readonly delta_pass_rate: number | null;
  /** By Tango's score, 95 %. */
  readonly delta_ci: Interval | null;
  readonly relative_risk: number | null;
  readonly relative_risk_ci: Interval | null;
  readonly statistics: {
    readonly log_e: number | null;
    readonly confidence_sequence: Interval | null;
    readonly newcombe_paired: Interval | null;
    readonly bonett_price: Interval | null;
    readonly mcnemar_mid_p: number | null;
    /**
     * Where the task names clusters or cases are repeated: how many clusters there are, the interval that allows for them, and their mean
     * differences, each with how many clusters have it.
     */
    readonly clusters: {
      readonly count: number;
      readonly interval: Interval | null;
      readonly differences: readonly (readonly [difference: number, count: number])[];
    } | null;
    /** Pairs that a fixed design with power 0.8 would need at the discordance seen; null where it cannot be said. */
    readonly recommended_n: number | null;
    readonly minimum_detectable_difference: number | null;
  };
  readonly flips: readonly ReportFlip[];
  readonly flip_count: number;
  readonly regressions: readonly ReportRegression[];
  /** Cases where the candidate failed and the baseline passed which were not asked again, since enough were. */
  readonly unconfirmed: number;
  readonly flaky: readonly { readonly case_id: string; readonly roles: readonly string[] }[];
  readonly relation_coverage: readonly CheckCoverage[];
  readonly metrics: readonly ReportMetric[];
  readonly monitors: readonly MonitorReport[];
  readonly faults: readonly string[];
  readonly llm_metrics: JsonObject | null;
  readonly trust_scores: JsonObject | null;
  readonly stability: { readonly repeats: number; readonly flaky_cases: number };
  /** Looks of the adaptive kind; those of any other are `sequential`. Null where it was looked at once, after its last case. */
  readonly adaptive: ReportLooks | null;
  readonly sequential: ReportLooks | null;
  readonly config: ReportConfig;
  /** SHA-256 of the two implementations, in hexadecimal. */
  readonly hashes: { readonly baseline: string; readonly candidate: string };
  /** SHA-256 of what the task is, as far as it can be read. */
  readonly spec_fingerprint: string;
  readonly replay: {
    readonly cases_file: string | null;
    /** SHA-256 of the file of cases; where none was kept, of what would stand in it. Null in reports of before it was counted so. */
    readonly cases_sha256: string | null;
    readonly command: string | null;
  };
  readonly provenance: Readonly<Record<string, JsonValue>>;
  readonly environment: Readonly<Record<string, JsonValue>>;
  readonly job_metadata: { readonly run_id: string } & Readonly<Record<string, JsonValue>>;
  readonly timing: {
    /** ISO 8601. */
    readonly started_at: string;
    readonly duration_ms: number;
    readonly cases_per_second: number | null;
    readonly baseline: TimingTotals;
    readonly candidate: TimingTotals;
  };
};

/**
 * Milliseconds of one run; null where none succeeded. `histogram` counts runs by time: bounds are 64 steps of a factor from the least to the
 * greatest of both sides.
 *
 * @public
 */
export type TimingTotals = {
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  readonly histogram: { readonly bounds_ms: readonly number[]; readonly counts: readonly number[] };
};
