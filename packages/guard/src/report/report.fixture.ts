/**
 * Reports and cases for tests: made by the same tally and the same decision as real ones, so that they agree with themselves.
 */
import fc from 'fast-check';
import type { JsonObject } from '@bulkhead/protocol';
import { decide } from '../decision/decide.ts';
import { DEFAULT_POLICY, type Policy } from '../decision/policy.ts';
import type { EvaluatedPair, EvaluatedSide } from '../evaluation/evaluated-pair.ts';
import { createRandom } from '../statistics/random.ts';
import { policyToJson } from '../policy/policy-files.ts';
import { evidenceOf } from './evidence-of.ts';
import { REPORT_SCHEMA_VERSION, type Report } from './report.ts';
import { createTally, type TallyTotals } from './summarize.ts';
import type { TaskFacts } from './task-facts.ts';

/** Two properties, of which the second is soft, two relations and two metrics. */
export const FACTS: TaskFacts = {
  checks: [
    { kind: 'property', name: 'sorted', category: null, mode: 'hard' },
    { kind: 'property', name: 'short_enough', category: null, mode: 'soft' },
    { kind: 'relation', name: 'permute', category: 'order', mode: 'hard' },
    { kind: 'relation', name: 'scale', category: 'numbers', mode: 'hard' },
  ],
  metrics: [
    { name: 'score', kind: 'mean', higher_is_better: true, bootstrap: { resamples: 200, alpha: 0.05, seed: 7 } },
    { name: 'tokens', kind: 'sum', higher_is_better: false, bootstrap: { resamples: 200, alpha: 0.05, seed: 7 } },
  ],
  seed: 42,
  margin: 0.02,
};

/** A side that passed all, but for what is said. */
export function sideOf(changes: Partial<EvaluatedSide> = {}): EvaluatedSide {
  return {
    grade: 'passed',
    pass_share: changes.grade === undefined || changes.grade === 'passed' ? 1 : 0,
    result: { success: true, result: [1, 2, 3], duration_ms: 12 },
    duration_ms: 12,
    checks: 'hhhh',
    violations: [],
    violation_count: 0,
    run_failures: [],
    faults: [],
    executions: 3,
    sandbox_failures: 0,
    metrics: { score: 0.9, tokens: 100 },
    ...changes,
  };
}

/** A side that broke `sorted`. */
export function brokenSide(changes: Partial<EvaluatedSide> = {}): EvaluatedSide {
  const violation = {
    kind: 'property',
    name: 'sorted',
    mode: 'hard',
    message: '3 stands before 1',
    args: '[[3,1]]',
    follow_args: [],
  } as const;
  return sideOf({
    grade: 'failed',
    result: { success: true, result: [3, 1], duration_ms: 12 },
    checks: 'vhhh',
    violations: [violation],
    violation_count: 1,
    ...changes,
  });
}

/** A side whose run took too long. */
export function timedOutSide(): EvaluatedSide {
  const failure = {
    relation: null,
    kind: 'timeout',
    code: 'SANDBOX_TIMEOUT',
    message: 'it took longer than 2 s',
    duration_ms: 2_000,
    args: '[[3,1]]',
  };
  return sideOf({
    grade: 'failed',
    result: { success: false, error: 'it took longer than 2 s', error_type: 'timeout', duration_ms: 2_000 },
    duration_ms: 2_000,
    checks: 'uuuu',
    run_failures: [failure],
    metrics: { score: null, tokens: null },
  });
}

/** A case that both passed, but for what is said. */
export function pairOf(case_index: number, changes: Partial<EvaluatedPair> = {}): EvaluatedPair {
  const case_id = `case-${String(case_index).padStart(5, '0')}`;
  return {
    case_index,
    case_id,
    cluster: case_id,
    args: `[[${case_index},3,1]]`,
    first: case_index % 2 === 0 ? 'baseline' : 'candidate',
    baseline: sideOf(),
    candidate: sideOf(),
    flaky: [],
    regression: null,
    ...changes,
  };
}

/**
 * Cases with times of a long tail, and a candidate that is a fifth slower: of each hundred it breaks `worse` that the baseline keeps,
 * and keeps `better` that the baseline breaks.
 */
export function pairsOf(n: number, { worse = 1, better = 2 } = {}): readonly EvaluatedPair[] {
  const random = createRandom(1);
  const timed = (side: EvaluatedSide, factor: number): EvaluatedSide => {
    const duration_ms = factor * 8 * Math.exp(random.next() + random.next() + random.next() ** 6 * 2.5);
    return { ...side, duration_ms, metrics: { score: random.next(), tokens: Math.round(random.next() * 500) } };
  };
  return Array.from({ length: n }, (_, index) => {
    const place = index % 100;
    const [baseline, candidate] = [place < better ? brokenSide() : sideOf(), sideOf()];
    if (place >= 100 - worse) return pairOf(index, { candidate: place === 99 ? brokenSide() : timedOutSide() });
    return pairOf(index, { baseline: timed(baseline, 1), candidate: timed(candidate, 1.2) });
  });
}

/** What a report is made of, beside its cases. */
export type ReportParts = {
  readonly pairs: readonly EvaluatedPair[];
  readonly policy: Policy;
  readonly monitors: Report['monitors'];
  readonly regressions: Report['regressions'];
};

/** A report of cases: 400 that go well, with four monitors, but for what is said. */
export function reportOf(parts: Partial<ReportParts> = {}, changes: Partial<Report> = {}): Report {
  const { pairs = pairsOf(400), policy = DEFAULT_POLICY, monitors = MONITORS, regressions = [] } = parts;
  const tally = createTally(FACTS);
  for (const pair of pairs) tally.take(pair);
  const { flaky_cases, timing, statistics, ...totals } = tally.totals();
  const decided = decisionOf({ ...totals, statistics, timing, regressions, monitors }, policy);
  return {
    schema_version: REPORT_SCHEMA_VERSION,
    task: 'sort',
    n: pairs.length,
    seed: FACTS.seed,
    decision: decided.decision,
    policy: policyToJson(policy),
    ...totals,
    statistics: { ...decided.statistics, ...statistics },
    regressions,
    unconfirmed: 0,
    monitors,
    stability: { repeats: 1, flaky_cases },
    ...REST,
    timing: { started_at: '2026-03-04T05:06:07.000Z', duration_ms: 4_321, cases_per_second: 92.6, ...timing },
    ...changes,
  };
}

function decisionOf(
  found: Omit<TallyTotals, 'flaky_cases'> & Pick<ReportParts, 'regressions' | 'monitors'>,
  policy: Policy,
): Pick<Report, 'decision'> & { readonly statistics: Pick<Report['statistics'], 'log_e' | 'confidence_sequence'> } {
  const { verdict, adopt, reasons, casesNeeded, evidence } = decide(evidenceOf({ ...REST, ...found }), policy);
  return {
    decision: {
      verdict,
      adopt,
      reason: reasons[0] ?? '',
      reasons,
      cases_needed: casesNeeded ?? null,
      policy_checks: [],
      provenance: { policy: policy.name, alpha_spent: policy.alpha, looks: 1 },
    },
    statistics: { log_e: evidence?.logE ?? null, confidence_sequence: evidence?.confidenceSequence ?? null },
  };
}

/** One that is fine, one that warns, one that alerts and one that failed. */
const MONITORS: Report['monitors'] = [
  { id: 'success_rate', summary: { status: 'ok', baseline: 1, candidate: 1 }, alerts: [] },
  {
    id: 'latency',
    summary: { status: 'alert', ratio: 1.21, pairs: 398 },
    alerts: [
      {
        type: 'latency_regression',
        severity: 'warn',
        message: 'the candidate takes 1.21 times as long at the 95th percentile, more than 1.2',
        ratio: 1.21,
        p: 0.0004,
      },
    ],
  },
  { id: 'fairness', summary: { status: 'nodata' }, alerts: [] },
  { id: 'watch_dog', failed: 'it did not answer within 10000 ms' },
];

const REST = {
  llm_metrics: null,
  trust_scores: null,
  adaptive: null,
  sequential: null,
  config: {
    executor: { baseline: 'process', candidate: 'process' },
    func: 'sort',
    timeout_s: 2,
    mem_mb: 128,
    repeats: 1,
    mode: 'fixed',
    violation_cap: 100,
    monitors: ['latency:percentile=0.95,alert_ratio=1.2'],
    cases: 'made by the task',
  },
  hashes: { baseline: 'a1'.repeat(32), candidate: 'b2'.repeat(32) },
  spec_fingerprint: 'c3'.repeat(32),
  replay: { cases_file: null, cases_sha256: null, command: 'bulkhead guard replay report_20260304_050607.json' },
  provenance: { git: { commit: 'd4'.repeat(20), dirty: false }, guard: '0.1.0' },
  environment: { node: 'v26.10.0', platform: 'linux', cpus: 2 },
  job_metadata: { run_id: 'run-1' },
} as const satisfies Partial<Report>;

/** The same report with a text in every place that holds one and may hold any, its objects' free keys with it. */
export function poisoned(report: Report, poison: string): Report {
  const copy = poisonedValue(report, poison, '') as Report; // Texts are replaced by texts.
  const extra: JsonObject = { [poison.slice(0, 200)]: poison };
  return { ...copy, environment: { ...copy.environment, ...extra }, provenance: { ...copy.provenance, ...extra } };
}

/** Texts of which the shape says what they are. */
const FIXED = new Set(['verdict', 'kind', 'mode', 'roles', 'severity']);

function poisonedValue(value: unknown, poison: string, key: string): unknown {
  if (typeof value === 'string') return FIXED.has(key) ? value : poison;
  if (Array.isArray(value)) return value.map((item: unknown) => poisonedValue(item, poison, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, poisonedValue(member, poison, name)]));
}

/** Sides of any grade and checks. */
const SIDES: fc.Arbitrary<EvaluatedSide> = fc
  .record({
    grade: fc.constantFrom('passed', 'passed', 'failed', 'ungraded', 'unrun'),
    checks: fc.array(fc.constantFrom('h', 'h', 'v', 's', 'u', 'r', 'f'), { minLength: 4, maxLength: 4 }),
    duration_ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
    score: fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true })),
    message: fc.string(),
    success: fc.boolean(),
    executions: fc.nat(20),
  })
  .map(({ checks, score, message, success, ...rest }) => ({
    ...sideOf(),
    ...rest,
    checks: checks.join(''),
    metrics: { score, tokens: rest.executions },
    result: success ? { success, result: message } : { success, error: message, error_type: message },
    faults: rest.grade === 'ungraded' ? [{ code: 'TASK_FAULT', kind: 'property', name: 'sorted', message }] : [],
  }));

/** Any run of up to 40 cases. */
export const RANDOM_PAIRS: fc.Arbitrary<readonly EvaluatedPair[]> = fc
  .array(fc.record({ baseline: SIDES, candidate: SIDES, cluster: fc.constantFrom('one', 'two', 'three') }), {
    maxLength: 40,
  })
  .map((sides) => sides.map((both, index) => pairOf(index, both)));
