/**
 * UCB1: the program whose children gained most on average, plus a bonus for having been tried seldom.
 */
import { numberSetting, wholeSetting } from '../config.ts';
import { exploration, upperBound } from '../maths/upper-bound.ts';
import { readTallies, writeTallies, type Tally } from './learned.ts';
import { selectorKind } from './strategy.ts';

/** Of one program: how often it was submitted, how many children have answered, and the sum of their rewards. */
const WIDTH = 3;
const UNSEEN: Tally = [0, 0, 0];

/**
 * A bandit whose arms are the best `pool` programs, as it would never come to know many more. What was submitted counts at once, so that workers that ask before the first answer are not all sent to one
 * program. A reward is max(0, gain); the gain is over the better of parent and baseline.
 *
 * @see Auer et al. 2002 (UCB1): mean + c·√(2 ln t / n); EVIDENCE 2.15. Programs that were never submitted come first, the best of them.
 */
export const ucb = selectorKind({
  name: 'ucb',
  summary: 'the highest mean gain plus a bonus for few trials; those never tried first',
  settings: { c: numberSetting(1, 0, 100), pool: wholeSetting(1_000, 1, 1e6) },
  create: ({ c, pool }) => {
    let tallies = new Map<string, Tally>();
    let submissions = 0;
    const bestPlace = (members: readonly { readonly id: string }[]): number => {
      const explored = exploration(Math.max(submissions, 1), c);
      let [best, bestBound] = [0, Number.NEGATIVE_INFINITY];
      for (const [place, { id }] of members.entries()) {
        const [submitted = 0, answered = 0, sum = 0] = tallies.get(id) ?? UNSEEN;
        if (submitted === 0) return place;
        const bound = upperBound(answered === 0 ? 0 : sum / answered, submitted, explored);
        if (bound > bestBound) [best, bestBound] = [place, bound];
      }
      return best;
    };
    return {
      odds: ({ ranked }) => {
        const odds = new Float64Array(ranked.length);
        odds[bestPlace(ranked.slice(0, pool))] = 1;
        return odds;
      },
      draw: ({ ranked }) => bestPlace(ranked.slice(0, pool)),
      submitted: ({ id }) => {
        const [submitted = 0, answered = 0, sum = 0] = tallies.get(id) ?? UNSEEN;
        tallies.set(id, [submitted + 1, answered, sum]);
        submissions += 1;
      },
      learn: (gain, parent) => {
        if (parent === undefined) return;
        const [submitted = 0, answered = 0, sum = 0] = tallies.get(parent) ?? UNSEEN;
        tallies.set(parent, [Math.max(submitted, answered + 1), answered + 1, sum + Math.max(0, gain)]);
      },
      state: () => ({ submissions, tallies: writeTallies(tallies) }),
      restore: (state) => {
        tallies = readTallies(state, 'tallies', WIDTH);
        submissions = [...tallies.values()].reduce((sum, [submitted = 0]) => sum + submitted, 0);
      },
    };
  },
});
