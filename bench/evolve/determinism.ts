/**
 * Question (E3): is the lineage of a seed one and the same, with 1, 2 and 4 workers, three times over, and through kill -9? Workload: the
 * k-module example by the command line, its evaluations cut to 60; 20 processes are killed at random points (`--kills N`) and gone on with.
 * Budget: one hash.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '@bulkhead/guard/statistics';
import { atMost, say, told } from '../lib/figures.ts';
import { numberAfter, type Part } from './part.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = join(ROOT, 'examples/evolve/k_module/evolve.toml');
const WORKERS = [1, 1, 1, 2, 4];
const EVALUATIONS = 60;
/** Lines that the journal of such a run has at least: where a process is killed is drawn from them. */
const LINES = 50;
const LOOK_MS = 5;

/** E3. */
export const determinism: Part = {
  ids: ['E3'],
  title: 'one lineage for a seed',
  measure: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-evolve-'));
    try {
      const hashes = new Set<string>();
      for (const [at, workers] of WORKERS.entries()) hashes.add(await hashOf(join(folder, `whole-${at}`), workers));
      const random = createRandom('kills');
      const kills = numberAfter('--kills', 20);
      let killed = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        const out = join(folder, `killed-${kill}`);
        say(`kill ${kill + 1} of ${kills}`);
        killed += Number(await killAt(out, 1 + random.below(LINES)));
        hashes.add(await hashOf(out, WORKERS[kill % WORKERS.length] ?? 1));
      }
      return [
        atMost('lineages', hashes.size, { unit: '', bound: 1 }),
        told('runs_killed', killed, `of ${kills}`),
        told('runs_whole', WORKERS.length, ''),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Runs, or goes on with, the run of a folder to its end. */
async function hashOf(out: string, workers: number): Promise<string> {
  const child = begin(out, workers);
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await once(child, 'close');
  const { lineage_hash: hash } = JSON.parse(printed) as { readonly lineage_hash: string }; // The line that --json prints.
  return hash;
}

/** Kills a run once its journal has so many lines. @returns Whether it had not ended by then. */
async function killAt(out: string, lines: number): Promise<boolean> {
  const child = begin(out, 2);
  const ended = once(child, 'close');
  while (child.exitCode === null && (await linesOf(join(out, 'journal.ndjson'))) < lines) await sleep(LOOK_MS);
  const isRunning = child.exitCode === null;
  child.kill('SIGKILL');
  await ended;
  return isRunning;
}

function begin(out: string, workers: number): ChildProcess {
  const options = [
    '--config',
    CONFIG,
    '--seed',
    '5',
    '--evaluations',
    String(EVALUATIONS),
    '--workers',
    String(workers),
  ];
  return spawn(
    process.execPath,
    [...['--conditions=source', join(ROOT, 'packages/cli/bin/bulkhead.js'), 'evolve', 'run'], ...options].concat(
      ...['--out', out, '--resume', '--json'],
    ),
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
}

async function linesOf(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}
