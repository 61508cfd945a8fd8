/**
 * Question: what does a sandboxed call cost above the bytes that it must move, and how many go through one guest?
 *
 * Workload: tool `add` of the fixture `trivial` (two numbers, parameters and result judged by schemas), warm, hooks off,
 * everything else on: ids, deadline, registry, metrics, ledger in memory, the machine's strongest sandbox. Latency: one
 * call after another, in rounds that alternate with a raw echo of the same bytes. Throughput: 64 in flight on one guest,
 * in rounds that alternate with one piscina thread and one tinypool child, both with concurrentTasksPerWorker 64.
 * Placement: host, guest and baselines on one core; host on one core, guest and baselines on the other.
 *
 * Budget, median of rounds, in each placement: p50 at most 1.8 times the echo's; at least the calls per second of
 * piscina; at least 2.5 times those of tinypool. About 45 s in all.
 */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { report, say, type Figure } from './lib/figures.ts';

const placed = fileURLToPath(new URL('call/placed.ts', import.meta.url));
const placements = availableParallelism() > 1 ? ['one', 'two'] : ['one'];
const figures: Figure[] = [];
for (const placement of placements) {
  say(`placement: ${placement} core${placement === 'one' ? '' : 's'}`);
  const node = [process.execPath, ...process.execArgv, placed, placement];
  const { stdout } = await promisify(execFile)('taskset', ['-c', '0', ...node]);
  figures.push(...(JSON.parse(stdout) as Figure[])); // Written by placed.ts.
}
report('host.call on a trivial tool', figures);
