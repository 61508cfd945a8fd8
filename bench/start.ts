/**
 * Question: how long does the first call of a plugin that is installed but not running take?
 *
 * Workload: tool `add` of the fixture `trivial`, in the machine's strongest sandbox. Each sample is the first call of a
 * tenant that has not called before, so that a guest must be bound or started for it: from the warm pool (the default,
 * one spare), and on a host without one. Then that guest is killed with SIGKILL, and the time from the kill to the next
 * good answer is taken, calling again where the host had not noticed yet. Every round also starts a bare `node -e 0`.
 *
 * Budget, over the p50 of `node -e 0` from spawn to exit: from the pool at most 0.3; without it at most 2.5; after a kill
 * at most 0.5. About 20 s.
 */
import type { Host } from '@bulkhead/host';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { atMost, report, told, type Figure } from './lib/figures.ts';
import { assertOk, callTrivial, openBenchHost, untilSpare } from './lib/host.ts';
import { guestsBelow, privateMb, rssMb } from './lib/processes.ts';
import { median, quantile, spreadPercent } from './lib/statistics.ts';

const ROUNDS = 40;
const WARM_UP_ROUNDS = 3;
/** A host that has not seen a death answers `GUEST_LOST` at once; more of those in a row would be a fault of its own. */
const TRIES_MAX = 20;
const BOUNDS = { pool: 0.3, cold: 2.5, killed: 0.5 };

type Kind = 'bare' | 'pool' | 'killed' | 'cold';
const samples: Readonly<Record<Kind, number[]>> = { bare: [], pool: [], killed: [], cold: [] };
const spareMb: number[] = [];

await using pooled = await openBenchHost(['trivial']);
await using poolless = await openBenchHost(['trivial'], { spareCount: 0 });
const bound = new Set<number>();
for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
  const taken = await measureRound(`tenant-${round + WARM_UP_ROUNDS}`);
  if (round < 0) continue;
  for (const kind of ['bare', 'pool', 'killed', 'cold'] as const) samples[kind].push(taken[kind]);
}
report('first call of a plugin that is not running, in ms', toFigures());

async function measureRound(tenant: string): Promise<Readonly<Record<Kind, number>>> {
  const cold = await measureCold(tenant);
  const bare = await timed(startBareNode);
  const guest = await takeSpare();
  const pool = await timed(() => answered(pooled, tenant));
  await takeSpare();
  const killed = await timed(async () => {
    process.kill(guest, 'SIGKILL');
    await answered(pooled, tenant);
  });
  return { bare, pool, killed, cold };
}

async function measureCold(tenant: string): Promise<number> {
  await untilSpare(pooled);
  const before = new Set(guestsBelow(process.pid));
  const milliseconds = await timed(() => answered(poolless, tenant));
  for (const guest of guestsBelow(process.pid)) if (!before.has(guest)) bound.add(guest);
  return milliseconds;
}

/** Waits for the pool's one spare and counts it as bound, which the next tenant that has no guest makes it. */
async function takeSpare(): Promise<number> {
  await untilSpare(pooled);
  const [spare, ...others] = guestsBelow(process.pid).filter((guest) => !bound.has(guest));
  if (spare === undefined || others.length > 0) throw new Error('the pool has not exactly one spare');
  bound.add(spare);
  spareMb.push(privateMb(spare));
  return spare;
}

/** Calls until it is answered well: a guest that was just killed may be called once more before its host knows. */
async function answered(host: Host, tenant: string): Promise<void> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const outcome = await callTrivial(host, tenant);
    if (outcome.ok) return;
    if (tries === TRIES_MAX) assertOk(outcome);
  }
}

async function startBareNode(): Promise<void> {
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function toFigures(): readonly Figure[] {
  const over = (kind: Kind): number => median(samples[kind]) / median(samples.bare);
  const kinds = [
    { kind: 'pool', name: 'first_call_from_pool' },
    { kind: 'cold', name: 'first_call_without_pool' },
    { kind: 'killed', name: 'next_good_call_after_kill' },
  ] as const;
  const bare = details('bare_node_start', samples.bare);
  const all = kinds.flatMap(({ kind, name }) => [
    atMost(`${name}_over_bare_node`, over(kind), { unit: 'ratio', bound: BOUNDS[kind] }),
    ...details(name, samples[kind]),
  ]);
  return [...bare, ...all, told('spare_private', Math.max(...spareMb), 'MB'), told('host_rss', rssMb(), 'MB')];
}

function details(name: string, milliseconds: readonly number[]): readonly Figure[] {
  return [
    told(`${name}_p50`, median(milliseconds), 'ms'),
    told(`${name}_p99`, quantile(milliseconds, 0.99), 'ms'),
    told(`${name}_spread`, spreadPercent(milliseconds), '%'),
  ];
}
