/**
 * Question: how long after its start is a worker ready for tasks?
 *
 * Workload: the built `bulkhead worker start --once --json` with the handlers that come with the command, against a server that has no
 * task; from the spawn to its `ready` line, alternating with `node -e 0`, which is what a process costs here at all. The first start of
 * all, with a cache folder of its own that is empty, is told apart: it reviews, bundles and tries the four plugins. Then 15 rounds.
 *
 * Budget (E9): p50 of a start at most 500 ms. About 15 s.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atMost, report, told } from './lib/figures.ts';
import { median, quantile, spreadPercent } from './lib/statistics.ts';

const ROUNDS = 15;
const READY_BOUND_MS = 500;
/** How long the server lets a claim wait. */
const CLAIM_MS = 1_000;
const BIN = fileURLToPath(new URL('../packages/cli/bin/bulkhead.js', import.meta.url));

const root = await mkdtemp(join(tmpdir(), 'bulkhead-bench-worker-'));
const server = createServer((_request, response) => void setTimeout(() => response.writeHead(204).end(), CLAIM_MS));
try {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const firstMs = await readyMs();
  // The code that V8 compiled is written at an end, and notes are there from the first on.
  await readyMs();
  const [starts, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(nodeMs());
    starts.push(await readyMs());
  }
  report('worker-start', [
    atMost('worker_ready_p50', median(starts), { unit: 'ms', bound: READY_BOUND_MS }),
    told('worker_ready_p95', quantile(starts, 0.95), 'ms'),
    told('worker_ready_spread', spreadPercent(starts), '%'),
    told('worker_ready_first', firstMs, 'ms'),
    told('worker_ready_over_node_start', median(starts) / median(bare), 'ratio'),
    told('node_start_p50', median(bare), 'ms'),
  ]);
} finally {
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true, force: true });
}

/** Starts a worker, and ends it once it has said that it is ready. @throws {Error} with what it said instead. */
async function readyMs(): Promise<number> {
  const { port } = server.address() as AddressInfo; // Of a server that listens on TCP.
  const place = ['--server', `http://127.0.0.1:${port}`, '--data', join(root, 'data')];
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(root, 'cache'),
    BULKHEAD_TOKEN: 'the-token-of-nobody-0000000000000000',
  };
  const from = performance.now();
  const args = [BIN, 'worker', 'start', '--once', '--json', ...place];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"event":"ready"')) throw new Error(`a worker said "${line}" before it was ready`);
    const ms = performance.now() - from;
    child.kill('SIGTERM');
    await ended;
    return ms;
  }
  throw new Error('a worker ended before it was ready');
}

function nodeMs(): number {
  const from = performance.now();
  spawnSync(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  return performance.now() - from;
}
