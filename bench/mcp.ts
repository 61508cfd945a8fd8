/**
 * Question: what does a tool call over MCP cost above the same call over HTTP?
 *
 * Workload: `tools/call` of `add` at `/mcp/trivial`, as a request of its own of the revision 2026-07-28, the same of 2025-11-25, and in
 * a session, against `POST /v1/tools/trivial/add/call`; one server, storage in memory, logs dropped. A client in a process of its own
 * holds 1 connection; rounds alternate.
 *
 * Budget: p50 of each at most 1.5 times that of the plain call in the same round (median of rounds). About 25 s.
 */
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { createServer } from '@bulkhead/server';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ClientRound, ClientTask } from './http/client.ts';
import { assertOk, callTrivial, openBenchHost } from './lib/host.ts';
import { atMost, report, told, type Figure } from './lib/figures.ts';
import { median, spreadPercent } from './lib/statistics.ts';

const TOKEN = 'the-token-of-a-bench-on-loopback-only';
const WARM_UP_CALLS = 5_000;
const ROUNDS = 11;
const ROUND_MS = 400;
const P50_RATIO_MAX = 1.5;
const PARAMS = { a: 20, b: 22 };
const TYPES = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const nothing = (): void => undefined;

await using host = await openBenchHost(['trivial']);
for (let call = 0; call < WARM_UP_CALLS; call += 1) assertOk(await callTrivial(host, DEFAULT_TENANT));
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
await using server = await createServer({ host, token: TOKEN, log });
const { url } = await server.listen({ host: '127.0.0.1', port: 0 });

const CALL = { name: 'add', arguments: PARAMS };
const FIRST = { 'mcp-protocol-version': '2025-11-25' };
const SECOND = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'add' };
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const NAMES = ['mcp_2026_07_28', 'mcp_2025_11_25', 'mcp_2025_11_25_session'];
const port = Number(new URL(url).port);
const targets = [
  requestTo('/v1/tools/trivial/add/call', { params: PARAMS }),
  requestTo('/mcp/trivial', message({ ...CALL, _meta: META }), SECOND),
  requestTo('/mcp/trivial', message(CALL), FIRST),
  requestTo('/mcp/trivial', message(CALL), { ...FIRST, 'mcp-session-id': await beginSession() }),
].map((request) => ({ port, request }));
report('a tool call over MCP', toFigures(await measure()));

function message(params: object): object {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
}

async function beginSession(): Promise<string> {
  const clientInfo = { name: 'bench', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const headers = { authorization: `Bearer ${TOKEN}`, ...TYPES };
  const response = await fetch(`${url}/mcp/trivial`, { method: 'POST', headers, body });
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

function requestTo(path: string, content: object, more: Readonly<Record<string, string>> = {}): string {
  const body = JSON.stringify(content);
  const { accept, ...type } = TYPES;
  const types = path === '/mcp/trivial' ? { ...type, accept } : type; // A plain call would be answered in pieces.
  const headers = Object.entries({
    ...{ host: '127.0.0.1', authorization: `Bearer ${TOKEN}`, ...types, ...more },
    'content-length': String(body.length),
  });
  return `POST ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

async function measure(): Promise<readonly (readonly ClientRound[])[]> {
  const task: ClientTask = { targets, connections: 1, rounds: ROUNDS, milliseconds: ROUND_MS };
  const client = fileURLToPath(new URL('http/client.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [client, JSON.stringify(task)]);
  return JSON.parse(stdout) as ClientRound[][]; // Written by client.ts.
}

function toFigures(rounds: readonly (readonly ClientRound[])[]): readonly Figure[] {
  const p50Of = (target: number): readonly number[] => rounds.map((round) => round[target]?.p50 ?? Number.NaN);
  const plain = p50Of(0);
  const ratios = NAMES.map((name, index) => ({
    name,
    own: p50Of(index + 1).map((p50, round) => p50 / (plain[round] ?? Number.NaN)),
  }));
  return [
    ...ratios.map(({ name, own }) =>
      atMost(`${name}_p50_over_http`, median(own), { unit: 'ratio', bound: P50_RATIO_MAX }),
    ),
    ...ratios.map(({ name, own }) => told(`${name}_p50_over_http_spread`, spreadPercent(own), '%')),
    ...['http', ...NAMES].map((name, index) => told(`${name}_p50`, median(p50Of(index)), 'ms')),
  ];
}
