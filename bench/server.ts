/**
 * Question: what does a tool call through the whole server cost above HTTP itself?
 *
 * Workload: `POST /v1/tools/calculator/add/call` over keep-alive connections with a tenant's token: registration,
 * validation, sandbox, ledger, metrics and log, with everything kept in PGlite, then in PostgreSQL. Beside it, in the same
 * process, a bare Fastify route with the same schema and reply, plain and with its reply deferred by setImmediate; the
 * better of the two counts. A client in a process of its own holds 1 connection for latency, then 32 for throughput;
 * rounds alternate between the three.
 *
 * Budget: at 32 connections at least 0.35 times the requests per second; at 1 a p50 at most 0.3 ms above. About 100 s.
 * `--engine=pglite` or `--engine=postgres` measures one.
 */
import type { Outcome } from '@bulkhead/protocol';
import { assertOk } from './lib/host.ts';
import { atLeast, atMost, report, say, told, type Figure } from './lib/figures.ts';
import { rssMb } from './lib/processes.ts';
import { median, spreadPercent } from './lib/statistics.ts';
import type { ClientRound } from './http/client.ts';
import { openBareFastify } from './server/bare-fastify.ts';
import { runClient } from './server/run-client.ts';
import { ENGINES, openToolServer, requestOf, type ToolServer } from './server/tool-server.ts';

const WARM_UP_CALLS = 5_000;
const ROUNDS = 15;
/** Until V8 has compiled what a crowd takes: the first rounds of a server were measured a third slower than its later ones. */
const CROWD_WARM_UP_ROUNDS = 5;
const ROUND_MS = 400;
const MANY = 32;
const PARAMS = { a: 20, b: 22 };

const only = /--engine=(\w+)/.exec(process.argv.join(' '))?.[1];
const figures: Figure[] = [];
for (const engine of ENGINES.filter((name) => only === undefined || name === only)) {
  say(`measuring on ${engine}`);
  figures.push(...(await measureOn(engine)));
}
report('a tool call through the server', [...figures, told('server_rss', rssMb(), 'MB')]);

async function measureOn(engine: (typeof ENGINES)[number]): Promise<readonly Figure[]> {
  await using server = await openToolServer({ engine });
  const { tenant, token } = await server.addTenant('bench');
  await using bare = await openBareFastify(await warmUp(server, tenant));
  const request = (path: string): string => requestOf(`${path}/calculator/add/call`, token, { params: PARAMS });
  const targets = [
    { port: server.port, request: request('/v1/tools') },
    { port: bare.port, request: request('/plain') },
    { port: bare.port, request: request('/deferred') },
  ];
  const rounds = { rounds: ROUNDS, milliseconds: ROUND_MS };
  const alone = await runClient({ targets, connections: 1, ...rounds });
  const crowd = await runClient({ targets, connections: MANY, warmUpRounds: CROWD_WARM_UP_ROUNDS, ...rounds });
  return toFigures(engine, alone, crowd);
}

async function warmUp({ host }: ToolServer, tenant: string): Promise<Outcome> {
  const call = { plugin: 'calculator', tool: 'add', params: PARAMS, tenant };
  for (let count = 0; count < WARM_UP_CALLS; count += 1) assertOk(await host.call(call));
  return host.call(call);
}

type Rounds = readonly (readonly ClientRound[])[];

function toFigures(engine: string, alone: Rounds, crowd: Rounds): readonly Figure[] {
  const above = alone.map(([server, ...bare]) => p50Of(server) - Math.min(...bare.map(p50Of)));
  const share = crowd.map(([server, ...bare]) => rateOf(server) / Math.max(...bare.map(rateOf)));
  const of = (rounds: Rounds, index: number, pick: (round: ClientRound | undefined) => number): number =>
    median(rounds.map((round) => pick(round[index])));
  return [
    atLeast(`${engine}_calls_over_bare_32`, median(share), { unit: 'ratio', bound: 0.35 }),
    told(`${engine}_calls_over_bare_32_spread`, spreadPercent(share), '%'),
    atMost(`${engine}_p50_above_bare`, median(above), { unit: 'ms', bound: 0.3 }),
    ...['server', 'plain', 'deferred'].flatMap((name, index) => [
      told(`${engine}_${name}_p50`, of(alone, index, p50Of), 'ms'),
      told(
        `${engine}_${name}_p99`,
        of(alone, index, (round) => round?.p99 ?? Number.NaN),
        'ms',
      ),
      told(`${engine}_${name}_per_s_32`, of(crowd, index, rateOf), 'calls/s'),
    ]),
  ];
}

function p50Of(round: ClientRound | undefined): number {
  return round?.p50 ?? Number.NaN;
}

function rateOf(round: ClientRound | undefined): number {
  return round?.perSecond ?? Number.NaN;
}
