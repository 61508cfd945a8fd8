/**
 * The policy gate: limits on what was measured beside pass rates (quality, cost, latency, trust), in the words of contract X002-8. A
 * value exactly at its limit passes. They are held against the measured value itself, not against an interval of it; who wants an error rate
 * uses a monitor, which has one. What is asked for and was not measured is never passed in silence.
 */

/**
 * One number for each objective: limits of a policy, where undefined is not asked, or what was measured, where it is not known.
 * Ratios and differences are of the candidate to the baseline.
 *
 * @public
 */
export type Objectives = {
  /** Violations of the candidate. */
  readonly violations: number | undefined;
  /** Pass rate of the candidate. */
  readonly passRate: number | undefined;
  /** Lower bound of the difference of pass rates. */
  readonly delta: number | undefined;
  readonly costRatio: number | undefined;
  readonly costDeltaUsd: number | undefined;
  readonly latencyRatio: number | undefined;
  readonly latencyDeltaMs: number | undefined;
  readonly trustScore: number | undefined;
  readonly trustFlags: number | undefined;
};

/**
 * A limit and what was held against it. `passed` is false where the value is not known.
 *
 * @public
 */
export type PolicyCheck = {
  /** The objective's name as in a file, such as `cost_ratio`. */
  readonly name: string;
  readonly value: number | undefined;
  readonly limit: number;
  readonly passed: boolean;
};

/** All checks; why those that failed did, in the words of X002-8; and what has to be measured yet. */
export type PolicyGate = {
  readonly checks: readonly PolicyCheck[];
  readonly failures: readonly string[];
  readonly unmeasured: readonly string[];
};

/** An objective: how its limit is called in files, on which side of it is wrong, and how one says so. */
export type Objective = {
  readonly key: keyof Objectives;
  readonly name: string;
  readonly limit: 'least' | 'most';
  /** In whole numbers. */
  readonly isCount: boolean;
  readonly failure: (value: number, limit: number) => string;
  /** How it comes to be measured. */
  readonly cure: string;
};

const TOTALS = 'count violations of the candidate and hand them over as `totals`';
const CASES = 'judge at least one case';
const COST = 'use an executor that reports `cost_usd`';
const LATENCY = 'let at least one case succeed on both sides, so that there are times to compare';
const TRUST = 'have trust assessed, and hand it over with what was measured';

/** All of them, in the order in which failures are told. */
export const OBJECTIVES: readonly Objective[] = [
  {
    ...{ key: 'violations', name: 'violations', limit: 'most', isCount: true, cure: TOTALS },
    failure: () => 'Quality gate failed: violations detected',
  },
  {
    ...{ key: 'passRate', name: 'pass_rate', limit: 'least', isCount: false, cure: CASES },
    failure: (value, limit) => `Quality gate failed: pass rate ${value.toFixed(3)} < ${limit}`,
  },
  {
    ...{ key: 'delta', name: 'delta', limit: 'least', isCount: false, cure: CASES },
    failure: (value, limit) => `Quality gate failed: delta CI lower bound ${value.toFixed(3)} < ${limit}`,
  },
  {
    ...{ key: 'costRatio', name: 'cost_ratio', limit: 'most', isCount: false, cure: COST },
    failure: (value, limit) => `Cost gate failed: ratio ${value.toFixed(2)} > ${limit}`,
  },
  {
    ...{ key: 'costDeltaUsd', name: 'cost_delta_usd', limit: 'most', isCount: false, cure: COST },
    failure: (value, limit) => `Cost gate failed: delta $${value.toFixed(4)} > $${limit}`,
  },
  {
    ...{ key: 'latencyRatio', name: 'latency_ratio', limit: 'most', isCount: false, cure: LATENCY },
    failure: (value, limit) => `Latency gate failed: ratio ${value.toFixed(2)} > ${limit}`,
  },
  {
    ...{ key: 'latencyDeltaMs', name: 'latency_delta_ms', limit: 'most', isCount: false, cure: LATENCY },
    failure: (value, limit) => `Latency gate failed: delta ${value.toFixed(2)}ms > ${limit}ms`,
  },
  {
    ...{ key: 'trustScore', name: 'trust_score', limit: 'least', isCount: false, cure: TRUST },
    failure: (value, limit) => `Trust gate failed: score ${value.toFixed(2)} < ${limit}`,
  },
  {
    ...{ key: 'trustFlags', name: 'trust_flags', limit: 'most', isCount: true, cure: TRUST },
    failure: (value, limit) => `Trust gate failed: ${value} flags > ${limit}`,
  },
];

/** No limit at all, and nothing measured. */
export const NO_OBJECTIVES: Objectives = {
  violations: undefined,
  passRate: undefined,
  delta: undefined,
  costRatio: undefined,
  costDeltaUsd: undefined,
  latencyRatio: undefined,
  latencyDeltaMs: undefined,
  trustScore: undefined,
  trustFlags: undefined,
};

/** Tells whether a policy has any limit. */
export function hasObjectives(limits: Objectives): boolean {
  return OBJECTIVES.some(({ key }) => limits[key] !== undefined);
}

/**
 * Holds what was measured against the limits that are asked for. A value that is not finite, such as a ratio to nothing, was not measured.
 */
export function checkObjectives(limits: Objectives, measured: Objectives): PolicyGate {
  const asked = OBJECTIVES.flatMap((objective) => {
    const limit = limits[objective.key];
    return limit === undefined ? [] : [judge(objective, limit, measured[objective.key])];
  });
  return {
    checks: asked.map(({ check }) => check),
    failures: asked.flatMap(({ failure }) => failure ?? []),
    unmeasured: asked.flatMap(({ unmeasured }) => unmeasured ?? []),
  };
}

type Judged = { readonly check: PolicyCheck; readonly failure?: string; readonly unmeasured?: string };

function judge(objective: Objective, limit: number, found: number | undefined): Judged {
  const { name } = objective;
  const value = Number.isFinite(found) ? found : undefined;
  if (value === undefined) {
    const unmeasured = `${name} was not measured, and the policy asks for at ${objective.limit} ${limit}; ${objective.cure}`;
    return { check: { name, value, limit, passed: false }, unmeasured };
  }
  const passed = objective.limit === 'least' ? !(value < limit) : !(value > limit);
  const check = { name, value, limit, passed };
  return passed ? { check } : { check, failure: objective.failure(value, limit) };
}
