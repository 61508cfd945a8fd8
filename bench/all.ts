/**
 * Runs every bench, one after another, with the arguments it was given. Exits 1 when any of them does.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHES = [
  'call',
  'start',
  'memory',
  'neighbour',
  'http',
  'mcp',
  'server',
  'registrations',
  'mcp-plugins',
  'recall',
  'tenants',
  'check',
  'cli-start',
  'worker-start',
  'dev-reload',
  'stream',
  'hooks',
  'agents',
  'guard',
];
/** Those that need a library whose own sources are no JavaScript, under the condition that ours are found by. */
const BUILT: ReadonlySet<string> = new Set(['agents']);

for (const name of BENCHES) {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const flags = [...(BUILT.has(name) ? [] : process.execArgv), '--expose-gc'];
  const { status } = spawnSync(process.execPath, [...flags, file, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
