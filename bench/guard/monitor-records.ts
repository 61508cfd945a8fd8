/**
 * Question (G13): do monitors bear a long run? Workload: a million records through all eight of them, the composite among them, in a process
 * of its own whose young generation is small; the time is without that of making the records.
 */
import { atMost, told } from '../lib/figures.ts';
import { runChild } from './child.ts';
import { medianRow, type Part } from './row.ts';

const REPEATS = 5;
const BOUND_S = 10;
const BOUND_MB = 300;

type Run = {
  readonly ms: number;
  readonly finalizeMs: number;
  readonly busyMs: number;
  readonly beforeMb: number;
  readonly recordedMb: number;
  readonly peakMb: number;
  readonly failed: number;
};

/** G13. */
export const monitorRecords: Part = {
  id: 'G13',
  title: 'a million records through all monitors',
  measure: async () => {
    const runs: Run[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) runs.push(await runChild<Run>('monitor-records-run.ts'));
    if (runs.some(({ failed }) => failed > 0)) throw new Error('a monitor failed; expected eight summaries');
    const of = (value: (run: Run) => number): readonly number[] => runs.map(value);
    return [
      medianRow(
        { id: 'G13', what: 'a million records through all monitors' },
        of(({ ms }) => ms / 1_000),
        (value) => atMost('million_records', value, { unit: 's', bound: BOUND_S }),
      ),
      medianRow(
        { id: 'G13', what: 'the same, processor time' },
        of((run) => run.busyMs / 1_000),
        (value) => told('million_records_cpu', value, 's'),
      ),
      medianRow(
        { id: 'G13', what: 'the whole process at most, Node itself within' },
        of((run) => run.peakMb),
        (value) => atMost('million_records_peak', value, { unit: 'MB', bound: BOUND_MB }),
      ),
      medianRow(
        { id: 'G13', what: 'of it, above the process before the records' },
        of((run) => run.peakMb - run.beforeMb),
        (value) => told('million_records_growth', value, 'MB'),
      ),
      medianRow(
        { id: 'G13', what: 'the same until the summaries are asked for' },
        of((run) => run.recordedMb - run.beforeMb),
        (value) => told('million_records_recording', value, 'MB'),
      ),
      medianRow(
        { id: 'G13', what: 'the summaries' },
        of(({ finalizeMs }) => finalizeMs),
        (value) => told('million_records_finalize', value, 'ms'),
      ),
    ];
  },
};
