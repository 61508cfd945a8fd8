/**
 * Questions (E12, E13): how often is a child that is no better promoted, because it was the luckiest of 200; and how often is the true best chosen
 * where noise is three times the gap? Workload: 2,000 runs of 200 children that pass as the first program does (80 % of 40 cases), each run's
 * three luckiest on 120 fresh cases; 1,000 races with three measurements for each program. Beside it: whoever scores best is taken.
 */
import { createRandom, type Random } from '@bulkhead/guard/statistics';
import { createPromotionTests } from '../../packages/evolve/src/judge/decide-promotion.ts';
import { raceForTheBest } from '../../packages/evolve/src/search/fitness/race.fixture.ts';
import { atLeast, atMost, told } from '../lib/figures.ts';
import type { Part } from './part.ts';

const RUNS = 2_000;
const RACES = 1_000;
const CHILDREN = 200;
const SEARCH_CASES = 40;
const FRESH_CASES = 120;
const TRIES = 3;
const RATE = 0.8;
const ALPHA = 0.025;

/** E12 and E13. */
export const luck: Part = {
  ids: ['E12', 'E13'],
  title: 'children that are no better, and elites that were lucky once',
  measure: async () => {
    const runs = Array.from({ length: RUNS }, (_, run) => nullRun(createRandom(`null ${run}`)));
    const races = Array.from({ length: RACES }, (_, run) => raceForTheBest(run));
    return [
      atMost(
        'null_promoted',
        percentOf(runs, ({ isPromoted }) => isPromoted),
        { unit: '%', bound: 100 * ALPHA },
      ),
      told(
        'null_promoted_by_score',
        percentOf(runs, ({ isNaive }) => isNaive),
        '%',
      ),
      atLeast(
        'true_best_raced',
        percentOf(races, ({ raced }) => raced),
        { unit: '%', bound: 95 },
      ),
      told(
        'true_best_by_one_score',
        percentOf(races, ({ once }) => once),
        '%',
      ),
    ];
  },
};

/** By its score a child is promoted that passes more cases than the first program; what it scored says nothing of fresh cases. */
function nullRun(random: Random): { readonly isNaive: boolean; readonly isPromoted: boolean } {
  const first = passes(random, SEARCH_CASES).filter(Boolean).length;
  const scores = Array.from({ length: CHILDREN }, () => passes(random, SEARCH_CASES).filter(Boolean).length);
  const { test } = createPromotionTests({ alpha: ALPHA });
  const tested = Array.from({ length: TRIES }, () => {
    const [before, after] = [passes(random, FRESH_CASES), passes(random, FRESH_CASES)];
    const better = after.filter((isPassed, at) => isPassed && before[at] === false).length;
    const worse = after.filter((isPassed, at) => !isPassed && before[at] === true).length;
    return test({ better, worse, same: FRESH_CASES - better - worse, verdict: 'adopt' });
  });
  return { isNaive: Math.max(...scores) > first, isPromoted: tested.some(({ is_promoted }) => is_promoted) };
}

function passes(random: Random, cases: number): readonly boolean[] {
  return Array.from({ length: cases }, () => random.next() < RATE);
}

function percentOf<Item>(items: readonly Item[], counts: (item: Item) => boolean): number {
  return (100 * items.filter((item) => counts(item)).length) / items.length;
}
