/**
 * `bulkhead evolve run`, `resume` and `step`: work on a run until it has ended, somebody stops it, or one evaluation is done.
 */
import {
  evolveRun,
  openRunFolder,
  type CandidateRuns,
  type CommittedSearch,
  type Estimate,
  type RunConfig,
  type RunFolder,
  type RunHead,
  type RunParts,
  type RunReport,
} from '@bulkhead/evolve';
import type { JsonObject } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { listenForInterrupt } from '../guard/interrupt.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { openParts, type OpenParts } from './open-parts.ts';
import { checkedConfig, readNewRun, type Overrides } from './read-config.ts';
import { openAudience, sayWarnings, type PageOptions } from './run-audience.ts';
import { withRuns, type QueueOptions } from './queue-runs.ts';
import { folderFor } from './run-name.ts';
import { shown, tell } from './show-run.ts';
import { telling } from './telling.ts';

/** What is typed after `run`. */
export type RunVerbOptions = Omit<Overrides, 'target_ms'> &
  PageOptions &
  QueueOptions & {
    readonly config: string;
    readonly out?: string;
    readonly resume?: boolean;
    readonly json?: boolean;
    /** In place of a target, where speed is what counts (X000-21). */
    readonly targetMs?: number;
  };

/** What is typed after `resume` and `step`. */
export type FolderOptions = PageOptions &
  QueueOptions & {
    readonly dir: string;
    readonly workers?: number;
    readonly json?: boolean;
  };

/** Begins a run, or goes on with it; 0 where a better program was found, and promoted where that was asked for, 1 otherwise. */
export async function runVerb(options: RunVerbOptions, terminal: Terminal): Promise<number> {
  return telling(terminal, async () => {
    const { config, out, resume, json, metricsPort, dashboard } = options;
    const { seed, evaluations, target, workers, targetMs } = options;
    const run = await readNewRun(config, { seed, evaluations, target, workers, target_ms: targetMs });
    const asked = { ...(out !== undefined && { out }), ...(resume !== undefined && { resume }) };
    await using open = await openParts({ head: run.head, config: run.config, terminal });
    await using folder = await folderFor(run, asked, terminal);
    const working = { open, terminal, json: json === true, workers, metricsPort, dashboard };
    return await withRuns(options, terminal, (runs) => work(folder, { ...working, runs }));
  });
}

/** Goes on with the run of a folder. */
export async function resumeVerb(options: FolderOptions, terminal: Terminal): Promise<number> {
  return telling(terminal, async () => {
    const { dir, workers, json, metricsPort, dashboard, ...queued } = options;
    await using folder = await openRunFolder(dir);
    await using open = await openParts({ ...knownIn(folder), terminal });
    const working = { open, terminal, json: json === true, workers, metricsPort, dashboard };
    return await withRuns(queued, terminal, (runs) => work(folder, { ...working, runs }));
  });
}

/** What is typed after `step`: a folder, or the configuration of a run, which is begun where it is not there. */
export type StepOptions = Partial<Omit<RunVerbOptions, 'resume'>> & { readonly dir?: string };

/** Makes one evaluation of a run, and says what came of it. */
export async function stepVerb({ dir, json, ...options }: StepOptions, terminal: Terminal): Promise<number> {
  return telling(terminal, async () => {
    await using folder = await (dir === undefined ? steppedFolder(options, terminal) : openRunFolder(dir));
    await using open = await openParts({ ...knownIn(folder), terminal });
    return await workOneStep(withWorkers(folder, 1), { open, terminal, json: json === true });
  });
}

async function steppedFolder({ config, out, ...overrides }: StepOptions, terminal: Terminal): Promise<RunFolder> {
  if (config === undefined)
    throw new UsageError(
      'step has neither a folder nor a configuration',
      'Name the folder of a run, or --config FILE.',
    );
  const asked = { ...(out !== undefined && { out }), resume: true };
  return folderFor(await readNewRun(config, overrides), asked, terminal);
}

function knownIn({ head, path }: RunFolder): { readonly head: RunHead; readonly config: RunConfig } {
  return { head, config: checkedConfig(head.config, path) };
}

type Working = PageOptions & {
  readonly open: OpenParts;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly workers?: number | undefined;
  readonly runs?: CandidateRuns | undefined;
};

async function work(found: RunFolder, { open, terminal, json, workers, runs, ...asked }: Working): Promise<number> {
  const folder = withWorkers(found, workers);
  await using audience = await openAudience(folder, { ...asked, isQuiet: json, terminal, hostMetrics: open.metrics });
  const interrupt = listenForInterrupt();
  try {
    const parts = { ...open.parts, ...audience.parts, ...(runs !== undefined && { runs }) };
    const report = await evolveRun(folder, parts, interrupt.signal);
    await audience.end({ report, says: `The run has ended. Its report stays: ${folder.file('report.html')}` });
    tell(report, { folder, json, terminal });
    return exitCodeOf(report);
  } catch (error) {
    const goOn = `\`bulkhead evolve resume ${shown(folder.path)}\` goes on`;
    await audience.end({ says: `The run was stopped; ${goOn}.` });
    if (!interrupt.signal.aborted) throw error;
    terminal.say(`stopped; all that was done is kept: ${goOn}`);
    return interrupt.exitCode();
  }
}

/** Works until one more evaluation is committed, and says what came of it; at the end of the run it says that. */
async function workOneStep(folder: RunFolder, { open, terminal, json }: Working): Promise<number> {
  const interrupt = listenForInterrupt();
  const stepped = new AbortController();
  const steps: object[] = [];
  const onCommit: RunParts['onCommit'] = (commit, search) => {
    if (search.isRecalled) return;
    steps.push(stepOf(commit, search));
    stepped.abort();
  };
  try {
    const parts = { ...open.parts, onEstimate: ({ warnings }: Estimate) => sayWarnings(warnings, terminal), onCommit };
    const report = await evolveRun(folder, parts, AbortSignal.any([interrupt.signal, stepped.signal]));
    tell(report, { folder, json, terminal });
    return exitCodeOf(report);
  } catch (error) {
    if (steps.length > 0) {
      terminal.result(JSON.stringify(steps[0]));
      return EXIT_OK;
    }
    if (!interrupt.signal.aborted) throw error;
    terminal.say(`stopped; all that was done is kept: \`bulkhead evolve step ${shown(folder.path)}\` goes on`);
    return interrupt.exitCode();
  }
}

function withWorkers(folder: RunFolder, workers: number | undefined): RunFolder {
  if (workers === undefined) return folder;
  const { evolve } = folder.head.config;
  const config = { ...folder.head.config, evolve: { ...(evolve as JsonObject | undefined), workers } }; // It was read before.
  return { ...folder, head: { ...folder.head, config } };
}

function exitCodeOf({ is_better, promotion, promotion_enabled }: RunReport): number {
  const isDone = is_better && (!promotion_enabled || promotion?.is_promoted === true);
  return isDone ? EXIT_OK : EXIT_FAILED;
}

/** Best speed, memory, bucket and generation (X000-21). */
function stepOf(
  { id, index }: { readonly id: string; readonly index: number },
  { best, bestScore, bucket, done, usage }: CommittedSearch,
): object {
  const { measures, generation, evalIndex } = best;
  return {
    ...{ evaluation: index, id, evaluations: done, best: bestScore, best_id: best.id, best_evaluation: evalIndex },
    best_speed_ms: measures['speed_ms'] ?? null,
    best_memory_kb: measures['memory_kb'] ?? null,
    ...{ bucket, generation },
    usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, cost_usd: usage.costUsd },
  };
}
