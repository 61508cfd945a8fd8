/**
 * Question: what do hostile plugins cost a good one that runs beside them?
 *
 * Workload: one host, every default, nothing pinned. The good plugin (`trivial`) is called every 2 ms, whether or not the
 * call before was answered, and its latency counts from the moment at which the call was due, so that a host which
 * stands still is charged for every call that it kept waiting. Phases of 3 s alternate: alone, and beside one plugin
 * that spins, one that floods stdout and one that allocates without end, each called again as soon as it was killed,
 * and every 50 ms while its breaker holds it back; each phase is of a new tenant, so that no breaker is open at its
 * start. Then the same for information with a new tenant for each hostile call, so that no breaker helps at all.
 *
 * Budget: p99 beside them at most 5 times p99 alone, median over the rounds. About 90 s.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { atMost, report, told, type Figure } from './lib/figures.ts';
import { assertOk, callTrivial, openBenchHost } from './lib/host.ts';
import { rssMb } from './lib/processes.ts';
import { median, quantile, spreadPercent } from './lib/statistics.ts';

const ROUNDS = 7;
const PHASE_MS = 3_000;
const EVERY_MS = 2;
const WARM_UP_CALLS = 5_000;
const HOSTILE = ['spinning', 'flooding', 'growing'] as const;
const BOUND = 5;

const HELD_BACK_MS = 50;

type Phase = { readonly p50: number; readonly p99: number };

await using host = await openBenchHost(['trivial', ...HOSTILE]);
for (let call = 0; call < WARM_UP_CALLS; call += 1) assertOk(await callTrivial(host));
let tenants = 0;
let kills = 0;
const alone: Phase[] = [];
const beside: Phase[] = [];
const besideUnheld: Phase[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  alone.push(await measurePhase());
  const phaseTenant = newTenant();
  beside.push(await besideNeighbours(() => phaseTenant));
  besideUnheld.push(await besideNeighbours(newTenant));
}
report('a good plugin beside three hostile ones', toFigures());

function newTenant(): string {
  tenants += 1;
  return `tenant-${tenants}`;
}

/** Calls at fixed times; a host that falls behind is charged for the wait of every call that was due meanwhile. */
async function measurePhase(): Promise<Phase> {
  const startedAt = performance.now();
  const milliseconds: number[] = [];
  const calls: Promise<void>[] = [];
  for (let due = startedAt; due < startedAt + PHASE_MS; due += EVERY_MS) {
    const early = due - performance.now();
    if (early > 0) await delay(early);
    const from = Math.min(due, performance.now()); // A timer may be up to 1 ms early.
    calls.push(
      callTrivial(host).then((outcome) => {
        assertOk(outcome);
        milliseconds.push(performance.now() - from);
      }),
    );
  }
  await Promise.all(calls);
  return { p50: median(milliseconds), p99: quantile(milliseconds, 0.99) };
}

async function besideNeighbours(tenantOf: () => string): Promise<Phase> {
  const phase = new AbortController();
  const neighbours = HOSTILE.map((plugin) => keepMisbehaving({ plugin, tenantOf, until: phase.signal }));
  const taken = await measurePhase();
  phase.abort();
  await Promise.all(neighbours);
  return taken;
}

type Neighbour = { readonly plugin: string; readonly tenantOf: () => string; readonly until: AbortSignal };

async function keepMisbehaving({ plugin, tenantOf, until }: Neighbour): Promise<void> {
  while (!until.aborted) {
    const outcome = await host.call({ plugin, tool: 'misbehave', tenant: tenantOf() });
    if (outcome.ok) throw new Error(`${plugin} was answered well; nobody need be afraid of it`);
    if (outcome.error.kind === 'breaker_open') await delay(HELD_BACK_MS);
    else kills += 1;
  }
}

function toFigures(): readonly Figure[] {
  const over = (phases: readonly Phase[]): readonly number[] =>
    phases.map((phase, round) => phase.p99 / (alone[round]?.p99 ?? 0));
  return [
    atMost('good_p99_beside_over_alone', median(over(beside)), { unit: 'ratio', bound: BOUND }),
    told('good_p99_beside_over_alone_spread', spreadPercent(over(beside)), '%'),
    told('good_p99_beside_over_alone_no_breaker', median(over(besideUnheld)), 'ratio'),
    ...details('good_alone', alone),
    ...details('good_beside', beside),
    ...details('good_beside_no_breaker', besideUnheld),
    told('guests_killed', kills, 'guests'),
    told('host_rss', rssMb(), 'MB'),
  ];
}

function details(name: string, phases: readonly Phase[]): readonly Figure[] {
  return [
    told(`${name}_p50`, median(phases.map(({ p50 }) => p50)), 'ms'),
    told(`${name}_p99`, median(phases.map(({ p99 }) => p99)), 'ms'),
  ];
}
