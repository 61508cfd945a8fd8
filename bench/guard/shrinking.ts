/**
 * Question (G10): do failing cases become as small as fast-check alone makes them, in few runs? Workload: the shrinking challenge through the
 * `local` executor, one failing case of each of ten seeds that no test uses, at most 500 runs a case; fast-check alone has no bound.
 */
import type { Implementation } from '@bulkhead/guard';
import { CHALLENGES } from '../../packages/guard/src/task/shrink-study/challenges.ts';
import { shrinkStudy } from '../../packages/guard/src/task/shrink-study/shrink-study.ts';
import { atMost, told } from '../lib/figures.ts';
import { quantile } from '../lib/statistics.ts';
import { openWorkshop } from './implementations.ts';
import { medianRow, type Part } from './row.ts';

const SEEDS = Array.from({ length: 10 }, (_, at) => 1_001 + at);
const RUNS_MAX = 500;
const TIMEOUT_S = 10;
const MEM_MB = 256;

/** G10. */
export const shrinking: Part = {
  id: 'G10',
  title: 'the shrinking challenge',
  measure: async () => {
    await using workshop = await openWorkshop();
    const implementations = new Map<string, Implementation>();
    for (const { name, source } of CHALLENGES) implementations.set(name, await workshop.implement(source));
    const compared = await shrinkStudy({
      seeds: SEEDS,
      runsMax: RUNS_MAX,
      run: async ({ name }, args) => {
        const one = implementations.get(name);
        if (one === undefined) throw new Error(`no implementation of ${name}`);
        const { success, result, error } = await one.executor.execute(one.filePath, 'solve', args, TIMEOUT_S, MEM_MB);
        if (!success) throw new Error(error);
        return result === true;
      },
    });
    const worse = compared.filter(({ isWorse }) => isWorse);
    for (const { challenge, seed, args, fastCheckArgs } of worse) {
      console.error(`${challenge}, seed ${seed}: ${JSON.stringify(args)} against ${JSON.stringify(fastCheckArgs)}`);
    }
    const runs = compared.map((one) => one.runs);
    return [
      {
        id: 'G10',
        what: `cases of ${compared.length} that end larger than with fast-check alone`,
        figure: atMost('shrunk_worse', worse.length, { unit: 'cases', bound: 0 }),
      },
      {
        id: 'G10',
        what: 'most runs that a case took',
        figure: atMost('shrink_runs_most', Math.max(...runs), { unit: 'runs', bound: RUNS_MAX }),
      },
      medianRow({ id: 'G10', what: 'runs of a case' }, runs, (value) => told('shrink_runs_median', value, 'runs')),
      medianRow(
        { id: 'G10', what: 'runs of fast-check alone' },
        compared.map(({ fastCheckRuns }) => fastCheckRuns),
        (value) => told('fast_check_runs_median', value, 'runs'),
      ),
      {
        id: 'G10',
        what: 'runs of fast-check alone that one case in ten exceeds',
        figure: told(
          'fast_check_runs_p90',
          quantile(
            compared.map(({ fastCheckRuns }) => fastCheckRuns),
            0.9,
          ),
          'runs',
        ),
      },
      {
        id: 'G10',
        what: 'cases that end at the smallest there is',
        figure: told('shrunk_smallest', compared.filter(({ isSmallest }) => isSmallest).length, 'cases'),
      },
    ];
  },
};
