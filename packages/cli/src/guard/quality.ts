/**
 * `bulkhead guard quality`: mutants of the baseline are judged by the gate that candidates are judged by.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import {
  evaluate,
  gateQuality,
  GuardError,
  mutants,
  type GateQuality,
  type Implementation,
  type Mutant,
  type MutantVerdict,
  type Policy,
  type Report,
  type Task,
} from '@bulkhead/guard';
import { EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { CLOCK } from './clock.ts';
import { listenForInterrupt } from './interrupt.ts';
import { loadTask } from './load-task.ts';
import { readPolicy } from './read-policy.ts';
import { LOCAL, openWorkbench, requestOf, type RunOptions, type Workbench } from './workbench.ts';

/** What is typed after it. */
export type QualityOptions = RunOptions & {
  readonly task: string;
  readonly baseline: string;
  readonly n?: number;
  readonly policy?: string;
  readonly mutants?: number;
  readonly json?: boolean;
};

const CASES = 100;
const MUTANTS = 20;
const SEED = 42;
const IMPORTS_BESIDE = /(?:from|import)\s*\(?\s*['"]\.{1,2}\//;

/** Counts, and lists survivors. */
export async function qualityVerb(options: QualityOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const found = await measured(options, terminal);
    if (options.json === true) terminal.result(JSON.stringify(wireOf(found)));
    else show(found, terminal);
    return EXIT_OK;
  });
}

type Gate = {
  readonly options: QualityOptions;
  readonly bench: Workbench;
  readonly task: Task;
  readonly policy: Policy;
  readonly baseline: Implementation;
  readonly folder: string;
  readonly signal: AbortSignal;
};

async function measured(options: QualityOptions, terminal: Terminal): Promise<GateQuality> {
  const { signal } = listenForInterrupt();
  const task = await loadTask(options.task);
  const policy = await readPolicy(options.policy);
  await using bench = await openWorkbench(options, terminal);
  const { baseline: file, executor: spec = LOCAL, mutants: max = MUTANTS, seed = SEED } = options;
  const baseline = await bench.implement({ option: '--baseline', file, spec });
  const all = mutants(baseline.text, { seed, max });
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-mutants-'));
  const live = terminal.live();
  let judged = 0;
  try {
    if (IMPORTS_BESIDE.test(baseline.text)) await copyBeside(dirname(resolve(file)), folder);
    const found = await gateQuality({
      mutants: all,
      judge: async (mutant) => {
        const verdict = await judge(mutant, { options, bench, task, policy, baseline, folder, signal });
        judged += 1;
        if (options.json !== true || live.isMoving) live.show(`${judged} of ${all.length} mutants judged`);
        return verdict;
      },
    });
    if (signal.aborted) throw new GuardError('EVALUATION_CANCELLED', 'cancelled');
    return found;
  } finally {
    live.end();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What an implementation imports from beside it is beside its mutants, too. */
async function copyBeside(from: string, to: string): Promise<void> {
  const left = new Set(['node_modules', '.git']);
  await cp(from, to, { recursive: true, filter: (path) => !left.has(basename(path)) });
}

async function judge(mutant: Mutant, gate: Gate): Promise<MutantVerdict> {
  const { options, bench, task, policy, baseline, folder, signal } = gate;
  const file = join(folder, `mutant-${mutant.id.replaceAll(/[^\w-]/g, '-')}${extname(baseline.filePath)}`);
  await writeFile(file, mutant.source);
  const candidate = await bench.implement({ option: '--baseline', file, spec: options.executor ?? LOCAL });
  try {
    const { n = CASES } = options;
    const request = { ...requestOf(options), task, policy, n, baseline, candidate, signal, parallel: bench.parallel };
    return verdictOf(await evaluate({ ...request, mode: 'sequential' }, CLOCK));
  } finally {
    await candidate.executor.close?.();
    await rm(file, { force: true });
  }
}

/** A regression was confirmed by asking again alone, so that a timeout among them is one. */
function verdictOf({ decision, regressions, baseline, candidate }: Report): MutantVerdict {
  if (decision.verdict === 'reject') {
    const isSlow = regressions.length > 0 && regressions.every(({ broken }) => broken === 'timeout');
    return isSlow ? { kind: 'timed_out', confirmed: true } : { kind: 'killed' };
  }
  if (baseline.total === 0 || candidate.total === 0) return { kind: 'error', message: decision.reason };
  return { kind: 'survived' };
}

function wireOf(found: GateQuality): object {
  const { total, killed, survived, timedOut, timedOutConfirmed, killRate, interval, survivors, errors } = found;
  return {
    ...{ total, killed, survived, timed_out: timedOut, timed_out_confirmed: timedOutConfirmed },
    ...{ kill_rate: killRate ?? null, interval: interval ?? null, survivors, errors },
  };
}

function show(found: GateQuality, { result, say, colors }: Terminal): void {
  const { total, killed, timedOutConfirmed, killRate, interval, survivors, errors } = found;
  const away = killed + timedOutConfirmed;
  const range = interval === undefined ? '' : `, ${percent(interval[0])} to ${percent(interval[1])} at 95 %`;
  result(
    `${away} of ${total - errors.length} mutants were turned away (${killRate === undefined ? 'none judged' : percent(killRate)}${range})`,
  );
  for (const { operator, line, column, diff } of survivors) {
    result('');
    result(colors.yellow(`survived: ${operator} at line ${line}, column ${column}`));
    for (const each of diff.split('\n')) result((each.startsWith('-') ? colors.red : colors.green)(plain(each)));
  }
  for (const { id, message } of errors) say(plain(`not judged: ${id}: ${message}`));
  if (survivors.length > 0) say('a survivor does the same as the baseline, or the task asks too little');
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
