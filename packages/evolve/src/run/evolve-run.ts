/**
 * A run, as a list of steps: search, the control beside it, the winner against the first program on cases that nobody saw, and the report.
 * Each step is answered from the folder what it was answered before, so that a run that was stopped anywhere comes to what it would have.
 */
import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { generateCases, type Case, type EvaluationClock, type Task } from '@bulkhead/guard';
import type { Host } from '@bulkhead/host';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { createGuardEvaluator } from '../judge/guard-evaluator.ts';
import { createComparison, createPromotionTests } from '../judge/decide-promotion.ts';
import { freshSeed, judgePromotion } from '../judge/promote.ts';
import { evolve, type CommittedSearch, type EvolveParts, type EvolveReport } from '../loop/evolve.ts';
import type { Evaluator } from '../loop/evaluator.ts';
import { openFileJournal, readFileJournal } from '../loop/journal.ts';
import type { Commit } from '../loop/lineage.ts';
import type { ParentChooser } from '../loop/parent-chooser.ts';
import type { Proposer, ProposingModel } from '../mutation/proposer.ts';
import type { Program } from '../search/archive/program.ts';
import { estimateRun, type Estimate, type EstimateOf } from './estimate.ts';
import { renderRunHtml } from './html/page.ts';
import { readRunConfig, type RunConfig } from './run-config.ts';
import type { RunFolder } from './run-folder.ts';
import {
  curveOf,
  lineOf,
  RUN_REPORT_VERSION,
  runModels,
  runUsage,
  type RunControl,
  type RunModel,
  type RunPromotion,
  type RunReport,
} from './run-report.ts';

/**
 * How far a run is. `of` is how many evaluations, or tries, there may be in the phase; `models` are those of the phase.
 *
 * @public
 */
export type RunProgress = {
  readonly phase: 'search' | 'control' | 'promotion';
  readonly done: number;
  readonly of: number;
  readonly best: number;
  readonly usage: { readonly tokens: number; readonly usd: number };
  readonly models: readonly RunModel[];
  readonly isRecalled: boolean;
};

/**
 * Who works on a run: the host that candidates run on, the judge's task, who proposes (one, or the models of `[models]`; opened anew for the
 * control), a plugin's selector, and the clock. `price` is that of a million tokens, for the estimate.
 *
 * @public
 */
export type RunParts = {
  readonly host: Pick<Host, 'openHarness'>;
  readonly task: Task;
  readonly openProposer: () => Promise<Proposer | readonly ProposingModel[]>;
  readonly chooser?: ParentChooser;
  readonly clock: EvaluationClock;
  readonly price?: EstimateOf['price'];
  readonly onEstimate?: (estimate: Estimate) => void;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Told of each evaluation of the search. */
  readonly onCommit?: (commit: Commit, search: CommittedSearch) => void;
};

type Run = RunParts & {
  readonly folder: RunFolder;
  readonly config: RunConfig;
  readonly evaluator: Evaluator;
  readonly signal: AbortSignal;
  /** Milliseconds that the run has taken, those of earlier processes with them. */
  readonly elapsedMs: () => number;
  readonly tell: (progress: RunProgress) => Promise<void>;
};

/**
 * Runs, or goes on with, the run of a folder to its end.
 *
 * @throws {EvolveError} as `readRunConfig` and `evolve`; whatever the signal was aborted with: all that was answered is kept, and the same
 *   call goes on.
 * @public
 */
export async function evolveRun(folder: RunFolder, parts: RunParts, signal: AbortSignal): Promise<RunReport> {
  const config = readRunConfig(folder.head.config);
  const estimate = estimateOf(folder, config, parts);
  parts.onEstimate?.(estimate);
  const run = await openRun(folder, { config, parts, signal });
  const found = await search(run);
  await folder.write(winnerName(folder), found.best.source);
  const control = await runControl(run, found);
  const promotion = await promote(run, found);
  const report = await reportOf(run, { found, control, promotion, estimate });
  await folder.write('report.json', `${JSON.stringify(report, undefined, 2)}\n`);
  await folder.write('report.html', renderRunHtml(report));
  await folder.write('progress.json', JSON.stringify({ phase: 'done', elapsed_ms: run.elapsedMs() }));
  return report;
}

/**
 * The name of the file with the best program of a run.
 *
 * @public
 */
export function winnerName({ head }: Pick<RunFolder, 'head'>): string {
  return `winner${extname(head.file_name)}`;
}

function estimateOf({ source }: RunFolder, config: RunConfig, { task, price }: RunParts): Estimate {
  return estimateRun({ config, startLength: source.length, relations: task.relations.length, price });
}

const PROGRESS_MS = 1_000;

type Opening = { readonly config: RunConfig; readonly parts: RunParts; readonly signal: AbortSignal };

async function openRun(folder: RunFolder, { config, parts, signal }: Opening): Promise<Run> {
  const { clock } = parts;
  const before = await elapsedBefore(folder);
  const startedAt = clock.now();
  const elapsedMs = (): number => before + clock.now() - startedAt;
  let writtenAt = Number.NEGATIVE_INFINITY;
  const tell = async (progress: RunProgress): Promise<void> => {
    parts.onProgress?.(progress);
    if (clock.now() - writtenAt < PROGRESS_MS) return;
    writtenAt = clock.now();
    const { isRecalled: _isRecalled, ...known } = progress;
    await folder.write('progress.json', JSON.stringify({ ...known, elapsed_ms: elapsedMs() }));
  };
  return { ...parts, folder, config, evaluator: evaluatorOf(folder, config, parts), signal, elapsedMs, tell };
}

async function elapsedBefore(folder: RunFolder): Promise<number> {
  try {
    const value: unknown = JSON.parse(await readFile(folder.file('progress.json'), 'utf8'));
    const elapsed = isJsonObject(value) ? value['elapsed_ms'] : undefined;
    return typeof elapsed === 'number' && elapsed >= 0 ? elapsed : 0;
  } catch {
    return 0; // A run that has just begun.
  }
}

function evaluatorOf(folder: RunFolder, { task: asked, target, cascade, settings }: RunConfig, parts: RunParts) {
  const { task, host } = parts;
  return createGuardEvaluator({
    ...{ host, task, entryName: target.entry, ending: extname(folder.head.file_name), folder: folder.file('tmp') },
    ...{ objective: asked.objective, timeoutS: asked.timeout_s, memMb: asked.mem_mb, seed: caseSeed(settings.seed) },
    cases: shortestFirst(generateCases(task, { n: asked.cases, seed: caseSeed(settings.seed) }).slice(0, asked.cases)),
    ...(cascade !== undefined && { cascade }),
  });
}

/** Cases are made from a number. */
function caseSeed(seed: number | string): number {
  return typeof seed === 'number' && Number.isSafeInteger(seed) && seed >= 0 ? seed : freshSeed(`cases ${seed}`);
}

/** What is cheap is asked first, so that a program that does not work is given up early. */
function shortestFirst(cases: readonly Case[]): readonly Case[] {
  const measured = cases.map((one) => ({ one, length: JSON.stringify(one.args).length }));
  return measured.toSorted((one, other) => one.length - other.length).map(({ one }) => one);
}

async function search(run: Run): Promise<EvolveReport> {
  const { config, chooser, elapsedMs, onCommit } = run;
  const parts = await partsOf(run, 'search');
  return evolve(
    { config: config.search, start: startOf(run) },
    {
      ...parts,
      ...(chooser !== undefined && { chooser }),
      ...(config.wall_s > 0 && { hasTime: () => elapsedMs() < config.wall_s * 1_000 }),
      onCommit: (commit, state) => {
        onCommit?.(commit, state);
        parts.onCommit(commit, state);
      },
    },
    run.signal,
  );
}

/** The best of as many children of the first program, by whoever proposes and with the same seed (E11). */
async function runControl(run: Run, found: EvolveReport): Promise<RunControl | null> {
  const { config } = run;
  if (!config.control.enabled || found.evaluations === 0) return null;
  const { evolve: given } = config.search;
  const evolveTable = { ...(isJsonObject(given ?? null) ? (given as JsonObject) : {}) }; // Read by `readRunConfig`.
  const tables = { ...config.search, evolve: { ...evolveTable, evaluations: found.evaluations, no_improve: 0 } };
  const control = await evolve(
    { config: tables, start: startOf(run) },
    { ...(await partsOf(run, 'control')), isControl: true },
    run.signal,
  );
  const { best, evaluations, lineage_hash, usage } = control;
  return { best: best.score, evaluations, lineage_hash, usage: runUsage(usage), curve: curveOf(control) };
}

const JOURNALS = { search: 'journal.ndjson', control: 'control.ndjson' } as const;

async function partsOf(run: Run, phase: 'search' | 'control') {
  const { folder, config, evaluator, tell } = run;
  return {
    proposer: await run.openProposer(),
    evaluator,
    journal: openFileJournal(folder.file(JOURNALS[phase])),
    onCommit: (_commit: Commit, { bestScore, done, usage, models, isRecalled }: CommittedSearch): void => {
      const { inputTokens, outputTokens, costUsd: usd } = usage;
      const progress = { phase, done, of: config.settings.evaluations, best: bestScore, isRecalled };
      // A progress that cannot be written costs a progress.
      tell({
        ...{ ...progress, models: runModels(models) },
        usage: { tokens: inputTokens + outputTokens, usd },
      }).catch(() => undefined);
    },
  } satisfies EvolveParts;
}

function startOf({ folder, config }: Run) {
  return { source: folder.source, fileName: folder.head.file_name, entryName: config.target.entry };
}

const PROMOTIONS = 'promotion.ndjson';

/** Winners, best first, until one takes the first program's place; each on fresh cases of its own. */
async function promote(run: Run, found: EvolveReport): Promise<RunReport['promotion']> {
  const { alpha, tries, bar, enabled } = run.config.promotion;
  const winners = found.elites.filter(({ score }) => score > found.start.score).slice(0, tries);
  if (!enabled || winners.length === 0) return null;
  const known = await readPromotions(run);
  const { test } = createPromotionTests({ alpha, bar });
  const tests: RunPromotion[] = [];
  for (const [at, { program, score }] of winners.entries()) {
    const none = { usage: { tokens: 0, usd: 0 }, models: [], isRecalled: false };
    await run.tell({ phase: 'promotion', done: at, of: winners.length, best: score, ...none });
    const kept = known.find(({ id }) => id === program.id);
    const compared = kept ?? (await compare(run, program, at));
    const { level, log_e, is_promoted } = test(compared);
    const whole: RunPromotion = { ...compared, level, log_e, is_promoted };
    if (kept === undefined)
      await appendFile(run.folder.file(PROMOTIONS), `${JSON.stringify(whole)}\n`, { flush: true });
    tests.push(whole);
    if (is_promoted) return { is_promoted: true, tests };
  }
  return { is_promoted: false, tests };
}

type Compared = Omit<RunPromotion, 'level' | 'log_e' | 'is_promoted'>;

async function compare(run: Run, program: Program, at: number): Promise<Compared> {
  const { folder, config, task, host, clock, signal } = run;
  const { objective, timeout_s: timeoutS, mem_mb: memMb } = config.task;
  const isHigherBetter = (metric: string): boolean =>
    task.metrics.find(({ name }) => name === metric)?.higherIsBetter ?? true;
  const comparison = createComparison(objective, isHigherBetter);
  const { decision, baseline, candidate, timing } = await judgePromotion({
    ...{ host, task, clock, signal, timeoutS, memMb, champion: folder.source, winner: program.source },
    ...{ entryName: config.target.entry, ending: extname(folder.head.file_name), folder: folder.file('tmp') },
    ...{ cases: config.promotion.cases, policy: config.promotion.policy },
    seed: `${config.settings.seed}/${at}`,
    isAlone: config.promotion.alone || objective.kind === 'speed',
    onPair: comparison.add,
  });
  return {
    ...{ id: program.id, verdict: decision.verdict, reasons: decision.reasons, ...comparison.counts() },
    first: { pass_rate: baseline.pass_rate, p50_ms: timing.baseline.p50_ms },
    winner: { pass_rate: candidate.pass_rate, p50_ms: timing.candidate.p50_ms },
  };
}

async function readPromotions({ folder }: Run): Promise<readonly RunPromotion[]> {
  const text = await readFile(folder.file(PROMOTIONS), 'utf8').catch(() => '');
  // A line that was cut off is of a promotion that was not done.
  return text.split('\n').flatMap((line): readonly RunPromotion[] => {
    try {
      const value: unknown = JSON.parse(line);
      return isJsonObject(value) ? [value as unknown as RunPromotion] : []; // Written by `promote` alone.
    } catch {
      return [];
    }
  });
}

type Ended = {
  readonly found: EvolveReport;
  readonly control: RunControl | null;
  readonly promotion: RunReport['promotion'];
  readonly estimate: Estimate;
};

async function reportOf(run: Run, { found, control, promotion, estimate }: Ended): Promise<RunReport> {
  const { folder, config, elapsedMs } = run;
  const { head } = folder;
  const { best, start, statistics, commits } = found;
  const { objective } = config.task;
  return {
    schema_version: RUN_REPORT_VERSION,
    ...{ name: head.name, seed: config.settings.seed, target: config.target, task: run.task.name },
    objective: objective.kind === 'metric' ? `metric:${objective.name}` : objective.kind,
    proposer: proposerName(config),
    selector: config.settings.selector.name,
    best: {
      ...{ id: best.id, score: best.score, evaluation: best.evalIndex, generation: best.generation },
      ...{ measures: best.measures, source_sha256: sha256(best.source), file: winnerName(folder) },
    },
    ...{ start, is_better: best.score > start.score, evaluations: found.evaluations, ended: found.ended },
    ...{ lineage_hash: found.lineage_hash, usage: runUsage(found.usage), control, promotion },
    models: runModels(found.models),
    promotion_enabled: config.promotion.enabled,
    archive: {
      descriptors: found.descriptors,
      cells: found.elites.map(({ program, score, bins }) => ({ bins, score, id: program.id })),
      coverage: statistics.coverage ?? null,
      qd_score: statistics.qdScore,
    },
    curve: curveOf(found),
    best_line: await bestLine(run, commits, best.id),
    ...{ lineage: commits, estimate, config: head.config },
    timing: { elapsed_ms: elapsedMs() },
  };
}

function proposerName({ llm, models }: RunConfig): string {
  if (models.length > 0) return models.map(({ name }) => name).join(', ');
  return llm.backends.length > 0 ? 'llm' : llm.backend;
}

async function bestLine({ folder }: Run, commits: readonly Commit[], id: string): Promise<RunReport['best_line']> {
  const entries = await readFileJournal(folder.file(JOURNALS.search));
  const diffs = new Map(
    entries.flatMap((entry) =>
      entry.kind === 'proposed' && entry.proposed.kind === 'mutated' ? [[entry.index, entry.proposed.diff]] : [],
    ),
  );
  return lineOf(commits, id).map(({ id: each, index, score }) => ({
    ...{ id: each, evaluation: index, score },
    diff: diffs.get(index) ?? '',
  }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
