/**
 * `bulkhead evolve run`, `resume` and `step`: work on a run until it has ended, somebody stops it, or one evaluation is done.
 */
import { join, relative } from 'node:path';
import {
  EvolveError,
  evolveRun,
  openRunFolder,
  type CommittedSearch,
  type Estimate,
  type EvolveErrorCode,
  type RunConfig,
  type RunFolder,
  type RunHead,
  type RunReport,
} from '@bulkhead/evolve';
import { GuardError } from '@bulkhead/guard';
import { StatisticsError } from '@bulkhead/guard/statistics';
import type { JsonObject } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { listenForInterrupt, type Interrupt } from '../guard/interrupt.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { serveMetrics, type MetricsPage } from '../worker/serve-metrics.ts';
import { openParts, type OpenParts } from './open-parts.ts';
import { modelLines } from './model-lines.ts';
import { checkedConfig, readNewRun, type Overrides } from './read-config.ts';
import { folderFor } from './run-name.ts';
import { createRunMetrics, type RunMetrics } from './run-metrics.ts';
import { openRunLine } from './run-progress.ts';

/** What is typed after `run`. */
export type RunVerbOptions = Omit<Overrides, 'target_ms'> & {
  readonly config: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
  /** In place of a target, where speed is what counts (X000-21). */
  readonly targetMs?: number;
  readonly metricsPort?: number;
};

/** What is typed after `resume` and `step`. */
export type FolderOptions = {
  readonly dir: string;
  readonly workers?: number;
  readonly json?: boolean;
  readonly metricsPort?: number;
};

/** Begins a run, or goes on with it; 0 where a better program was found, and promoted where that was asked for, 1 otherwise. */
export async function runVerb(options: RunVerbOptions, terminal: Terminal): Promise<number> {
  return telling(terminal, async () => {
    const { config, out, resume, json, targetMs, metricsPort, ...overrides } = options;
    const run = await readNewRun(config, { ...overrides, ...(targetMs !== undefined && { target_ms: targetMs }) });
    const asked = { ...(out !== undefined && { out }), ...(resume !== undefined && { resume }) };
    await using open = await openParts({ head: run.head, config: run.config, terminal });
    await using folder = await folderFor(run, asked, terminal);
    return await work(folder, { open, terminal, json: json === true, workers: options.workers, metricsPort });
  });
}

/** Goes on with the run of a folder. */
export async function resumeVerb(
  { dir, workers, json, metricsPort }: FolderOptions,
  terminal: Terminal,
): Promise<number> {
  return telling(terminal, async () => {
    await using folder = await openRunFolder(dir);
    await using open = await openParts({ ...knownIn(folder), terminal });
    return await work(folder, { open, terminal, json: json === true, workers, metricsPort });
  });
}

/** What is typed after `step`: a folder, or the configuration of a run, which is begun where it is not there. */
export type StepOptions = Partial<Omit<RunVerbOptions, 'resume'>> & { readonly dir?: string };

/** Makes one evaluation of a run, and says what came of it. */
export async function stepVerb({ dir, json, ...options }: StepOptions, terminal: Terminal): Promise<number> {
  return telling(terminal, async () => {
    await using folder = await (dir === undefined ? steppedFolder(options, terminal) : openRunFolder(dir));
    await using open = await openParts({ ...knownIn(folder), terminal });
    return await work(folder, { open, terminal, json: json === true, workers: 1, isStep: true });
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

type Working = {
  readonly open: OpenParts;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly workers: number | undefined;
  readonly isStep?: boolean;
  readonly metricsPort?: number | undefined;
};

async function work(found: RunFolder, working: Working): Promise<number> {
  const { open, terminal, json, isStep = false } = working;
  const folder = withWorkers(found, working.workers);
  const metrics = createRunMetrics(folder.head.name);
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(await metricsPage(working, metrics));
  const interrupt = listenForInterrupt();
  const stepped = new AbortController();
  const line = openRunLine(terminal, { isQuiet: json || isStep });
  const steps: object[] = [];
  try {
    const parts = {
      ...open.parts,
      onEstimate: (estimate: Estimate) => sayEstimate(estimate, { json: json || isStep, terminal }),
      onProgress: line.show,
      onCommit: (commit: { readonly index: number; readonly id: string }, search: CommittedSearch): void => {
        metrics.didCommit(search);
        if (!isStep || search.isRecalled) return;
        steps.push(stepOf(commit, search));
        stepped.abort();
      },
    };
    const report = await evolveRun(folder, parts, AbortSignal.any([interrupt.signal, stepped.signal]));
    line.end();
    tell(report, { folder, json, terminal });
    return exitCodeOf(report);
  } catch (error) {
    line.end();
    if (stepped.signal.aborted && steps.length > 0) {
      terminal.result(JSON.stringify(steps[0]));
      return EXIT_OK;
    }
    if (!interrupt.signal.aborted) throw error;
    return stopped(folder, { interrupt, terminal });
  }
}

/** Undefined where nobody asked for it. */
async function metricsPage(
  { open, terminal, metricsPort }: Working,
  { render }: RunMetrics,
): Promise<MetricsPage | undefined> {
  if (metricsPort === undefined) return undefined;
  const page = await serveMetrics(metricsPort, async () => `${await open.metrics()}\n${render()}`);
  terminal.say(`metrics: ${page.url}`);
  return page;
}

function withWorkers(folder: RunFolder, workers: number | undefined): RunFolder {
  if (workers === undefined) return folder;
  const { evolve } = folder.head.config;
  const config = { ...folder.head.config, evolve: { ...(evolve as JsonObject | undefined), workers } }; // It was read before.
  return { ...folder, head: { ...folder.head, config } };
}

function stopped(
  folder: RunFolder,
  { interrupt, terminal }: { readonly interrupt: Interrupt; readonly terminal: Terminal },
): number {
  terminal.say(`stopped; all that was done is kept: \`bulkhead evolve resume ${shown(folder.path)}\` goes on`);
  return interrupt.exitCode();
}

function sayEstimate(
  { proposals, tokens, usd, executions, warnings }: Estimate,
  { json, terminal }: Pick<Working, 'json' | 'terminal'>,
): void {
  for (const warning of warnings) terminal.say(terminal.talkColors.yellow(warning));
  if (json) return;
  const cost = usd === null ? '' : `, ${usd.toFixed(2)} US dollars`;
  terminal.say(`at the worst: ${proposals} proposals, ${tokens} tokens${cost}, ${executions} executions`);
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

type Telling = { readonly folder: RunFolder; readonly json: boolean; readonly terminal: Terminal };

function tell(report: RunReport, { folder, json, terminal }: Telling): void {
  if (json) terminal.result(JSON.stringify(summaryOf(report, folder)));
  else show(report, { folder, json, terminal });
}

/** The last line of `--json`. */
function summaryOf(report: RunReport, { path }: RunFolder): object {
  const { best, start, evaluations, ended, lineage_hash, usage, control, promotion, is_better } = report;
  return {
    ...{ best: best.score, evaluations, lineage_hash, control_best: control?.best ?? null, start: start.score },
    ...{ ended, usage, is_better, promotion, best_id: best.id, winner: join(path, best.file) },
    best_measures: best.measures,
    report: join(path, 'report.json'),
    html: join(path, 'report.html'),
  };
}

function show(report: RunReport, { folder, terminal }: Telling): void {
  const { best, start, control, evaluations, ended, promotion, promotion_enabled, is_better, lineage_hash, models } =
    report;
  const { objective } = report;
  const { result, say, colors } = terminal;
  result(
    `${plain(report.name)}: ${is_better ? colors.green(`best ${best.score}`) : `no better program than ${start.score}`}`,
  );
  if (objective.startsWith(METRIC)) result(`  ${plain(metricText(report))}`);
  result(`  first ${start.score}, control ${control?.best ?? '–'}, ${evaluations} evaluations, ended: ${ended}`);
  if (promotion_enabled && is_better) {
    const isPromoted = promotion?.is_promoted === true;
    const last = promotion?.tests.at(-1);
    result(`  ${isPromoted ? colors.green('promoted') : colors.red('not promoted')}: ${plain(last?.reasons[0] ?? '')}`);
  }
  for (const line of modelLines(models)) result(`  ${line}`);
  result(`  lineage ${lineage_hash.slice(0, 12)}`);
  say(`winner: ${shown(join(folder.path, best.file))}`);
  say(`report: ${shown(join(folder.path, 'report.html'))}`);
}

const METRIC = 'metric:';

/** What the task measures of the best: a score is only its place among all numbers. */
function metricText({ objective, best }: RunReport): string {
  const name = objective.slice(METRIC.length);
  return `${name} of the best: ${best.measures[name] ?? '–'}`;
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

/** What an answer was looked for and not found is no wrong usage. */
const NOT_USAGE: readonly EvolveErrorCode[] = ['BACKEND_FAILED', 'MUTATION_FAILED', 'SELECTOR_FAILED'];

/** @throws {UsageError} for what whoever typed it can mend. */
export async function telling(terminal: Terminal, doing: () => Promise<number>): Promise<number> {
  try {
    return await doing();
  } catch (error) {
    if (error instanceof GuardError || error instanceof StatisticsError)
      throw new UsageError(`${error.message} (${error.code})`);
    if (!(error instanceof EvolveError)) throw error;
    if (!NOT_USAGE.includes(error.code)) throw new UsageError(`${error.message} (${error.code})`);
    terminal.say(`${terminal.talkColors.red('bulkhead:')} ${plain(error.message)} (${error.code})`);
    return EXIT_FAILED;
  }
}
