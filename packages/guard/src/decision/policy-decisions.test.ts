import { describe, expect, test } from 'vitest';
import { eProcess } from '../statistics/looks/e-process.ts';
import { clusterEvidence } from './cluster-evidence.ts';
import { createDecider, decide } from './decide.ts';
import { orderFlips, type Evidence } from './evidence.ts';
import { NO_OBJECTIVES, type Objectives } from './objectives.ts';
import { createDesign, isLookDue } from './planned-looks.ts';
import { createPolicy, type EvidencePolicy, type Looks } from './policy.ts';

const EMPTY = { both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
const ENOUGH = { both: 1_000 };

function found(cases: Partial<Evidence['cases']>, rest: Partial<Evidence> = {}): Evidence {
  const all = { ...EMPTY, ...cases };
  const executions = 2 * (all.both + all.onlyCandidate + all.onlyBaseline + all.neither);
  return { cases: all, executions, sandboxFailures: 0, hardRegressions: [], alerts: [], ...rest };
}

function policy(fields: Partial<EvidencePolicy> = {}): EvidencePolicy {
  return createPolicy({ kind: 'evidence', name: 'tested', bar: -0.02, ...fields });
}

function limits(asked: Partial<Objectives>): EvidencePolicy {
  return policy({ objectives: { ...NO_OBJECTIVES, ...asked } });
}

const NO_VIOLATIONS = { propertyViolations: 0, relationViolations: 0, passes: 1_000, cases: 1_000 };

describe('what an evidence policy asks beside the bar', () => {
  test('a hard regression only counts in the rate where the policy says so', () => {
    const hardRegressions = [{ caseId: 'case-1', kind: 'property' as const, broken: 'sorted' }];
    const counted = found({ both: 2_000, onlyBaseline: 1 }, { hardRegressions });
    expect(decide(counted, policy()).verdict).toBe('reject');
    expect(decide(counted, policy({ hard: 'count' })).verdict).toBe('adopt');
  });

  test('as many flips as the policy lets pass are let in, and one more rejects with their names', () => {
    const flips = [
      { caseId: 'won', kind: 'fail_to_pass' as const },
      ...['a', 'b', 'c'].map((caseId) => ({ caseId, kind: 'pass_to_fail' as const })),
    ];
    const three = found({ both: 2_000, onlyBaseline: 3, onlyCandidate: 1 }, { flips });
    expect(decide(three, policy({ flipsMax: 3 })).verdict).toBe('adopt');
    expect(decide(three, policy({ flipsMax: 2 }))).toMatchObject({
      verdict: 'reject',
      reasons: [
        '3 cases that the baseline passes fail with the candidate, above the 2 that the policy lets pass: a, b, c',
      ],
    });
  });

  test('flips that are not all named are all counted', () => {
    const flips = [{ caseId: 'a', kind: 'pass_to_fail' as const }];
    const [reason] = decide(found({ both: 500, onlyBaseline: 9 }, { flips }), policy({ flipsMax: 0 })).reasons;
    expect(reason).toMatch(/^9 cases .* above the 0 .*: a, and 8 more$/);
  });

  test('flips are read from pass to fail first, each kind as it came', () => {
    const of = (caseId: string, kind: 'pass_to_fail' | 'fail_to_pass') => ({ caseId, kind });
    const flips = [of('1', 'fail_to_pass'), of('2', 'pass_to_fail'), of('3', 'fail_to_pass'), of('4', 'pass_to_fail')];
    expect(orderFlips(flips).map(({ caseId }) => caseId)).toEqual(['2', '4', '1', '3']);
  });

  test('a pass rate below the floor rejects, one at it does not', () => {
    const low = found({ both: 800, neither: 200 });
    expect(decide(low, policy({ minPassRate: 0.8 })).verdict).toBe('adopt');
    expect(decide(low, policy({ minPassRate: 0.9 }))).toMatchObject({
      verdict: 'reject',
      reasons: ['Pass rate too low: 0.800 < 0.9', expect.stringContaining('above the bar')],
    });
  });

  test('a limit on a figure that may still move does not reject before the end', () => {
    const early = { isInterim: true };
    expect(decide(found({ neither: 1 }, early), policy({ minPassRate: 0.8 })).verdict).toBe('inconclusive');
    expect(decide(found({ neither: 1 }), policy({ minPassRate: 0.8 })).verdict).toBe('reject');
  });
});

describe('the policy gate', () => {
  test.each<[string, Partial<Objectives>, Partial<Evidence>, string]>([
    [
      'violations',
      { violations: 0 },
      { totals: { ...NO_VIOLATIONS, relationViolations: 1 } },
      'Quality gate failed: violations detected',
    ],
    [
      'a pass rate',
      { passRate: 0.8 },
      { totals: { ...NO_VIOLATIONS, passes: 700 } },
      'Quality gate failed: pass rate 0.700 < 0.8',
    ],
    ['a difference', { delta: 0.02 }, {}, 'Quality gate failed: delta CI lower bound -0.005 < 0.02'],
    ['a ratio of costs', { costRatio: 1.2 }, { objectives: { costRatio: 1.5 } }, 'Cost gate failed: ratio 1.50 > 1.2'],
    [
      'a difference of costs',
      { costDeltaUsd: 0.01 },
      { objectives: { costDeltaUsd: 0.05 } },
      'Cost gate failed: delta $0.0500 > $0.01',
    ],
    [
      'a ratio of times',
      { latencyRatio: 1.2 },
      { objectives: { latencyRatio: 1.35 } },
      'Latency gate failed: ratio 1.35 > 1.2',
    ],
    [
      'a difference of times',
      { latencyDeltaMs: 10 },
      { objectives: { latencyDeltaMs: 12.5 } },
      'Latency gate failed: delta 12.50ms > 10ms',
    ],
    ['a score', { trustScore: 0.8 }, { objectives: { trustScore: 0.7 } }, 'Trust gate failed: score 0.70 < 0.8'],
    ['flags', { trustFlags: 2 }, { objectives: { trustFlags: 3 } }, 'Trust gate failed: 3 flags > 2'],
  ])('[X002-8] %s beyond the limit rejects, in the words of the contract', (_name, asked, measured, reason) => {
    const decision = decide(found(ENOUGH, measured), limits(asked));
    expect(decision).toMatchObject({ verdict: 'reject', adopt: false, policyChecks: [{ passed: false }] });
    expect(decision.reasons[0]).toBe(reason);
  });

  test('[X002-8] a value at its limit passes, and every check is told', () => {
    const asked = { costRatio: 1.2, trustScore: 0.8, violations: 0, passRate: 1 };
    const measured = { totals: NO_VIOLATIONS, objectives: { costRatio: 1.2, trustScore: 0.8 } };
    const decision = decide(found(ENOUGH, measured), limits(asked));
    expect(decision.verdict).toBe('adopt');
    expect(decision.reasons).toEqual([expect.stringContaining('above the bar'), 'meets_policy_gate']);
    expect(decision.policyChecks).toEqual([
      { name: 'violations', value: 0, limit: 0, passed: true },
      { name: 'pass_rate', value: 1, limit: 1, passed: true },
      { name: 'cost_ratio', value: 1.2, limit: 1.2, passed: true },
      { name: 'trust_score', value: 0.8, limit: 0.8, passed: true },
    ]);
  });

  test.each([undefined, Number.NaN, Infinity])(
    'what is asked for and measured as %s is never passed in silence',
    (costRatio) => {
      const decision = decide(found(ENOUGH, { objectives: { costRatio } }), limits({ costRatio: 1.2 }));
      expect(decision).toMatchObject({
        verdict: 'inconclusive',
        policyChecks: [{ name: 'cost_ratio', value: undefined, limit: 1.2, passed: false }],
      });
      expect(decision.reasons[0]).toBe(
        'cost_ratio was not measured, and the policy asks for at most 1.2; use an executor that reports `cost_usd`',
      );
    },
  );

  test('a policy without objectives says nothing of a gate', () => {
    expect(decide(found(ENOUGH), policy())).toMatchObject({ verdict: 'adopt', policyChecks: [] });
    expect(decide(found(ENOUGH), policy()).reasons).toHaveLength(1);
  });
});

describe('the classic policy', () => {
  const classic = createPolicy({ kind: 'classic', name: 'classic' });
  const better = { both: 300, onlyCandidate: 80, onlyBaseline: 5, neither: 15 };
  const totals = { propertyViolations: 0, relationViolations: 0, passes: 380, cases: 400 };

  test('[X002-8] adopts with meets_gate what its gate lets in', () => {
    expect(decide(found(better, { totals }), classic)).toMatchObject({ verdict: 'adopt', reasons: ['meets_gate'] });
  });

  test('[X002-8] holds the bound that is handed in against the least gain, and else that of the cases', () => {
    expect(decide(found(better, { totals: { ...totals, deltaLower: 0.01 } }), classic).reasons).toEqual([
      'Improvement insufficient: CI lower bound 0.010 < 0.02',
    ]);
    const equal = decide(found({ both: 400 }, { totals: { ...totals, passes: 400 } }), classic);
    expect(equal).toMatchObject({ verdict: 'reject', alphaSpent: 0.05 });
    expect(equal.reasons).toEqual(['Improvement insufficient: CI lower bound -0.010 < 0.02']);
  });

  test('[X002-8] the classical words come first, then those of the policy gate', () => {
    const strict = createPolicy({
      kind: 'classic',
      name: 'classic',
      objectives: { ...NO_OBJECTIVES, costRatio: 1.2, latencyRatio: 1.1 },
    });
    const measured = { costRatio: 1.5, latencyRatio: 1 };
    const broken = { totals: { ...totals, propertyViolations: 3 }, objectives: measured };
    expect(decide(found(better, broken), strict).reasons).toEqual([
      'Property violations: 3 violations found',
      'Cost gate failed: ratio 1.50 > 1.2',
    ]);
    expect(decide(found(better, { totals, objectives: { ...measured, costRatio: 1 } }), strict).reasons).toEqual([
      'meets_gate',
      'meets_policy_gate',
    ]);
    expect(decide(found(better, { totals, objectives: {} }), strict).verdict).toBe('inconclusive');
  });

  test('decides nothing where violations were not counted, before the end, and on a broken sandbox', () => {
    expect(decide(found(better), classic)).toMatchObject({
      verdict: 'inconclusive',
      reasons: [expect.stringContaining('`totals`')],
    });
    expect(decide(found(better, { totals, isInterim: true }), classic).reasons[0]).toContain('looks once');
    expect(decide(found(better, { totals, sandboxFailures: 100 }), classic).verdict).toBe('inconclusive');
  });

  test('a rail that blocks rejects here, too', () => {
    const alerts = [{ monitor: 'latency', severity: 'block' as const, message: 'slower' }];
    expect(decide(found(better, { totals, alerts }), classic).reasons).toEqual(['monitor "latency" blocks: slower']);
  });

  test('clusters are judged by their own bounds, which are wider', () => {
    const clusters = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
    const decision = decide(found(better, { totals, clusters }), classic);
    expect(decision.reasons[0]).toMatch(/^Improvement insufficient: CI lower bound -?0\.\d{3} < 0\.02$/);
  });
});

describe('clusters', () => {
  const values = [
    ...Array.from({ length: 30 }, () => 1),
    ...Array.from({ length: 360 }, () => 0),
    ...Array.from({ length: 10 }, () => -1),
  ];

  test('of one case each are the pairs themselves', () => {
    const rule = { m: 0, alpha: 0.025 };
    const ofPairs = eProcess({ onlyCandidate: 30, same: 360, onlyBaseline: 10 }, rule);
    const ofClusters = clusterEvidence(values, rule);
    expect(ofClusters.logE).toBeCloseTo(4.146754, 6);
    expect(ofClusters.promote).toBe(ofPairs.promote);
    expect(ofClusters.confidenceSequence[0]).toBeCloseTo(ofPairs.confidenceSequence[0], 7);
    expect(ofClusters.confidenceSequence[1]).toBeCloseTo(ofPairs.confidenceSequence[1], 7);
  });

  test('a thousand cases of twenty clusters are twenty observations', () => {
    const clusters = Array.from({ length: 20 }, () => 0);
    expect(decide(found(ENOUGH)).verdict).toBe('adopt');
    expect(decide(found(ENOUGH, { clusters }))).toMatchObject({ verdict: 'inconclusive', casesNeeded: 246 * 50 });
    expect(decide(found(ENOUGH, { clusters: Array.from({ length: 266 }, () => 0) })).verdict).toBe('adopt');
  });

  test('that are worse are rejected, and none at all are no evidence', () => {
    const worse = Array.from({ length: 100 }, () => -0.5);
    expect(decide(found(ENOUGH, { clusters: worse }))).toMatchObject({ verdict: 'reject' });
    expect(decide(found(ENOUGH, { clusters: [] }))).toMatchObject({ verdict: 'inconclusive', casesNeeded: undefined });
  });

  test('outside -1 to 1 are refused', () => {
    expect(() => decide(found(ENOUGH, { clusters: [1.5] }))).toThrow(
      expect.objectContaining({ code: 'STATISTICS_INPUT' }),
    );
  });
});

describe('planned looks', () => {
  const pocock = policy({ looks: { kind: 'pocock', looks: 5 } });
  const at = (...casesAt: readonly number[]) => ({ looks: { plannedCases: 400, casesAt } });

  test('[X002-7] have the constants of the literature at each look', () => {
    const boundAt = (kind: 'pocock' | 'obrien_fleming', casesAt: readonly number[]): number =>
      createDesign({ kind, looks: 5 }, 0.025)({ plannedCases: 400, casesAt })?.bound ?? Number.NaN;
    expect(boundAt('pocock', [80])).toBeCloseTo(2.413, 3);
    expect(boundAt('pocock', [80, 160, 240, 320, 400])).toBeCloseTo(2.413, 3);
    expect(boundAt('obrien_fleming', [80])).toBeCloseTo(2.04 * Math.sqrt(5), 2);
    expect(boundAt('obrien_fleming', [80, 160, 240, 320, 400])).toBeCloseTo(2.04, 3);
  });

  test.each(['pocock', 'obrien_fleming', 'lan_demets'] as const)(
    '%s spends all of alpha by the last look, and less before',
    (kind) => {
      const design = createDesign({ kind, looks: 3 }, 0.025);
      const spentAt = (...casesAt: readonly number[]) =>
        design({ plannedCases: 300, casesAt })?.alphaSpent ?? Number.NaN;
      expect(spentAt(100)).toBeLessThan(spentAt(100, 200));
      expect(spentAt(100, 200)).toBeLessThan(spentAt(100, 200, 300));
      // Both sides together spend 5 %; the few paths that have left on the other side leave a little of this one.
      expect(spentAt(100, 200, 300)).toBeCloseTo(0.025, 3);
    },
  );

  test('adopt with z at the bound or above, and reject what is futile', () => {
    expect(decide(found({ both: 70, onlyCandidate: 10 }, at(80)), pocock)).toMatchObject({ verdict: 'adopt' });
    expect(decide(found({ both: 70, onlyBaseline: 10 }, at(80)), pocock)).toMatchObject({ verdict: 'reject' });
  });

  test('between the two go on, and are inconclusive at the last', () => {
    const first = decide(found({ both: 80 }, at(80)), pocock);
    expect(first.verdict).toBe('inconclusive');
    expect(first.reasons[0]).toMatch(/^at look 1, after 80 of 400 cases, .*: go on to the next look$/);
    const last = decide(found({ both: 380, onlyCandidate: 8, onlyBaseline: 12 }, at(80, 160, 240, 320, 400)), pocock);
    expect(last.verdict).toBe('inconclusive');
    expect(last.reasons[0]).toContain('this was the last look');
  });

  test('identical outputs are adopted sooner than a bet would', () => {
    expect(decide(found({ both: 400 }, at(80, 160, 240, 320, 400)), pocock).verdict).toBe('adopt');
    expect(decide(found({ both: 265 })).verdict).toBe('inconclusive');
  });

  test('decide nothing where nobody says which look it is, or where it is not where the policy plans it', () => {
    expect(decide(found(ENOUGH), pocock)).toMatchObject({
      verdict: 'inconclusive',
      reasons: [expect.stringContaining('hand over `looks`')],
    });
    expect(decide(found({ onlyCandidate: 20 }, at(20)), pocock)).toMatchObject({
      verdict: 'inconclusive',
      alphaSpent: 0,
      reasons: [expect.stringContaining('take looks of kind lan_demets')],
    });
    const spending = policy({ looks: { kind: 'lan_demets', looks: 5 } });
    expect(decide(found({ onlyCandidate: 20 }, at(20)), spending).reasons[0]).toContain('at look 1');
  });

  test.each([
    ['more looks than are planned', [80, 160, 240, 320, 390, 400]],
    ['no look', []],
    ['looks that do not rise', [160, 80]],
    ['more cases than are planned', [401]],
    ['another number of cases than counted', [81]],
  ])('%s are refused', (_name, casesAt) => {
    expect(() => decide(found({ both: 80 }, at(...casesAt)), pocock)).toThrow(
      expect.objectContaining({ code: 'STATISTICS_INPUT' }),
    );
  });

  test('limits on figures that may still move do not reject before the last look', () => {
    const floor = policy({ looks: { kind: 'pocock', looks: 2 }, minPassRate: 0.9 });
    const decideBy = createDecider(floor);
    expect(decideBy(found({ neither: 200 }, at(200))).verdict).toBe('inconclusive');
    expect(decideBy(found({ neither: 400 }, at(200, 400))).verdict).toBe('reject');
  });

  test('clusters are judged by their bet, whatever looks are planned', () => {
    expect(decide(found(ENOUGH, { clusters: Array.from({ length: 266 }, () => 0) }), pocock).verdict).toBe('adopt');
  });
});

describe('when one looks', () => {
  const dueAt = (looks: Looks, plannedCases: number): readonly number[] =>
    Array.from({ length: plannedCases }, (_case, index) => index + 1).filter((cases) =>
      isLookDue(looks, { cases, plannedCases }),
    );

  test('[X002-7] adaptive looks are after 50 cases and every 50 from there, and at the end', () => {
    expect(dueAt({ kind: 'adaptive', min: 50, interval: 50 }, 230)).toEqual([50, 100, 150, 200, 230]);
  });

  test('planned looks are evenly spaced; without a plan every case is one', () => {
    expect(dueAt({ kind: 'pocock', looks: 4 }, 10)).toEqual([3, 5, 8, 10]);
    expect(dueAt({ kind: 'every_pair' }, 4)).toEqual([1, 2, 3, 4]);
    expect(isLookDue({ kind: 'every_pair' }, { cases: 0, plannedCases: 4 })).toBe(false);
  });

  test('[X002-7] an adaptive policy decides nothing before its first look, and then as the e-process does', () => {
    const adaptive = policy({ looks: { kind: 'adaptive', min: 50, interval: 50 } });
    const lost = { onlyCandidate: 49 };
    expect(decide(found(lost), policy()).verdict).toBe('adopt');
    expect(decide(found(lost), adaptive)).toMatchObject({
      verdict: 'inconclusive',
      casesNeeded: 1,
      evidence: { promote: false },
    });
    expect(decide(found({ onlyCandidate: 50 }), adaptive)).toEqual(decide(found({ onlyCandidate: 50 }), policy()));
  });
});

test.each<[string, Partial<EvidencePolicy>]>([
  ['a bar of 1', { bar: 1 }],
  ['an alpha of a half', { alpha: 0.5 }],
  ['a name of nothing', { name: ' ' }],
  ['half a flip', { flipsMax: 0.5 }],
  ['no look', { looks: { kind: 'pocock', looks: 0 } }],
  ['a floor above 1', { minPassRate: 1.1 }],
  ['a limit that is no number', { objectives: { ...NO_OBJECTIVES, costRatio: Number.NaN } }],
  ['a negative ratio', { objectives: { ...NO_OBJECTIVES, latencyRatio: -1 } }],
])('a policy with %s is refused', (_name, fields) => {
  expect(() => policy(fields)).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT' }));
});
