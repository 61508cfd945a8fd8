/**
 * The verdict on a candidate, by guard's own rules: of cases by its decision, of values by the interval of the shift (Hodges and Lehmann)
 * against a bar. What fails a case that the baseline passes is rejected however quick it is.
 */
import {
  decide,
  hodgesLehmannInterval,
  mannWhitneyTest,
  noninferiority,
  quantileOf,
  signedRankTest,
  superiority,
  type Interval,
  type Verdict,
} from '@bulkhead/guard/decision';
import type { Measurements } from './measurements.ts';

/** A verdict, why, and of values the gain over the baseline with its interval, in their own unit; above 0 is better. */
export type Judgement = {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly gain?: { readonly estimate: number; readonly interval: Interval };
};

/** Of the interval, which leaves .025 on either side: the alpha of guard's default policy. */
const CONFIDENCE = 0.95;

/** Judges them; without a baseline it is inconclusive. */
export function judge(measured: Measurements): Judgement {
  const lost = lostCases(measured);
  if (lost.length > 0) return { verdict: 'reject', reasons: [lostReason(lost, measured)] };
  const { values, baseline, passes, baselinePasses } = measured;
  if (values !== undefined && baseline !== undefined) return judgeValues(values, baseline, measured);
  if (values === undefined && passes !== undefined && baselinePasses !== undefined) {
    return judgeCases(passes, baselinePasses, measured);
  }
  return {
    verdict: 'inconclusive',
    reasons: ['there is nothing to compare with; give what was measured of the baseline'],
  };
}

/**
 * Indexes of cases that speak against a candidate with values: those that it fails, but for those that the baseline fails as well. Where
 * cases are all that there is, each loss counts in guard's decision instead.
 */
export function lostCases({ values, passes = [], baselinePasses }: Measurements): readonly number[] {
  if (values === undefined) return [];
  return passes.flatMap((pass, index) => (pass || baselinePasses?.[index] === false ? [] : [index]));
}

const NAMED_MAX = 5;

function lostReason(lost: readonly number[], { passes = [], baselinePasses }: Measurements): string {
  const more = lost.length > NAMED_MAX ? `, and ${lost.length - NAMED_MAX} more` : '';
  const which = baselinePasses === undefined ? '' : ' that the baseline passes';
  return `the candidate fails ${lost.length} of ${passes.length} cases${which}: ${lost.slice(0, NAMED_MAX).join(', ')}${more}`;
}

function judgeCases(passes: readonly boolean[], baselinePasses: readonly boolean[], { bar }: Measurements): Judgement {
  const cases = { both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
  for (const [index, pass] of passes.entries()) {
    const other = baselinePasses[index] === true;
    if (pass) cases[other ? 'both' : 'onlyCandidate'] += 1;
    else cases[other ? 'onlyBaseline' : 'neither'] += 1;
  }
  const found = { cases, executions: 2 * passes.length, sandboxFailures: 0, hardRegressions: [], alerts: [] };
  const { verdict, reasons } = decide(found, bar < 0 ? noninferiority(-bar) : superiority(bar));
  return { verdict, reasons };
}

function judgeValues(values: readonly number[], baseline: readonly number[], measured: Measurements): Judgement {
  const { isPaired, better, bar } = measured;
  const [needed, isEnough] = isPaired ? enoughPairs(values.length) : enoughRuns(values.length, baseline.length);
  if (!isEnough) {
    const reason = `${values.length} runs and ${baseline.length} of the baseline are too few to show anything; expected ${needed}`;
    return { verdict: 'inconclusive', reasons: [reason] };
  }
  const gain = gainOf(values, baseline, { isPaired, better });
  const [lower, upper] = gain.interval;
  const least = bar * Math.abs(quantileOf(baseline, 0.5));
  const said = `the gain is from ${figure(lower)} to ${figure(upper)}`;
  if (lower >= least && (bar < 0 || lower > 0))
    return { verdict: 'adopt', reasons: [`${said}, not below ${figure(least)}`], gain };
  if (upper < least) return { verdict: 'reject', reasons: [`${said}, below ${figure(least)}`], gain };
  return { verdict: 'inconclusive', reasons: [`${said}, around ${figure(least)}; more runs would tell`], gain };
}

function gainOf(
  values: readonly number[],
  baseline: readonly number[],
  { isPaired, better }: Pick<Measurements, 'isPaired' | 'better'>,
): NonNullable<Judgement['gain']> {
  const [above, below] = better === 'higher' ? [values, baseline] : [baseline, values];
  if (!isPaired) {
    const { hodgesLehmann, interval } = mannWhitneyTest(above, below, { confidence: CONFIDENCE });
    return { estimate: hodgesLehmann, interval };
  }
  const differences = above.map((value, index) => value - (below[index] ?? 0));
  const { hodgesLehmann: estimate } = signedRankTest(differences);
  return { estimate, interval: hodgesLehmannInterval(differences, CONFIDENCE) };
}

/** The fewest of which the two-sided test can reach .05: 2^(1 - n) for pairs, 2 / C(m + n, m) for runs of two sides. */
const PAIRS_MIN = 6;

function enoughPairs(pairs: number): readonly [string, boolean] {
  return [`at least ${PAIRS_MIN} pairs`, pairs >= PAIRS_MIN];
}

function enoughRuns(runs: number, others: number): readonly [string, boolean] {
  let ways = 1;
  for (let chosen = 1; chosen <= Math.min(runs, others) && ways < 2 / (1 - CONFIDENCE); chosen += 1) {
    ways = (ways * (Math.max(runs, others) + chosen)) / chosen;
  }
  return ['at least 4 of each', ways >= 2 / (1 - CONFIDENCE) - 1e-9];
}

const DIGITS = 6;

function figure(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}
