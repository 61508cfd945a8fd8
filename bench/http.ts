/**
 * Question: what does a tool call over HTTP cost above HTTP itself?
 *
 * Workload: `POST /v1/tools/trivial/add/call` with the platform token, storage in memory, logs dropped, against a bare
 * Fastify route in the same process that takes the same body and answers as many bytes of JSON one turn of the event
 * loop later. A client in a process of its own holds 1 connection for latency, then 16 for throughput; rounds alternate.
 *
 * Budget, for information: p50 at most 1.3 times the bare route's on one connection. About 25 s.
 */
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { createServer } from '@bulkhead/server';
import fastify from 'fastify';
import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ClientRound, ClientTask } from './http/client.ts';
import { assertOk, callTrivial, openBenchHost } from './lib/host.ts';
import { report, told, type Figure } from './lib/figures.ts';
import { rssMb } from './lib/processes.ts';
import { median, spreadPercent } from './lib/statistics.ts';

const TOKEN = 'the-token-of-a-bench-on-loopback-only';
const BODY = JSON.stringify({ params: { a: 20, b: 22 } });
const WARM_UP_CALLS = 5_000;
const ROUNDS = 11;
const ROUND_MS = 400;
const MANY = 16;
const nothing = (): void => undefined;

await using host = await openBenchHost(['trivial']);
for (let call = 0; call < WARM_UP_CALLS; call += 1) assertOk(await callTrivial(host, DEFAULT_TENANT));
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
await using server = await createServer({ host, token: TOKEN, log });
const served = await server.listen({ host: '127.0.0.1', port: 0 });
const bare = await openBareFastify();
const targets = [
  { port: Number(new URL(served.url).port), request: requestTo('/v1/tools/trivial/add/call') },
  { port: bare.port, request: requestTo('/bare') },
];
const alone = await measure(1);
const crowd = await measure(MANY);
await bare.close();
report('a tool call over HTTP', toFigures());

async function openBareFastify(): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const answer = await callTrivial(host);
  const app = fastify();
  app.post('/bare', (_request, reply) => {
    setImmediate(() => void reply.send(answer));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo; // It listens on a port.
  return { port, close: () => app.close() };
}

function requestTo(path: string): string {
  const headers = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${TOKEN}`,
    'content-type: application/json',
    `content-length: ${BODY.length}`,
  ];
  return `${headers.join('\r\n')}\r\n\r\n${BODY}`;
}

async function measure(connections: number): Promise<readonly (readonly ClientRound[])[]> {
  const task: ClientTask = { targets, connections, rounds: ROUNDS, milliseconds: ROUND_MS };
  const client = fileURLToPath(new URL('http/client.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [client, JSON.stringify(task)]);
  return JSON.parse(stdout) as ClientRound[][]; // Written by client.ts.
}

function toFigures(): readonly Figure[] {
  const p50Ratios = ratios(alone, ({ p50 }) => p50);
  const rateRatios = ratios(crowd, ({ perSecond }) => perSecond);
  return [
    told('http_call_p50_over_bare_fastify', median(p50Ratios), 'ratio'),
    told('http_call_p50_over_bare_fastify_spread', spreadPercent(p50Ratios), '%'),
    ...[0, 1].flatMap((target) => {
      const name = target === 0 ? 'http_call' : 'bare_fastify';
      const of = (pick: (round: ClientRound) => number, rounds = alone): number =>
        median(rounds.map((round) => pickFrom(round, target, pick)));
      return [
        told(
          `${name}_p50`,
          of(({ p50 }) => p50),
          'ms',
        ),
        told(
          `${name}_p99`,
          of(({ p99 }) => p99),
          'ms',
        ),
        told(
          `${name}_per_s_16`,
          of(({ perSecond }) => perSecond, crowd),
          'calls/s',
        ),
      ];
    }),
    told('http_calls_per_s_over_bare_fastify_16', median(rateRatios), 'ratio'),
    told('server_rss', rssMb(), 'MB'),
  ];
}

type Pick = (round: ClientRound) => number;

function ratios(rounds: readonly (readonly ClientRound[])[], pick: Pick): readonly number[] {
  return rounds.map((round) => pickFrom(round, 0, pick) / pickFrom(round, 1, pick));
}

function pickFrom(round: readonly ClientRound[], target: number, pick: Pick): number {
  const found = round[target];
  return found === undefined ? Number.NaN : pick(found);
}
