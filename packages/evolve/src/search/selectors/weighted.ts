/**
 * By fitness and novelty: how far a score lies above the median, and how few children there are already.
 */
import { numberSetting } from '../config.ts';
import { medianDeviation, medianOfOrdered } from '../maths/spread.ts';
import { keptForView } from '../maths/view-cache.ts';
import { normalised, weigh } from '../maths/weights.ts';
import { amongBest, POOL } from './among-best.ts';
import { selectorKind } from './strategy.ts';

/** Below this the spread of the scores counts as this, so that equal scores divide by no 0. */
const DEVIATION_MIN = 1e-6;

/**
 * @see Lange et al. 2025 (ShinkaEvolve): σ(λ(s − median) / max(MAD, 1e-6)) / (1 + children); EVIDENCE 2.15. Over a whole population that
 *   nothing cuts it is worse than the best alone.
 */
export const weighted = selectorKind({
  name: 'weighted',
  summary: 'by how far the score lies above the median, and how few children there are',
  settings: { lambda: numberSetting(10, 0, 1_000), pool: POOL },
  create: ({ lambda, pool }) =>
    amongBest(pool, {
      odds: keptForView(({ ranked }) => {
        const at = (place: number): number => ranked[place]?.score ?? 0;
        const median = medianOfOrdered(ranked.length, at);
        const steepness = lambda / Math.max(medianDeviation(ranked.length, at), DEVIATION_MIN);
        const weightOf = (score: number): number => 1 / (1 + Math.exp(-steepness * (score - median)));
        return normalised(weigh(ranked, ({ score, children }) => weightOf(score) / (1 + children)));
      }),
    }),
});
