/**
 * The call bench in one placement; call.ts starts it under taskset, on core 0. Argument: `one`, where guest and
 * baselines stay on that core too, or `two`, where they are moved to core 1. Prints its figures as JSON.
 */
import { atLeast, atMost, told, type Figure } from '../lib/figures.ts';
import type { Outcome } from '@bulkhead/protocol';
import { assertOk, callTrivial, openBenchHost } from '../lib/host.ts';
import {
  bindProcessesToCore,
  bindToCore,
  descendantsOf,
  guestsBelow,
  privateMb,
  rssMb,
  threadsOf,
} from '../lib/processes.ts';
import { median, quantile, spreadPercent } from '../lib/statistics.ts';
import { frameSizes, openEcho } from './echo.ts';
import { openPiscina, openTinypool, type Task } from './pools.ts';

const IN_FLIGHT = 64;
const WARM_UP_CALLS = 20_000;
const LATENCY_ROUNDS = 25;
const CALLS_PER_ROUND = 1_000;
const THROUGHPUT_ROUNDS = 15;
const THROUGHPUT_ROUND_MS = 300;
const BOUNDS = { echoRatio: 1.8, piscinaRatio: 1, tinypoolRatio: 2.5 };

const placement = process.argv[2] === 'two' ? 'two' : 'one';
const name = (figure: string): string => `${figure}_${placement === 'one' ? 'one_core' : 'two_cores'}`;

await using host = await openBenchHost(['trivial']);
const call = (): Promise<Outcome> => callTrivial(host);
assertOk(await call());
const checkedCall: Task = { run: call, check: (answer) => assertOk(answer as Outcome) }; // Of `call`.
const echo = await openEcho(frameSizes());
moveAway(descendantsOf(process.pid));
await inFlight(checkedCall, { count: WARM_UP_CALLS });
await echo.run(WARM_UP_CALLS);
const figures = [...(await measureLatency()), ...(await measureThroughput())];
await echo.close();
console.log(JSON.stringify(figures));

function moveAway(pids: readonly number[]): void {
  if (placement === 'two') bindProcessesToCore(pids, 1);
}

async function measureLatency(): Promise<readonly Figure[]> {
  const ratios: number[] = [];
  const calls: number[] = [];
  const echoes: number[] = [];
  for (let round = 0; round < LATENCY_ROUNDS; round += 1) {
    const floor = await echo.run(CALLS_PER_ROUND);
    const whole = await oneByOne(CALLS_PER_ROUND);
    ratios.push(median(whole) / median(floor));
    echoes.push(...floor);
    calls.push(...whole);
  }
  return [
    atMost(name('call_p50_over_echo_p50'), median(ratios), { unit: 'ratio', bound: BOUNDS.echoRatio }),
    told(name('call_p50_over_echo_p50_spread'), spreadPercent(ratios), '%'),
    told(name('echo_p50'), median(echoes), 'us'),
    told(name('call_p50'), median(calls), 'us'),
    told(name('echo_p99'), quantile(echoes, 0.99), 'us'),
    told(name('call_p99'), quantile(calls, 0.99), 'us'),
  ];
}

async function oneByOne(count: number): Promise<readonly number[]> {
  const micros: number[] = [];
  let startedAt = performance.now();
  while (micros.length < count) {
    const outcome = await call();
    const now = performance.now();
    micros.push((now - startedAt) * 1_000);
    startedAt = now;
    assertOk(outcome);
  }
  return micros;
}

async function measureThroughput(): Promise<readonly Figure[]> {
  const threads = new Set(threadsOf(process.pid));
  const piscina = openPiscina(IN_FLIGHT);
  await piscina.run();
  const tinypool = openTinypool(IN_FLIGHT);
  await tinypool.run();
  if (placement === 'two')
    bindToCore(
      threadsOf(process.pid).filter((thread) => !threads.has(thread)),
      1,
    );
  moveAway(descendantsOf(process.pid));
  const rates = { host: [] as number[], piscina: [] as number[], tinypool: [] as number[] };
  for (let round = 0; round < THROUGHPUT_ROUNDS; round += 1) {
    rates.host.push(await inFlight(checkedCall, { milliseconds: THROUGHPUT_ROUND_MS }));
    rates.piscina.push(await inFlight(piscina, { milliseconds: THROUGHPUT_ROUND_MS }));
    rates.tinypool.push(await inFlight(tinypool, { milliseconds: THROUGHPUT_ROUND_MS }));
  }
  const guestMb = Math.max(...guestsBelow(process.pid).map(privateMb)); // A spare has less.
  await Promise.all([piscina.close(), tinypool.close()]);
  const over = (others: readonly number[]): readonly number[] =>
    rates.host.map((rate, index) => rate / (others[index] ?? 0));
  return [
    atLeast(name('calls_per_s_over_piscina'), median(over(rates.piscina)), {
      unit: 'ratio',
      bound: BOUNDS.piscinaRatio,
    }),
    told(name('calls_per_s_over_piscina_spread'), spreadPercent(over(rates.piscina)), '%'),
    atLeast(name('calls_per_s_over_tinypool'), median(over(rates.tinypool)), {
      unit: 'ratio',
      bound: BOUNDS.tinypoolRatio,
    }),
    told(name('calls_per_s_over_tinypool_spread'), spreadPercent(over(rates.tinypool)), '%'),
    told(name('calls_per_s'), median(rates.host), 'calls/s'),
    told(name('piscina_calls_per_s'), median(rates.piscina), 'calls/s'),
    told(name('tinypool_calls_per_s'), median(rates.tinypool), 'calls/s'),
    told(name('host_rss'), rssMb(), 'MB'),
    told(name('guest_private'), guestMb, 'MB'),
  ];
}

type Until = { readonly count: number } | { readonly milliseconds: number };

/** Keeps {@link IN_FLIGHT} calls in flight until so many were answered, or so much time is over; returns calls/s. */
async function inFlight({ run, check }: Task, until: Until): Promise<number> {
  const startedAt = performance.now();
  let answered = 0;
  const isOver = (): boolean =>
    'count' in until ? answered >= until.count : performance.now() - startedAt >= until.milliseconds;
  const lane = async (): Promise<void> => {
    while (!isOver()) {
      check(await run());
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return (1_000 * answered) / (performance.now() - startedAt);
}
