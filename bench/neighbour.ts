/**
 * Question: what do hostile plugins cost a good one that runs beside them?
 *
 * Workload: one host, every default, nothing pinned. Phases of 3 s alternate: the good plugin (`trivial`) alone, and
 * beside one plugin that spins, one that floods stdout and one that allocates without end, each called again as soon as
 * it was killed, and every 50 ms while its breaker holds it back; each phase is of a new tenant, so that no breaker is
 * open at its start. What is bounded is the p99 of a caller who waits for each answer before the next call.
 *
 * For information: the same with a new tenant for each hostile call, so that no breaker helps at all; and the p99 of
 * calls that are due every 2 ms whatever became of those before, where a host that stands still for 10 ms is charged
 * for all that it kept waiting. The latter shows what the former hides: each start of a guest stops the host's thread.
 *
 * Budget: p99 beside them at most 5 times p99 alone, median over the rounds. About 80 s.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { atMost, report, told, type Figure } from './lib/figures.ts';
import { assertOk, callTrivial, openBenchHost } from './lib/host.ts';
import { rssMb } from './lib/processes.ts';
import { median, quantile, spreadPercent } from './lib/statistics.ts';

const ROUNDS = 5;
const PHASE_MS = 3_000;
const EVERY_MS = 2;
const WARM_UP_CALLS = 5_000;
const HOSTILE = ['spinning', 'flooding', 'growing'] as const;
const BOUND = 5;

const HELD_BACK_MS = 50;

type Phase = { readonly p50: number; readonly p99: number };
type Measure = () => Promise<readonly number[]>;

await using host = await openBenchHost(['trivial', ...HOSTILE]);
for (let call = 0; call < WARM_UP_CALLS; call += 1) assertOk(await callTrivial(host));
let tenants = 0;
let kills = 0;
const phases = {
  alone: [] as Phase[],
  beside: [] as Phase[],
  unheld: [] as Phase[],
  aloneDue: [] as Phase[],
  besideDue: [] as Phase[],
};
for (let round = 0; round < ROUNDS; round += 1) {
  phases.alone.push(await phaseOf(callOneByOne));
  phases.beside.push(await besideNeighbours(oneTenant(), callOneByOne));
  phases.unheld.push(await besideNeighbours(newTenant, callOneByOne));
  phases.aloneDue.push(await phaseOf(callWhenDue));
  phases.besideDue.push(await besideNeighbours(oneTenant(), callWhenDue));
}
report('a good plugin beside three hostile ones', toFigures());

function newTenant(): string {
  tenants += 1;
  return `tenant-${tenants}`;
}

function oneTenant(): () => string {
  const tenant = newTenant();
  return () => tenant;
}

async function phaseOf(measure: Measure): Promise<Phase> {
  const milliseconds = await measure();
  return { p50: median(milliseconds), p99: quantile(milliseconds, 0.99) };
}

async function callOneByOne(): Promise<readonly number[]> {
  const milliseconds: number[] = [];
  const until = performance.now() + PHASE_MS;
  for (let from = performance.now(); from < until; from = performance.now()) {
    assertOk(await callTrivial(host));
    milliseconds.push(performance.now() - from);
  }
  return milliseconds;
}

/** Calls at fixed times; a host that falls behind is charged for the wait of every call that was due meanwhile. */
async function callWhenDue(): Promise<readonly number[]> {
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
  return milliseconds;
}

async function besideNeighbours(tenantOf: () => string, measure: Measure): Promise<Phase> {
  const phase = new AbortController();
  const neighbours = HOSTILE.map((plugin) => keepMisbehaving({ plugin, tenantOf, until: phase.signal }));
  const taken = await phaseOf(measure);
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
  const held = ratios(phases.beside, phases.alone);
  const due = ratios(phases.besideDue, phases.aloneDue);
  return [
    atMost('good_p99_beside_over_alone', median(held), { unit: 'ratio', bound: BOUND }),
    told('good_p99_beside_over_alone_spread', spreadPercent(held), '%'),
    told('good_p99_beside_over_alone_no_breaker', median(ratios(phases.unheld, phases.alone)), 'ratio'),
    told('good_due_p99_beside_over_alone', median(due), 'ratio'),
    ...details('good_alone', phases.alone),
    ...details('good_beside', phases.beside),
    ...details('good_beside_no_breaker', phases.unheld),
    ...details('good_due_alone', phases.aloneDue),
    ...details('good_due_beside', phases.besideDue),
    told('guests_killed', kills, 'guests'),
    told('host_rss', rssMb(), 'MB'),
  ];
}

function ratios(some: readonly Phase[], others: readonly Phase[]): readonly number[] {
  return some.map((phase, round) => phase.p99 / (others[round]?.p99 ?? 0));
}

function details(name: string, some: readonly Phase[]): readonly Figure[] {
  return [
    told(`${name}_p50`, median(some.map(({ p50 }) => p50)), 'ms'),
    told(`${name}_p99`, median(some.map(({ p99 }) => p99)), 'ms'),
  ];
}
