/**
 * Opens a run: what its steps work with, how far it is, and what it has come to so far.
 */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { generateCases, type Case, type EvaluationClock, type Task } from '@bulkhead/guard';
import type { Host } from '@bulkhead/host';
import { isJsonObject } from '@bulkhead/protocol';
import { createGuardEvaluator, type CandidateRuns } from '../judge/guard-evaluator.ts';
import { freshSeed } from '../judge/promote.ts';
import type { CommittedSearch, EvolveParts, EvolveReport, SearchSoFar } from '../loop/evolve.ts';
import type { Evaluator } from '../loop/evaluator.ts';
import { openFileJournal } from '../loop/journal.ts';
import type { Commit } from '../loop/lineage.ts';
import type { ParentChooser } from '../loop/parent-chooser.ts';
import type { Proposer, ProposingModel } from '../mutation/proposer.ts';
import type { Estimate, EstimateOf } from './estimate.ts';
import type { RunConfig } from './run-config.ts';
import type { RunFolder } from './run-folder.ts';
import { runModels, type RunControl, type RunModel, type RunPromotion, type RunView } from './run-report.ts';

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
  /** Where candidates of search and control run, in place of the host; winners are compared on the host all the same. */
  readonly runs?: CandidateRuns;
  readonly price?: EstimateOf['price'];
  readonly onEstimate?: (estimate: Estimate) => void;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Told of each evaluation of the search. */
  readonly onCommit?: (commit: Commit, search: CommittedSearch) => void;
  /** Told whenever the run has come further; `look` makes its report as it stands, which takes a while, and may be kept for later. */
  readonly onChange?: (look: () => Promise<RunView>) => void;
};

/** A run that is worked on. */
export type Run = RunParts & {
  readonly folder: RunFolder;
  readonly config: RunConfig;
  readonly evaluator: Evaluator;
  readonly signal: AbortSignal;
  /** Milliseconds that the run has taken, those of earlier processes with them. */
  readonly elapsedMs: () => number;
  readonly tell: (progress: RunProgress) => Promise<void>;
  /** At the worst. */
  readonly estimate: Estimate;
  readonly standing: Standing;
};

/** What a run has come to so far: each step adds its own. */
export type Standing = {
  progress: RunProgress | undefined;
  /** Of the step that is under way. */
  soFar: (() => SearchSoFar) | undefined;
  found: EvolveReport | undefined;
  control: RunControl | null;
  tests: readonly RunPromotion[];
};

const PROGRESS_MS = 1_000;

type Opening = {
  readonly config: RunConfig;
  readonly estimate: Estimate;
  readonly parts: RunParts;
  readonly signal: AbortSignal;
};

/** Opens it; `look` makes a report of a run as it stands. */
export async function openRun(
  folder: RunFolder,
  { config, estimate, parts, signal }: Opening,
  look: (run: Run) => Promise<RunView>,
): Promise<Run> {
  const { clock } = parts;
  const standing: Standing = { progress: undefined, soFar: undefined, found: undefined, control: null, tests: [] };
  const before = await elapsedBefore(folder);
  const startedAt = clock.now();
  const elapsedMs = (): number => before + clock.now() - startedAt;
  let writtenAt = Number.NEGATIVE_INFINITY;
  const tell = async (progress: RunProgress): Promise<void> => {
    standing.progress = progress;
    parts.onProgress?.(progress);
    parts.onChange?.(() => look(run));
    if (clock.now() - writtenAt < PROGRESS_MS) return;
    writtenAt = clock.now();
    const { isRecalled: _isRecalled, ...known } = progress;
    await folder.write('progress.json', JSON.stringify({ ...known, elapsed_ms: elapsedMs() }));
  };
  const evaluator = evaluatorOf(folder, config, parts);
  const run: Run = { ...parts, folder, config, estimate, evaluator, signal, elapsedMs, tell, standing };
  return run;
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
  const { task, host, runs } = parts;
  return createGuardEvaluator({
    ...{ host, task, entryName: target.entry, ending: extname(folder.head.file_name), folder: folder.file('tmp') },
    ...{ objective: asked.objective, timeoutS: asked.timeout_s, memMb: asked.mem_mb, seed: caseSeed(settings.seed) },
    cases: shortestFirst(generateCases(task, { n: asked.cases, seed: caseSeed(settings.seed) }).slice(0, asked.cases)),
    ...(cascade !== undefined && { cascade }),
    ...(runs !== undefined && { runs }),
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

/** Files of the journals of a run, by what is searched for. */
export const JOURNALS = { search: 'journal.ndjson', control: 'control.ndjson' } as const;

/** Who works on one of its searches. */
export async function partsOf(run: Run, phase: 'search' | 'control') {
  const { folder, config, evaluator, tell, standing } = run;
  return {
    proposer: await run.openProposer(),
    evaluator,
    journal: openFileJournal(folder.file(JOURNALS[phase])),
    onCommit: (_commit: Commit, { bestScore, done, usage, models, isRecalled, soFar }: CommittedSearch): void => {
      standing.soFar = soFar;
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

/** What it begins with. */
export function startOf({ folder, config }: Run) {
  return { source: folder.source, fileName: folder.head.file_name, entryName: config.target.entry };
}
