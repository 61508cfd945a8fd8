/**
 * Question: what does a call of an MCP server cost more through Bulkhead than by a client straight on its standard input and
 * output, and what do 100 such plugins cost a server that starts and runs none of them?
 *
 * Workload: `echo` of @modelcontextprotocol/server-everything, unmodified, by the embedding API in the strongest sandbox against the
 * official client without one, in alternating rounds. Then the same server under 100 names, each with a tree of its own in the store,
 * in one data directory on PGlite; `serve` is started on it as users start it, until its ready line, and lists the tools.
 *
 * Budget: p50 of the call at most 1.3 times the official client's; start under 3 s; no process of a plugin runs after the list. About
 * eight minutes, most of it to install.
 */
import { createHost, type Host } from '@bulkhead/host';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '@bulkhead/store';
import { makeMcpPlugin, readManifest, writeManifest } from '../test/support/mcp-plugins.ts';
import { assertOk } from './lib/host.ts';
import { atMost, report, say, told } from './lib/figures.ts';
import { median } from './lib/statistics.ts';

const PLUGINS = 100;
const ROUNDS = 10;
const CALLS = 200;
const CALL_BOUND = 1.3;
const START_BOUND_MS = 3_000;
const BIN = fileURLToPath(new URL('../packages/cli/bin/bulkhead.js', import.meta.url));
const TOKEN = 'a-platform-token-of-this-bench-alone';

await using cleanup = new AsyncDisposableStack();
const root = await mkdtemp(join(tmpdir(), 'bulkhead-mcp-bench-'));
cleanup.defer(() => rm(root, { recursive: true, force: true }));
const plugin = await makeMcpPlugin(root, 'everything');
const { straight, through } = await compareCalls();
const dataDir = join(root, 'data');
await installMany();
const started = await startOnce();
report('mcp-plugins', [
  atMost('mcp_echo_over_official_client', through / straight, { unit: 'ratio', bound: CALL_BOUND }),
  atMost(`start_with_${PLUGINS}_mcp_plugins`, started.startMs, { unit: 'ms', bound: START_BOUND_MS }),
  atMost('mcp_processes_after_list', started.processes, { unit: 'processes', bound: 0 }),
  told('mcp_echo_p50', through, 'ms'),
  told('official_client_echo_p50', straight, 'ms'),
  told('mcp_tools_listed', started.tools, 'tools'),
  told('mcp_tools_list', started.listMs, 'ms'),
]);

async function compareCalls(): Promise<{ readonly straight: number; readonly through: number }> {
  await using host = await createHost({ spareCount: 0 });
  await host.install(plugin);
  const main = join(plugin, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
  const client = new Client({ name: 'bench', version: '1.0.0' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [main], stderr: 'ignore' }));
  const echo = { message: 'hello' };
  const ways = {
    straight: () => client.callTool({ name: 'echo', arguments: echo }),
    through: async () => assertOk(await host.call({ plugin: 'everything', tool: 'echo', params: echo })),
  };
  const times: Record<keyof typeof ways, number[]> = { straight: [], through: [] };
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const way of ['straight', 'through'] as const) {
      const took = await timesOf(ways[way]);
      if (round > 0) times[way].push(median(took));
    }
  await client.close();
  return { straight: median(times.straight), through: median(times.through) };
}

async function timesOf(call: () => Promise<unknown>): Promise<readonly number[]> {
  const took: number[] = [];
  for (let count = 0; count < CALLS; count += 1) {
    const from = performance.now();
    await call();
    took.push(performance.now() - from);
  }
  return took;
}

async function installMany(): Promise<void> {
  say(`installing ${PLUGINS} MCP servers`);
  const manifest = await readManifest(plugin);
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const storage = () => openStore({ dataDir, url: undefined, log });
  await using host: Host = await createHost({ spareCount: 0, dataDir, storage });
  for (let index = 0; index < PLUGINS; index += 1) {
    await writeManifest(plugin, { ...manifest, name: `server_${index}` });
    const { state, reason } = await host.install(plugin, { tenant: 'default' });
    if (state !== 'INITIALIZED') throw new Error(`server ${index} is ${state}: ${reason ?? ''}`);
  }
}

type Started = {
  readonly startMs: number;
  readonly listMs: number;
  readonly tools: number;
  readonly processes: number;
};

async function startOnce(): Promise<Started> {
  const from = performance.now();
  const args = [BIN, 'serve', '--port', '0', '--data', dataDir, '--json'];
  const env = { ...process.env, BULKHEAD_TOKEN: TOKEN };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const startMs = performance.now() - from;
  const { url } = JSON.parse(line) as { readonly url: string };
  const asked = performance.now();
  const response = await fetch(`${url}/v1/tools`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const tools = ((await response.json()) as readonly unknown[]).length;
  const listMs = performance.now() - asked;
  const processes = await countServers(child.pid ?? 0);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { startMs, listMs, tools, processes };
}

/** Processes of MCP servers below a host: their arguments name the place where they see their files. */
async function countServers(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const commands = children
    .trim()
    .split(' ')
    .filter(Boolean)
    .map((child) => readFile(`/proc/${child}/cmdline`, 'utf8'));
  return (await Promise.all(commands)).filter((command) => command.includes('/bulkhead/server')).length;
}
