/**
 * Runs one of examples/evolve as its users do, by the command line in a process of its own, and runs its winner once more in the sandbox.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunReport } from '@bulkhead/evolve';
import { createLocalExecutor } from '@bulkhead/guard';
import { createHost } from '@bulkhead/host';
import type { JsonValue } from '@bulkhead/protocol';

const ROOT = join(import.meta.dirname, '../..');
const TIMEOUT_S = 300;
const MEMORY_MB = 256;

/** The report of a run, how long the process took, and what the winner answers to the arguments that were asked for. */
export type RanExample = {
  readonly report: RunReport;
  readonly wallMs: number;
  readonly winner: { readonly answer: JsonValue; readonly durationMs: number };
};

/**
 * Runs it.
 *
 * @param config - Below examples/evolve, such as `bad_sort/evolve.toml`.
 * @param args - What the winner is called with.
 * @throws {Error} where the run does not come to a report, or the winner does not answer.
 */
export async function runExample(config: string, args: readonly JsonValue[]): Promise<RanExample> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-evolve-'));
  try {
    const out = join(folder, 'run');
    const startedAt = performance.now();
    await evolveVerb(['--config', join(ROOT, 'examples/evolve', config), '--out', out, '--json']);
    const wallMs = performance.now() - startedAt;
    const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as RunReport; // Written by the run.
    return { report, wallMs, winner: await answerOf(join(out, report.best.file), report.target.entry, args) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The value of a metric, of the score that the evaluator makes of it: 0.5 + atan(metric)/π. */
export function metricOfScore(score: number): number {
  return Math.tan(Math.PI * (score - 0.5));
}

async function evolveVerb(options: readonly string[]): Promise<void> {
  const verb = ['--conditions=source', join(ROOT, 'packages/cli/bin/bulkhead.js'), 'evolve', 'run', ...options];
  const child = spawn(process.execPath, verb, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = await once(child, 'close');
  // 1 is a run that promoted nobody.
  if (code !== 0 && code !== 1) throw new Error(`bulkhead evolve run ${options.join(' ')} ended with ${code}: ${said}`);
}

async function answerOf(file: string, entry: string, args: readonly JsonValue[]): Promise<RanExample['winner']> {
  await using host = await createHost({ spareCount: 0 });
  const executor = createLocalExecutor({ host });
  const {
    success,
    result,
    error,
    duration_ms: durationMs,
  } = await executor.execute(...[file, entry, args, TIMEOUT_S, MEMORY_MB]);
  await executor.close?.();
  if (success && result !== undefined) return { answer: result, durationMs };
  throw new Error(`the winner of ${dirname(file)} does not answer: ${error ?? 'no reason'}`);
}
