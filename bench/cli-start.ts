/**
 * Question: how long does the command line take before it does anything, and the host before it is created?
 *
 * Workload: the built `bulkhead --version` and `bulkhead list` against a port where nobody listens, each in a process of its
 * own from start to exit, and a process that imports @bulkhead/host; alternating with `node -e 0`, which is what a process
 * costs here at all. One round to warm the machine's caches, then 15.
 *
 * Budget: p50 of `--version` at most 3.5 times that of `node -e 0`, of `list` at most 4 times, of the import at most 7 times.
 * About 10 s.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atMost, report, told } from './lib/figures.ts';
import { median } from './lib/statistics.ts';

const ROUNDS = 15;
const VERSION_BOUND = 3.5;
const LIST_BOUND = 4;
const IMPORT_BOUND = 7;
const SERVER = fileURLToPath(new URL('../packages/server', import.meta.url));
const BIN = fileURLToPath(new URL('../packages/cli/bin/bulkhead.js', import.meta.url));
/** Where nobody listens. */
const NOBODY = ['--server', 'http://127.0.0.1:1', '--token', 'nobody'];

const STARTS = {
  node: ['-e', '0'],
  version: [BIN, '--version'],
  list: [BIN, 'list', ...NOBODY],
  importHost: ['--input-type=module', '-e', `import '@bulkhead/host'`],
} as const;

type Name = keyof typeof STARTS;
const times: Record<Name, number[]> = { node: [], version: [], list: [], importHost: [] };
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const name of Object.keys(STARTS) as readonly Name[]) {
    const ms = timeOf(STARTS[name]);
    if (round > 0) times[name].push(ms);
  }
}
const nodeMs = median(times.node);
report('cli-start', [
  atMost('version_over_node_start', median(times.version) / nodeMs, { unit: 'ratio', bound: VERSION_BOUND }),
  atMost('list_over_node_start', median(times.list) / nodeMs, { unit: 'ratio', bound: LIST_BOUND }),
  atMost('import_host_over_node_start', median(times.importHost) / nodeMs, { unit: 'ratio', bound: IMPORT_BOUND }),
  told('version_p50', median(times.version), 'ms'),
  told('list_p50', median(times.list), 'ms'),
  told('import_host_p50', median(times.importHost), 'ms'),
  told('node_start_p50', nodeMs, 'ms'),
]);

/** In the server's folder, from where the host is found. Nothing else happens meanwhile, so nothing is lost by waiting. */
function timeOf(args: readonly string[]): number {
  const from = performance.now();
  spawnSync(process.execPath, args, { cwd: SERVER, stdio: 'ignore' });
  return performance.now() - from;
}
