/**
 * The validation of EVIDENCE 2.14 for whole policies: how often the decision function itself lets in, at any look that the policy allows,
 * what is not above its bar, and how often what should be let in is. Each figure has chance of its own.
 */
import { createDecider } from '../decide.ts';
import { isLookDue } from '../planned-looks.ts';
import { createPolicy, type Looks } from '../policy.ts';
import type { PairRates } from '../../statistics/simulation/scenarios.ts';
import type { Row } from '../../statistics/simulation/report.ts';

/** Runs of each figure, and the chance of a figure by its name. */
export type DecisionVerification = { readonly runs: number; readonly chanceOf: (name: string) => () => number };

const ALPHA = 0.025;

/** Looks that a policy can name but for `every_pair`, whose error rate the statistics' own validation holds. */
const LOOKS: readonly { readonly name: string; readonly looks: Looks }[] = [
  { name: 'adaptive', looks: { kind: 'adaptive', min: 50, interval: 50 } },
  { name: 'pocock', looks: { kind: 'pocock', looks: 5 } },
  { name: 'obrien-fleming', looks: { kind: 'obrien_fleming', looks: 5 } },
  { name: 'lan-demets', looks: { kind: 'lan_demets', looks: 5 } },
];

type World = PairRates & { readonly bar: number; readonly pairs: number };

/** On the bar, so that whatever is adopted is adopted in error. */
const AT_THE_BAR: readonly World[] = [
  { onlyCandidate: 0.1, onlyBaseline: 0.1, bar: 0, pairs: 400 },
  { onlyCandidate: 0.03, onlyBaseline: 0.03, bar: 0, pairs: 1_000 },
  { onlyCandidate: 0.05, onlyBaseline: 0.07, bar: -0.02, pairs: 400 },
  { onlyCandidate: 0.01, onlyBaseline: 0.03, bar: -0.02, pairs: 1_000 },
  { onlyCandidate: 0.12, onlyBaseline: 0.1, bar: 0.02, pairs: 400 },
  { onlyCandidate: 0, onlyBaseline: 0.02, bar: -0.02, pairs: 400 },
  { onlyCandidate: 0.02, onlyBaseline: 0, bar: 0.02, pairs: 400 },
];

/** Worse than the bar by three points more: the "worse by 5 points" at the default margin. */
const BELOW_THE_BAR: World = { onlyCandidate: 0.02, onlyBaseline: 0.07, bar: -0.02, pairs: 400 };

/** Equal, at a margin that so many cases can show: a rule that never adopts would have no error either. */
const ABOVE_THE_BAR: World = { onlyCandidate: 0.02, onlyBaseline: 0.02, bar: -0.05, pairs: 400 };
const POWER_LEAST = 0.9;

/**
 * All figures, each with its band.
 *
 * @remarks About a minute at 2,000 runs. Same runs and chance, same rows.
 */
export function verifyDecisions({ runs, chanceOf }: DecisionVerification): readonly Row[] {
  return LOOKS.flatMap(({ name, looks }) => {
    const adoptedIn = (world: World): number =>
      shareAdopted(looks, world, { runs, next: chanceOf(`${name} ${nameOf(world)}`) });
    const of = (world: World) => ({ estimator: `policy ${name}`, scenario: nameOf(world), found: adoptedIn(world) });
    const falsePromotions = [...AT_THE_BAR, BELOW_THE_BAR].map((world): Row => {
      const most = world === BELOW_THE_BAR ? ALPHA : ALPHA + 3 * errorOf(ALPHA, runs);
      return { ...of(world), figure: 'false promotions', band: [0, most] };
    });
    const least = POWER_LEAST - 3 * errorOf(POWER_LEAST, runs);
    return [...falsePromotions, { ...of(ABOVE_THE_BAR), figure: 'power', band: [least, 1] }];
  });
}

type Chance = { readonly runs: number; readonly next: () => number };

function shareAdopted(looks: Looks, world: World, { runs, next }: Chance): number {
  const verdictOf = createVerdicts(looks, world);
  let adopted = 0;
  for (let run = 0; run < runs; run += 1) if (isAdopted(looks, world, { verdictOf, next })) adopted += 1;
  return adopted / runs;
}

type Counts = { readonly pairs: number; readonly onlyCandidate: number; readonly onlyBaseline: number };
type VerdictOf = (counts: Counts, casesAt: readonly number[]) => string;

/** One run: pairs until the decision is made, or there are none left. */
function isAdopted(
  looks: Looks,
  world: World,
  { verdictOf, next }: { readonly verdictOf: VerdictOf; readonly next: () => number },
): boolean {
  const casesAt: number[] = [];
  let onlyCandidate = 0;
  let onlyBaseline = 0;
  for (let pairs = 1; pairs <= world.pairs; pairs += 1) {
    const luck = next();
    if (luck < world.onlyCandidate) onlyCandidate += 1;
    else if (luck < world.onlyCandidate + world.onlyBaseline) onlyBaseline += 1;
    if (!isLookHere(looks, pairs, world.pairs)) continue;
    casesAt.push(pairs);
    const verdict = verdictOf({ pairs, onlyCandidate, onlyBaseline }, casesAt);
    if (verdict !== 'inconclusive') return verdict === 'adopt';
  }
  return false;
}

/** What lan_demets is for: looks that are not where an even design has them. */
const UNEVEN: readonly number[] = [0.15, 0.4, 0.5, 0.8, 1];

function isLookHere(looks: Looks, cases: number, plannedCases: number): boolean {
  if (looks.kind !== 'lan_demets') return isLookDue(looks, { cases, plannedCases });
  return UNEVEN.some((fraction) => Math.round(fraction * plannedCases) === cases);
}

/** What counts decide is decided once: runs meet the same ones again and again. */
function createVerdicts(looks: Looks, { bar, pairs: plannedCases }: World): VerdictOf {
  const decideBy = createDecider(createPolicy({ kind: 'evidence', name: 'simulated', bar, alpha: ALPHA, looks }));
  const decided = new Map<string, string>();
  return ({ pairs, onlyCandidate, onlyBaseline }, casesAt) => {
    const key = `${pairs} ${onlyCandidate} ${onlyBaseline}`;
    const known = decided.get(key);
    if (known !== undefined) return known;
    const cases = { both: pairs - onlyCandidate - onlyBaseline, onlyCandidate, onlyBaseline, neither: 0 };
    const found = { cases, executions: 2 * pairs, sandboxFailures: 0, hardRegressions: [], alerts: [] };
    const { verdict } = decideBy({ ...found, looks: { plannedCases, casesAt } });
    decided.set(key, verdict);
    return verdict;
  };
}

function nameOf({ onlyCandidate, onlyBaseline, bar, pairs }: World): string {
  return `gains ${onlyCandidate} losses ${onlyBaseline} against ${bar}, n=${pairs}`;
}

/** Monte Carlo standard error of a share. */
function errorOf(share: number, runs: number): number {
  return Math.sqrt((share * (1 - share)) / runs);
}
