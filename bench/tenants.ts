/**
 * Question: what does one tenant's flood over HTTP cost another?
 *
 * Workload: one server with the default of `server.calls_in_flight`, on PGlite. Tenant "quiet" calls an adding tool on one
 * connection, waiting for each answer. Tenant "loud" holds 768 connections that call a tool of 5 ms of CPU time each, again
 * and again. Phases of 3 s alternate: quiet alone, and beside loud.
 *
 * Budget: quiet's p95 beside loud at most 5 times its p95 alone or 25 ms, whichever is more: with both cores taken a guest
 * that wakes may wait for a turn of the kernel's. About 40 s. `--places=N` sets another number of places: with fewer than
 * loud asks for, quiet waits until one of loud's calls ends, each of which waits for loud's own instances.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CONFIG_KEYS } from '../packages/cli/src/config/keys.ts';
import { atMost, report, told, type Figure } from './lib/figures.ts';
import { fixturePath } from './lib/host.ts';
import { median, spreadPercent } from './lib/statistics.ts';
import type { ClientRound, ClientTask } from './http/client.ts';
import { runClient } from './server/run-client.ts';
import { openToolServer, requestOf } from './server/tool-server.ts';

const ROUNDS = 5;
const PHASE_MS = 3_000;
const LOUD_CONNECTIONS = 768;
const GRIND_MS = 5;
const P95_RATIO_MAX = 5;
const P95_MS_MAX = 25;
const POLL_MS = 10;

const given = Number(/--places=(\d+)/.exec(process.argv.join(' '))?.[1]);
const callsInFlightMax = given > 0 ? given : CONFIG_KEYS['server.calls_in_flight'].fallback;
await using server = await openToolServer({
  engine: 'pglite',
  plugins: [fixturePath('trivial'), fixturePath('grinding')],
  callsInFlightMax,
});
const quiet = await server.addTenant('quiet');
const loud = await server.addTenant('loud');
const targetOf = (path: string, token: string, params: object): ClientTask['targets'][number] => ({
  port: server.port,
  request: requestOf(`/v1/tools/${path}/call`, token, { params }),
});
const quietTask = {
  targets: [targetOf('trivial/add', quiet.token, { a: 20, b: 22 })],
  ...{ connections: 1, rounds: 1, milliseconds: PHASE_MS },
};
const loudTask = {
  targets: [targetOf('grinding/grind', loud.token, { ms: GRIND_MS })],
  ...{ connections: LOUD_CONNECTIONS, rounds: 1_000, milliseconds: PHASE_MS },
};
const alone: ClientRound[] = [];
const beside: ClientRound[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  alone.push(await quietRound());
  const flood = await startFlood();
  beside.push(await quietRound());
  await flood.end();
}
report('a quiet tenant beside a loud one', toFigures());

async function quietRound(): Promise<ClientRound> {
  const [round] = await runClient(quietTask);
  if (round?.[0] === undefined) throw new Error('the client measured nothing');
  return round[0];
}

/** Resolves once the flood has come; it ends with the handle. */
async function startFlood(): Promise<{ readonly end: () => Promise<void> }> {
  const client = fileURLToPath(new URL('http/client.ts', import.meta.url));
  const child = spawn(process.execPath, [client, JSON.stringify(loudTask)], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (server.host.health('grinding')?.state !== 'RUNNING') await delay(POLL_MS);
  return {
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function toFigures(): readonly Figure[] {
  const ratios = beside.map(({ p95 }, round) => p95 / (alone[round]?.p95 ?? Number.NaN));
  const p95 = median(alone.map((round) => round.p95));
  const bound = Math.max(P95_RATIO_MAX, P95_MS_MAX / p95);
  return [
    atMost('quiet_p95_beside_over_alone', median(ratios), { unit: 'ratio', bound }),
    told('quiet_p95_beside_over_alone_spread', spreadPercent(ratios), '%'),
    told('quiet_alone_p95', p95, 'ms'),
    told('quiet_beside_p50', median(beside.map((round) => round.p50)), 'ms'),
    told('quiet_beside_p95', median(beside.map((round) => round.p95)), 'ms'),
    told('quiet_beside_per_s', median(beside.map(({ perSecond }) => perSecond)), 'calls/s'),
    told('places', callsInFlightMax, 'calls'),
  ];
}
