/**
 * Question (G1): how long is an evaluation waited for? Workload: `top_k` of 400 cases with two relations, both roles, from a started
 * process to a written report, the opening of the host within the time; one case at once and two, by turns.
 */
import { atMost, told } from '../lib/figures.ts';
import { runChild } from './child.ts';
import { medianRow, type Part } from './row.ts';

const REPEATS = 5;
const BOUND_S = 3;

type Run = {
  readonly hostMs: number;
  readonly evaluateMs: number;
  readonly writeMs: number;
  readonly executions: number;
  readonly verdict: string;
};

/** G1. */
export const evaluationTime: Part = {
  id: 'G1',
  title: 'an evaluation of top_k, 400 cases',
  measure: async () => {
    const runs: Run[] = [];
    const inTwo: Run[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      runs.push(await runChild<Run>('top-k-run.ts', ['1']));
      inTwo.push(await runChild<Run>('top-k-run.ts', ['2']));
    }
    return [
      {
        ...medianRow({ id: 'G1', what: '`top_k`, 400 cases, 2 relations, report written' }, runs.map(wholeS), (value) =>
          atMost('top_k_400', value, { unit: 's', bound: BOUND_S }),
        ),
        beside: 'the source system: 143.5 s as published',
      },
      medianRow({ id: 'G1', what: 'the same, two cases at once' }, inTwo.map(wholeS), (value) =>
        atMost('top_k_400_parallel_2', value, { unit: 's', bound: BOUND_S }),
      ),
      medianRow(
        { id: 'G1', what: 'of it, the opening of the host' },
        runs.map(({ hostMs }) => hostMs),
        (value) => told('top_k_400_host', value, 'ms'),
      ),
      medianRow(
        { id: 'G1', what: 'of it, the writing of the report' },
        runs.map(({ writeMs }) => writeMs),
        (value) => told('top_k_400_report', value, 'ms'),
      ),
      medianRow(
        { id: 'G1', what: 'executions' },
        runs.map(({ executions }) => executions),
        (value) => told('top_k_400_executions', value, 'runs'),
      ),
    ];
  },
};

function wholeS({ hostMs, evaluateMs, writeMs }: Run): number {
  return (hostMs + evaluateMs + writeMs) / 1_000;
}
