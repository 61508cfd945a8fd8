/**
 * The JSON Schema (draft 2020-12) of a report, for whoever reads reports with other programs. It is published as
 * packages/guard/report.schema.json, which is written from here. Keys that it does not name are allowed: a report may grow
 * without a new version.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { REPORT_SCHEMA_VERSION } from './report.ts';
import {
  anyObject,
  count,
  enumOf,
  list,
  nullOr,
  number,
  object,
  record,
  share,
  text,
  tupleOf,
} from './schema-parts.ts';

const probability = (description: string): JsonObject => ({
  type: ['number', 'null'],
  minimum: 0,
  maximum: 1,
  description,
});
const interval = (description: string): JsonObject => nullOr(tupleOf(number(''), description));
const role = enumOf('A side.', ['baseline', 'candidate']);

const roleTotals = (description: string): JsonObject =>
  object(description, {
    passes: count('Cases that passed.'),
    total: count('Cases that counted.'),
    pass_rate: probability('Passes over total; null where no case counted.'),
    pass_interval: interval('95 % interval of the pass rate, by Wilson’s score.'),
    failure_bound: probability('Where nothing failed: the rate of failures is below this at 95 %.'),
    prop_violations: count('Hard properties broken, over all cases that counted.'),
    mr_violations: count('Metamorphic relations broken.'),
    soft_violations: count('Soft properties broken; they are reported and held against nobody.'),
    run_failures: record('Failed runs by type, such as timeout.', count('Runs.')),
    executions: count('Runs of all cases, follow-ups and retries with them.'),
    sandbox_failures: count('Those of them that ended for no reason of the implementation.'),
  });

const checkCounts = (description: string): JsonObject =>
  object(description, {
    held: count('Cases where it held.'),
    violated: count('Cases where it was broken.'),
    skipped: count('Cases where its pre-condition did not hold, or it did not apply.'),
    unasked: count('Cases where it could not be asked: a run or its own code failed.'),
  });

const timingTotals = (description: string): JsonObject =>
  object(description, {
    p50_ms: number('Median, milliseconds.', ['null']),
    p95_ms: number('95 of 100 took at most this.', ['null']),
    p99_ms: number('99 of 100 took at most this.', ['null']),
    histogram: object('How often which time was seen; the axis is that of both sides.', {
      bounds_ms: list('Bounds of the steps, each a factor above the one before; one more than counts.', number('')),
      counts: list('Runs of each step.', count('Runs.')),
    }),
  });

const decision = object('What was decided, and by what.', {
  verdict: enumOf('How it ended.', ['adopt', 'reject', 'inconclusive']),
  adopt: { type: 'boolean', description: 'Whether the verdict is adopt.' },
  reason: text('The first of the reasons.'),
  reasons: list('Why, the most important first.', text('A sentence.')),
  policy_checks: list(
    'Objectives of the policy.',
    object('An objective.', {
      name: text('Its name.'),
      value: number('What was measured; null where that is not known.', ['null']),
      limit: number('What the policy asks for.'),
      passed: { type: 'boolean', description: 'Whether it is met.' },
    }),
  ),
  cases_needed: nullOr(count('How many more cases it would take at the rates seen so far.')),
  provenance: object('What the decision is computed from.', {
    policy: text('Name of the policy.'),
    alpha_spent: number('Probability of letting in a candidate that should not be, over all looks together.'),
    looks: count('How often it was looked.'),
  }),
});

const pairs = object('The cases that counted, by whom they passed.', {
  both: count('Both passed.'),
  only_candidate: count('Only the candidate passed.'),
  only_baseline: count('Only the baseline passed.'),
  neither: count('Neither passed.'),
  excluded: record('Cases that count for nobody, by why.', count('Cases.')),
});

const statistics = object('Further figures of the pairs; they describe, the decision has its own rule.', {
  log_e: number('Natural logarithm of the evidence against “no better than the bar”.', ['null']),
  confidence_sequence: interval('Bounds of the difference of pass rates that hold at every look together.'),
  newcombe_paired: interval('95 % interval of the difference, by Newcombe’s square-and-add for pairs.'),
  bonett_price: interval('95 % interval of the difference, by Bonett and Price.'),
  mcnemar_mid_p: probability('Two-sided mid-p of McNemar’s test.'),
  clusters: nullOr(
    object('Where several cases share a cluster.', {
      count: count('Clusters.'),
      interval: interval('95 % interval of the difference that lets cases of a cluster depend on each other.'),
      differences: list('Mean differences of clusters, each with how many have it.', tupleOf(number('A number.'), '')),
    }),
  ),
  recommended_n: nullOr(count('Pairs that a fixed design with power 0.8 needs at the discordance seen.')),
  minimum_detectable_difference: probability('What as many pairs as there were find with power 0.8.'),
});

const flip = object('A case of which the two sides differ.', {
  case_id: text('Name of the case.'),
  case_index: count('Its place, from 0.'),
  kind: enumOf('From pass to fail, or the other way.', ['pass_to_fail', 'fail_to_pass']),
  broken: list('What the failing side broke: checks, or types of failed runs.', text('Name.')),
  args: text('Arguments.'),
  baseline: text('What the baseline answered.'),
  candidate: text('What the candidate answered.'),
});

const regression = object('A failure of the candidate alone that was seen again each time it was asked.', {
  case_id: text('Name of the case.'),
  kind: enumOf('What was broken.', ['property', 'relation', 'run']),
  broken: text('Its name, or the type of the failed run.'),
  message: text('What is wrong.'),
  args: text('Arguments.'),
  smallest: nullOr(text('Arguments of a smaller case that breaks the same.')),
});

const coverage = object('One property or relation, over all cases that counted.', {
  kind: enumOf('What it is.', ['property', 'relation']),
  name: text('Its name.'),
  category: nullOr(text('Category of a relation.')),
  mode: enumOf('Soft ones are only reported.', ['hard', 'soft']),
  baseline: checkCounts('On the baseline.'),
  candidate: checkCounts('On the candidate.'),
  p: probability('McNemar’s two-sided mid-p of cases where only one side broke it.'),
  q: probability('The same after Benjamini and Hochberg over all checks.'),
});

const metric = object('A metric of the task, over cases where both sides have it.', {
  name: text('Its name.'),
  kind: enumOf('Means or sums are compared.', ['mean', 'sum']),
  higher_is_better: { type: 'boolean', description: 'Whether more is better.' },
  bootstrap: object('How its interval is drawn.', {
    resamples: { type: 'integer', minimum: 100, maximum: 10_000_000, description: 'Resamples.' },
    alpha: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'One less the confidence.' },
    seed: number('Seed of the draws.'),
  }),
  n: count('Cases.'),
  baseline: number('Mean or sum of the baseline.', ['null']),
  candidate: number('Mean or sum of the candidate.', ['null']),
  delta: number('Candidate − baseline.', ['null']),
  delta_ci: interval('Paired bootstrap interval of it.'),
});

const monitor: JsonObject = {
  description: 'What a monitor found, or why it found nothing.',
  anyOf: [
    object('A summary.', {
      id: text('Name of the monitor.'),
      summary: anyObject('Its figures.'),
      alerts: list('What whoever decides should see.', {
        ...object('An alert.', { type: text('Kind of alert.') }),
      }),
    }),
    object('A failure.', { id: text('Name of the monitor.'), failed: text('Why there is no summary.') }),
  ],
};

const config = object('How the run was asked for.', {
  executor: object('Name of the executor of each side.', { baseline: text('Name.'), candidate: text('Name.') }),
  func: text('The function that was called.'),
  timeout_s: number('Seconds that a run may take.'),
  mem_mb: number('MiB that a run may use.'),
  repeats: count('Runs of each case.'),
  mode: enumOf('When it is looked at the evidence.', ['fixed', 'sequential']),
  violation_cap: count('Violations that are kept in full.'),
  monitors: list('Monitors, as they were written.', text('A monitor.')),
  cases: text('Where cases came from.'),
});

const looks = object('Looks at a run before its end.', {
  kind: enumOf('When it may be looked at.', [
    'once',
    'every_pair',
    'adaptive',
    'pocock',
    'obrien_fleming',
    'lan_demets',
  ]),
  planned: { type: 'boolean', description: 'Whether the policy says when, and its bounds are those of a design.' },
  planned_cases: count('Cases that were to be run.'),
  cases_done: count('Cases that were run.'),
  cases_at: list('Cases that had counted at each look.', count('Cases.')),
  stopped_for: nullOr(text('Why it ended early.')),
});

const timing = object('Times; they differ from run to run.', {
  started_at: text('ISO 8601.'),
  duration_ms: { type: 'number', minimum: 0, description: 'Milliseconds of the whole run.' },
  cases_per_second: number('Speed.', ['null']),
  baseline: timingTotals('Times of runs of the baseline that succeeded.'),
  candidate: timingTotals('Times of runs of the candidate that succeeded.'),
});

/**
 * The schema.
 *
 * @public
 */
export const REPORT_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Bulkhead guard report',
  ...object('What an evaluation of a candidate against a baseline leaves behind.', {
    schema_version: { const: REPORT_SCHEMA_VERSION, description: 'Version of this shape.' },
    task: text('Name of the task.'),
    n: count('Cases that were asked for.'),
    seed: number('What all draws start from.'),
    decision,
    policy: anyObject('The policy, in full.'),
    baseline: roleTotals('The baseline over all cases.'),
    candidate: roleTotals('The candidate over all cases.'),
    pairs,
    delta_pass_rate: { ...share('Candidate − baseline.', -1), type: ['number', 'null'] },
    delta_ci: interval('95 % interval of the difference, by Tango’s score.'),
    relative_risk: number('Pass rate of the candidate over that of the baseline.', ['null']),
    relative_risk_ci: interval('95 % interval of the ratio, by Katz’s logarithm.'),
    statistics,
    flips: list('Cases of which the two sides differ, from pass to fail first; at most 100.', flip),
    flip_count: count('All of them.'),
    regressions: list('Failures of the candidate alone that were confirmed.', regression),
    unconfirmed: count('Failures of the candidate alone that were not asked again, since enough were.'),
    flaky: list(
      'Cases that answered otherwise when asked again; at most 100.',
      object('A case.', { case_id: text('Name of the case.'), roles: list('Which sides.', role) }),
    ),
    relation_coverage: list('Properties and then relations, in the order of the task.', coverage),
    metrics: list('Metrics, in the order of the task.', metric),
    monitors: list('Monitors, in their order.', monitor),
    faults: list('What went wrong in the code of the task, and why cases could not be run.', text('A fault.')),
    llm_metrics: nullOr(anyObject('Tokens and costs of models.')),
    trust_scores: nullOr(anyObject('Scores of judges.')),
    stability: object('Repeats.', { repeats: count('Runs of each case.'), flaky_cases: count('Flaky cases.') }),
    adaptive: nullOr(looks),
    sequential: nullOr(looks),
    config,
    hashes: object('SHA-256 of the implementations, in hexadecimal.', {
      baseline: text('Of the baseline.'),
      candidate: text('Of the candidate.'),
    }),
    spec_fingerprint: text('SHA-256 of what the task is, as far as it can be read.'),
    replay: object('How to compute it again.', {
      cases_file: nullOr(text('Name of the file of cases, beside the report.')),
      cases_sha256: nullOr(text('Its SHA-256.')),
      command: nullOr(text('A command.')),
    }),
    provenance: anyObject('Where it comes from.'),
    environment: anyObject('Where it ran.'),
    job_metadata: object('The run.', { run_id: text('Its name.') }),
    timing,
  }),
};

/**
 * The schema as it is published: JSON of two spaces, with a line break at its end.
 *
 * @public
 */
export function reportSchemaText(): string {
  return `${JSON.stringify(REPORT_SCHEMA, null, 2)}\n`;
}
