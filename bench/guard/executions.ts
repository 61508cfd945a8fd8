/**
 * Question: what does the `local` executor cost above the sandbox that it runs things in? Workload: a function that adds, on warm guests: by
 * `execute` one after another and two at once, and by the harness below it; rounds of each by turns, and ratios within a round.
 */
import { createLocalExecutor } from '@bulkhead/guard';
import { atLeast, atMost, told } from '../lib/figures.ts';
import { busyMs } from './processor.ts';
import { openWorkshop } from './implementations.ts';
import { medianRow, type Part } from './row.ts';

const ROUNDS = 15;
const ROUND_MS = 300;
const WARM_UP_MS = 1_500;
const RATE_LEAST = 5_000;
const COST_MOST = 1.5;
const TIMEOUT_S = 2;
const MEM_MB = 512;
const ADD = 'export const solve = (one: number, other: number) => one + other;';
const ARGS = [20, 22];

/** Rates and cost of executions. */
export const executions: Part = {
  id: 'executions',
  title: 'executions of a trivial function',
  measure: async () => {
    await using workshop = await openWorkshop();
    const { filePath } = await workshop.implement(ADD);
    const executor = createLocalExecutor({ host: workshop.host });
    const double = createLocalExecutor({ host: workshop.host, instances: 2 });
    const limits = { timeout_ms: 1_000 * TIMEOUT_S, memory_mb: MEM_MB };
    await using harness = await workshop.host.openHarness({ file: filePath, limits });
    const execute =
      (by: typeof executor): Run =>
      async () =>
        (await by.execute(filePath, 'solve', ARGS, TIMEOUT_S, MEM_MB)).result;
    const bare: Run = async () => {
      const outcome = await harness.run({ fn: 'solve', args: ARGS });
      return outcome.ok ? outcome.value : outcome.error.message;
    };
    const all = [
      { name: 'execute', run: execute(executor), lanes: 1 },
      { name: 'harness', run: bare, lanes: 1 },
      { name: 'execute_2', run: execute(double), lanes: 2 },
    ] as const;
    for (const { run, lanes } of all) await rateOf(run, lanes, WARM_UP_MS);
    const rates = { execute: [] as number[], harness: [] as number[], execute_2: [] as number[] };
    const busyUs = { execute: [] as number[], harness: [] as number[], execute_2: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { name, run, lanes } of all) {
        const { perS, busyUsEach } = await rateOf(run, lanes, ROUND_MS);
        rates[name].push(perS);
        busyUs[name].push(busyUsEach);
      }
    }
    await Promise.all([executor.close?.(), double.close?.()]);
    const costs = rates.execute.map((rate, round) => (rates.harness[round] ?? Number.NaN) / rate);
    const least = { unit: 'runs/s', bound: RATE_LEAST };
    return [
      medianRow(
        { id: 'executions', what: 'executions of a trivial function, one after another' },
        rates.execute,
        (value) => atLeast('executions', value, least),
      ),
      medianRow({ id: 'executions', what: 'the same, two at once' }, rates.execute_2, (value) =>
        atLeast('executions_2_at_once', value, least),
      ),
      medianRow({ id: 'executions', what: 'cost of an execution over a bare call of the sandbox' }, costs, (value) =>
        atMost('execution_over_harness', value, { unit: 'times', bound: COST_MOST }),
      ),
      medianRow({ id: 'executions', what: 'bare calls of the sandbox' }, rates.harness, (value) =>
        told('harness', value, 'runs/s'),
      ),
      medianRow({ id: 'executions', what: 'processor time of the host for an execution' }, busyUs.execute, (value) =>
        told('execution_cpu', value, 'us'),
      ),
      medianRow({ id: 'executions', what: 'the same for a bare call' }, busyUs.harness, (value) =>
        told('harness_cpu', value, 'us'),
      ),
    ];
  },
};

type Run = () => Promise<unknown>;

type Rate = { readonly perS: number; readonly busyUsEach: number };

/** Runs in so many lanes for so long; returns runs per second and the host's processor time of each, and insists on the right answer. */
async function rateOf(run: Run, lanes: number, milliseconds: number): Promise<Rate> {
  const [startedAt, used] = [performance.now(), process.cpuUsage()];
  let answered = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() - startedAt < milliseconds) {
      const answer = await run();
      if (answer !== 42) throw new Error(`a run answered ${String(answer)}; expected 42`);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const perS = (1_000 * answered) / (performance.now() - startedAt);
  return { perS, busyUsEach: (1_000 * busyMs(used)) / answered };
}
