/**
 * Question: how long does an author wait for `bulkhead check` on a large plugin?
 *
 * Workload: a plugin of 200 TypeScript files of 2 KB each, all imported by its main module; the built command line in a process
 * of its own, `check DIR --json`, from start to exit: the sandbox opened, every file read, reviewed and bundled. One run to warm
 * the machine's caches, then 11. `node -e 0` in between is what a process costs here at all.
 *
 * Budget: p50 at most 1,000 ms. About 20 s.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atMost, report, say, told } from './lib/figures.ts';
import { median } from './lib/statistics.ts';

const FILES = 200;
const FUNCTIONS = 8;
const ROUNDS = 11;
const BOUND_MS = 1_000;
const BIN = fileURLToPath(new URL('../packages/cli/bin/bulkhead.js', import.meta.url));
const run = promisify(execFile);

await using cleanup = new AsyncDisposableStack();
const dir = await mkdtemp(join(tmpdir(), 'bulkhead-check-'));
cleanup.defer(() => rm(dir, { recursive: true, force: true }));
await writePlugin();
await check();
const checks: number[] = [];
const starts: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  say(`round ${round + 1} of ${ROUNDS}`);
  checks.push(await timeOf(check));
  starts.push(await timeOf(() => run(process.execPath, ['-e', '0'])));
}
report('check', [
  atMost('check_200_files_p50', median(checks), { unit: 'ms', bound: BOUND_MS }),
  told('check_200_files_worst', Math.max(...checks), 'ms'),
  told('node_start_p50', median(starts), 'ms'),
  told('check_over_node_start', median(checks) / median(starts), 'ratio'),
]);

async function writePlugin(): Promise<void> {
  await mkdir(join(dir, 'src'));
  const manifest = { name: 'many', version: '1.0.0', description: 'Many files.', author: 'Bench', main: 'main.ts' };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
  const parts = Array.from({ length: FILES - 1 }, (_, index) => index);
  for (const part of parts) await writeFile(join(dir, `src/part-${part}.ts`), partOf(part));
  const imports = parts.map((part) => `import { work${part}x0 } from './src/part-${part}.ts';`);
  const tool = `{ name: 'all', description: 'All.', parameters: { type: 'object' }, execute: () => all.length }`;
  const all = `const all = [${parts.map((part) => `work${part}x0`).join(', ')}];`;
  await writeFile(join(dir, 'main.ts'), [...imports, all, `export default { tools: [${tool}] };`, ''].join('\n'));
}

/** Code as people write it: types, loops, templates, comments. */
function partOf(part: number): string {
  const head = `/** Part ${part}. */\nexport type Item = { readonly id: number; readonly name: string; readonly tags: readonly string[] };\n`;
  const functions = Array.from(
    { length: FUNCTIONS },
    (_, index) => `
export function work${part}x${index}(items: readonly Item[], limit: number): Item[] {
  const seen = new Map<number, Item>();
  for (const item of items) {
    if (item.id > limit || item.tags.includes('skip')) continue;
    seen.set(item.id, { ...item, name: \`\${item.name}-${index}\` });
  }
  return [...seen.values()].toSorted((one, other) => one.id - other.id);
}
`,
  );
  return head + functions.join('');
}

async function check(): Promise<void> {
  const { stdout } = await run(process.execPath, [BIN, 'check', dir, '--json']);
  if (!stdout.startsWith('{"ok":true,')) throw new Error(`the plugin does not pass its check: ${stdout}`);
}

async function timeOf(what: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await what();
  return performance.now() - from;
}
