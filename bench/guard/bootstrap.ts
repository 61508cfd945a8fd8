/**
 * Question: is the bootstrap quick enough to be asked for at the end of any evaluation? Workload: 10,000 pairs, 2,000 resamples, BCa: of the
 * ratio of means, of the mean difference, and of paired passes.
 */
import {
  bcaInterval,
  bcaPairedProportions,
  createRandom,
  mean,
  pairedRatioInterval,
} from '../../packages/guard/src/statistics/index.ts';
import { atMost, told } from '../lib/figures.ts';
import { busyMs } from './processor.ts';
import { medianRow, type Part, type Row } from './row.ts';

const PAIRS = 10_000;
const REPEATS = 7;
const BOUND_MS = 1_000;
const OPTIONS = { resamples: 2_000, seed: 1 } as const;

/** BCa. */
export const bootstrap: Part = {
  id: 'bca',
  title: 'BCa of 10,000 pairs',
  measure: () => {
    const random = createRandom('pairs');
    const pairs = Array.from({ length: PAIRS }, (): readonly [number, number] => [
      Math.exp(random.next()),
      Math.exp(random.next()),
    ]);
    const differences = pairs.map(([top, bottom]) => top - bottom);
    const table = { both: 9_000, onlyCandidate: 300, onlyBaseline: 250, neither: 450 };
    return Promise.resolve([
      ...rowsOf('of the ratio of means', 'bca_ratio', () => pairedRatioInterval(pairs, OPTIONS)),
      ...rowsOf('of the mean difference', 'bca_mean', () => bcaInterval(differences, mean, OPTIONS)),
      ...rowsOf('of paired passes', 'bca_passes', () => bcaPairedProportions(table, OPTIONS)),
    ]);
  },
};

function rowsOf(what: string, name: string, work: () => unknown): readonly Row[] {
  const [times, busy]: [number[], number[]] = [[], []];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const [startedAt, used] = [performance.now(), process.cpuUsage()];
    work();
    times.push(performance.now() - startedAt);
    busy.push(busyMs(used));
  }
  return [
    medianRow({ id: 'bca', what: `BCa ${what}, 10,000 pairs, 2,000 resamples` }, times, (value) =>
      atMost(name, value, { unit: 'ms', bound: BOUND_MS }),
    ),
    medianRow({ id: 'bca', what: 'the same, processor time' }, busy, (value) => told(`${name}_cpu`, value, 'ms')),
  ];
}
