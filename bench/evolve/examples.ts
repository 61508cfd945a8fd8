/**
 * Questions (E4 to E6, E11): what do the recorded lineages of examples/evolve come to, beside the best of as many children of the first program?
 * Workload: the examples as they lie there, each by the command line; the winner is run once more in the sandbox and verified.
 */
import { combinedScore, valueAt, type Point } from '../../examples/evolve/function_minimisation/task.ts';
import { CIRCLES, refusePacking, sumOf, type Packing } from '../../examples/evolve/circle_packing/task.ts';
import { atLeast, atMost, told, type Figure } from '../lib/figures.ts';
import type { Part } from './part.ts';
import { metricOfScore, runExample, type RanExample } from './run-example.ts';

const LOWEST = { x: -1.704083, y: 0.677508, value: -1.518685840849 } as const;
/** The best sum that is known of 26 circles, strictly verified (EVIDENCE E5). */
const BEST_SUM = 2.6359830853;
const SEEDS = [11, 22, 33, 44, 55, 66, 77, 88, 99, 110];
const MS_PER_S = 1_000;

/** E4. */
export const functionMinimisation: Part = {
  ids: ['E4', 'E11'],
  title: 'function minimisation, recorded lineage',
  measure: async () => {
    const { report, winner } = await runExample('function_minimisation/evolve.toml', [SEEDS]);
    const points = winner.answer as unknown as readonly Point[]; // Passed `isResult` on every case.
    const off = points.map(({ x, y }) => Math.abs(valueAt(x, y) - LOWEST.value));
    const away = points.map(({ x, y }) => Math.hypot(x - LOWEST.x, y - LOWEST.y));
    return [
      atLeast('combined_score', combinedScore(points), { unit: '', bound: 1.499 }),
      atMost('value_off', Math.max(...off), { unit: '', bound: 1e-6 }),
      atMost('place_off', Math.max(...away), { unit: '', bound: 1e-6 }),
      told('first_score', metricOfScore(report.start.score), ''),
      ...controlOf(report, metricOfScore),
    ];
  },
};

/** E5. */
export const circlePacking: Part = {
  ids: ['E5', 'E11'],
  title: 'circle packing, 26 circles, recorded lineage',
  measure: async () => {
    const { report, winner, wallMs } = await runExample('circle_packing/evolve.toml', [CIRCLES]);
    const packing = winner.answer as unknown as Packing; // Passed `isResult`.
    const sum = refusePacking(packing, CIRCLES) === undefined ? sumOf(packing.circles) : Number.NaN;
    return [
      atLeast('sum_of_radii', sum, { unit: '', bound: 2.63597 }),
      told('below_best_known', BEST_SUM - sum, ''),
      atLeast('valid_programs', report.lineage.filter(({ score }) => (score ?? -1) >= 0).length, {
        unit: '',
        bound: 6,
      }),
      atMost('winner_takes', winner.durationMs / MS_PER_S, { unit: 's', bound: 120 }),
      told('run_takes', wallMs / MS_PER_S, 's'),
      told('first_sum', metricOfScore(report.start.score), ''),
      ...controlOf(report, metricOfScore),
    ];
  },
};

/** E6. */
export const badSort: Part = {
  ids: ['E6', 'E11'],
  title: 'bad_sort and speed_up, recorded lineages',
  measure: async () => {
    const sorted = await runExample('bad_sort/evolve.toml', [[3, 1, 2]]);
    const table = await runExample('speed_up/evolve.toml', ['b a b']);
    const search = { unit: 's', bound: 20 };
    return [
      atMost('bad_sort_takes', sorted.report.timing.elapsed_ms / MS_PER_S, search),
      ...speedFigures('bad_sort', sorted),
      ...speedFigures('speed_up', table),
    ];
  },
};

/** Of a winner that was compared with the first program on fresh cases: how much less time it takes, and what one per cent of that cost. */
function speedFigures(name: string, { report }: RanExample): readonly Figure[] {
  const { usage, promotion } = report;
  const last = promotion?.tests.at(-1);
  const [before, after] = [last?.first.p50_ms ?? Number.NaN, last?.winner.p50_ms ?? Number.NaN];
  const gainPercent = (100 * (before - after)) / before;
  return [
    told(`${name}_first_p50`, before, 'ms'),
    told(`${name}_winner_p50`, after, 'ms'),
    atLeast(`${name}_promoted`, Number(promotion?.is_promoted === true), { unit: '', bound: 1 }),
    told(`${name}_tokens_per_percent`, (usage.input_tokens + usage.output_tokens) / gainPercent, 'tokens'),
    ...controlOf(report, (score) => score).map((figure) => ({ ...figure, figure: `${name}_${figure.figure}` })),
  ];
}

/** The best score, and that of the control with the same budget. */
function controlOf({ best, control }: RanExample['report'], shown: (score: number) => number): readonly Figure[] {
  return [
    told('search_best', shown(best.score), ''),
    told('control_best_of_n', control === null ? Number.NaN : shown(control.best), ''),
  ];
}
