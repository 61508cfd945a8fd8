/**
 * As FunSearch: programs of the same score are a cluster; clusters are chosen by a softmax that cools down as programs come in and starts
 * again, and within a cluster shorter programs are preferred.
 */
import { numberSetting, wholeSetting } from '../config.ts';
import { amongBest, POOL } from './among-best.ts';
import { readNumber } from './learned.ts';
import type { ProgramView } from '../population/program-view.ts';
import { selectorKind } from './strategy.ts';

/** So that the last step before a period ends divides by no 0. */
const TEMPERATURE_MIN = 1e-9;
/** Added to the range of lengths of a cluster, as FunSearch does. */
const LENGTH_RANGE_MIN = 1e-6;

/** @see Romera-Paredes et al. 2024 (FunSearch): T = T₀(1 − (n mod P) / P), T₀ .1, P 30,000; n counts the children that were fed back. */
export const softmax = selectorKind({
  name: 'softmax',
  summary: 'clusters of equal score by a softmax that cools down, shorter programs first',
  settings: {
    temperature: numberSetting(0.1, 1e-6, 1e6),
    period: wholeSetting(30_000, 1, 1e9),
    length_temperature: numberSetting(1, 1e-3, 1e6),
    pool: POOL,
  },
  create: ({ temperature, period, length_temperature, pool }) => {
    let registered = 0;
    return amongBest(pool, {
      odds: (view) => {
        const now = Math.max(temperature * (1 - (registered % period) / period), TEMPERATURE_MIN);
        const odds = new Float64Array(view.ranked.length);
        const best = view.ranked[0]?.score ?? 0;
        const weightOf = (start: number): number => Math.exp(((view.ranked[start]?.score ?? 0) - best) / now);
        const clusters = clustersOf(view);
        let total = 0;
        for (let at = 1; at < clusters.length; at += 1) {
          const [start = 0, end = 0] = [clusters[at - 1], clusters[at]];
          const weight = weightOf(start);
          total += weight;
          if (end - start === 1) odds[start] = weight;
          else fillCluster({ view, odds, temperature: length_temperature }, [start, end], weight);
        }
        for (let at = 0; at < odds.length; at += 1) odds[at] = (odds[at] ?? 0) / total;
        return odds;
      },
      learn: () => {
        registered += 1;
      },
      state: () => ({ registered }),
      restore: (state) => {
        registered = readNumber(state, 'registered', [0, Number.MAX_SAFE_INTEGER]);
      },
    });
  },
});

/** From the first place to that behind the last. */
type Cluster = readonly [start: number, end: number];

/** Where each cluster starts, and where the last ends; equal scores stand side by side. */
function clustersOf({ ranked }: ProgramView<unknown>): readonly number[] {
  const starts: number[] = [];
  let [place, last] = [0, Number.NaN];
  for (const { score } of ranked) {
    if (score !== last) starts.push(place);
    last = score;
    place += 1;
  }
  return [...starts, place];
}

type Filled = { readonly view: ProgramView<unknown>; readonly odds: Float64Array; readonly temperature: number };

/** Shares a cluster's chance among its programs by a softmax of −length, from 0 for the shortest to −1 for the longest. */
function fillCluster({ view: { ranked }, odds, temperature }: Filled, [start, end]: Cluster, share: number): void {
  let [shortest, longest] = [Number.POSITIVE_INFINITY, 0];
  for (let at = start; at < end; at += 1) {
    const length = ranked[at]?.length ?? 0;
    shortest = Math.min(shortest, length);
    longest = Math.max(longest, length);
  }
  let total = 0;
  for (let at = start; at < end; at += 1) {
    const relative = ((ranked[at]?.length ?? 0) - shortest) / (longest - shortest + LENGTH_RANGE_MIN);
    odds[at] = Math.exp(-relative / temperature);
    total += odds[at] ?? 0;
  }
  for (let at = start; at < end; at += 1) odds[at] = ((odds[at] ?? 0) * share) / total;
}
