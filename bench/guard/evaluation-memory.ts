/**
 * Question: what does a long evaluation take of the host's memory? Workload: `sort` of 10,000 cases in a process of its own; the high-water
 * mark of its resident memory, above what it had with the same guests warm and nothing to do.
 */
import { atMost, told } from '../lib/figures.ts';
import { runChild } from './child.ts';
import { medianRow, type Part } from './row.ts';

const REPEATS = 5;
const BOUND_MB = 200;

type Run = { readonly idleMb: number; readonly peakMb: number; readonly ms: number; readonly executions: number };

/** Memory of an evaluation. */
export const evaluationMemory: Part = {
  id: 'memory',
  title: 'an evaluation of 10,000 cases',
  measure: async () => {
    const runs: Run[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) runs.push(await runChild<Run>('evaluation-memory-run.ts'));
    const of = (value: (run: Run) => number): readonly number[] => runs.map(value);
    return [
      medianRow(
        { id: 'memory', what: '10,000 cases: memory above an idle host' },
        of((run) => run.peakMb - run.idleMb),
        (value) => atMost('evaluation_10000_growth', value, { unit: 'MB', bound: BOUND_MB }),
      ),
      medianRow(
        { id: 'memory', what: 'the whole process at most' },
        of((run) => run.peakMb),
        (value) => told('evaluation_10000_peak', value, 'MB'),
      ),
      medianRow(
        { id: 'memory', what: 'executions per second on the way' },
        of((run) => (1_000 * run.executions) / run.ms),
        (value) => told('evaluation_10000_rate', value, 'runs/s'),
      ),
    ];
  },
};
