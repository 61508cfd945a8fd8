/**
 * A search, as a list of steps for each evaluation:
 *
 *   choose island, parent and inspirations ─▶ propose, until it is new ─▶ measure ─▶ commit, in the order of their numbers ─▶ migrate
 *
 * EV1: What evaluation i is proposed from is what was committed up to i - window: how many workers there are, and how fast, changes nothing.
 * EV2: Every choice has a stream of random numbers of its own, by the seed, the number of the evaluation and the purpose.
 * EV3: Whatever is no function of configuration, seed and first program is in the journal before it is used.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import type { ArchiveStatistics } from '../search/archive/archive.ts';
import type { Program } from '../search/archive/program.ts';
import type { Proposer, ProposalUsage, ProposingModel } from '../mutation/proposer.ts';
import type { ModelTally } from '../search/models/model-tallies.ts';
import { binsOf, bucketOf } from '../search/archive/descriptors.ts';
import { createAnswers, type Answers } from './answered.ts';
import { configHash, readEvolveConfig } from './evolve-config.ts';
import type { Evaluator } from './evaluator.ts';
import { createMemoryJournal, type Journal } from './journal.ts';
import { lineageHash, type Commit } from './lineage.ts';
import { readProposing } from './models.ts';
import type { ParentChooser } from './parent-chooser.ts';
import { Search, type Chosen, type Ready } from './search-state.ts';
import { createProposing } from './proposing.ts';

/**
 * What is evolved: the first program, the name of its file, which says its language, and of the function that is called.
 *
 * @public
 */
export type EvolveStart = { readonly source: string; readonly fileName: string; readonly entryName: string };

/**
 * Who proposes, who measures, and where answers are kept; nowhere, where that is left out. Of a list of models one is chosen for each
 * evaluation, as `[models]` says.
 *
 * @public
 */
export type EvolveParts = {
  readonly proposer: Proposer | readonly ProposingModel[];
  readonly evaluator: Evaluator;
  readonly journal?: Journal;
  /** Chooses parents, where the selector of the configuration is one of a plugin. */
  readonly chooser?: ParentChooser;
  /** Every child is one of the first program, and nothing is learned: the best of them is what a search has to be better than. */
  readonly isControl?: boolean;
  /** Asked after each evaluation; the search ends where there is none. What was said once holds when it goes on. */
  readonly hasTime?: () => boolean;
  /** Told of each evaluation once it is committed, in order. */
  readonly onCommit?: (commit: Commit, search: CommittedSearch) => void;
};

/**
 * A search after an evaluation: the best program so far with its bin of each descriptor (`bucket`), how many were evaluated, what they
 * took, what is known of each model, the program that was just evaluated, with its source, and whether the journal had it already. `soFar`
 * says what it has come to when that is asked.
 *
 * @public
 */
export type CommittedSearch = {
  readonly best: Program;
  readonly bestScore: number;
  readonly bucket: Readonly<Record<string, number>>;
  readonly done: number;
  readonly usage: ProposalUsage;
  readonly models: readonly ModelTally[];
  readonly source: string;
  readonly diff: string;
  readonly isRecalled: boolean;
  readonly soFar: () => SearchSoFar;
};

/**
 * Why a search ended.
 *
 * @public
 */
export type EvolveEnd = 'evaluations' | 'target' | 'no_improve' | 'budget' | 'time';

/**
 * What a search came to, and why it ended.
 *
 * @public
 */
export type EvolveReport = SearchSoFar & { readonly ended: EvolveEnd };

/**
 * What a search has come to. `score` is what programs are ranked by.
 *
 * @public
 */
export type SearchSoFar = {
  readonly best: Program & { readonly score: number };
  readonly start: { readonly id: string; readonly score: number };
  readonly commits: readonly Commit[];
  /** Evaluations that were committed beside the first program. */
  readonly evaluations: number;
  readonly lineage_hash: string;
  readonly usage: ProposalUsage;
  /** None where nobody said who answers. */
  readonly models: readonly ModelTally[];
  readonly statistics: ArchiveStatistics;
  /** The best programs, one of each cell, best first. */
  readonly elites: readonly Elite[];
  /** Names of the archive's descriptors, in the order of `bins`. */
  readonly descriptors: readonly string[];
};

/**
 * A program that owns a cell of the archive: `bins` is its place in each descriptor.
 *
 * @public
 */
export type Elite = { readonly program: Program; readonly score: number; readonly bins: readonly number[] };

/**
 * Searches.
 *
 * @param config - Tables `[evolve]`, `[selector.<name>]`, `[archive]`, `[novelty]`, `[mutation]` and `[models]`.
 * @throws {EvolveError} `EVOLVE_INVALID` for a configuration, or where the first program does not work; `SELECTOR_INVALID`,
 *   `ARCHIVE_INVALID`, `JOURNAL_INVALID`, `JOURNAL_MISMATCH`; what the proposer cannot be asked again for; the signal's reason.
 * @public
 */
export async function evolve(
  { config, start }: { readonly config?: JsonObject; readonly start: EvolveStart },
  parts: EvolveParts,
  signal: AbortSignal = new AbortController().signal,
): Promise<EvolveReport> {
  const settings = readEvolveConfig(config);
  const { journal = createMemoryJournal(), evaluator, proposer, chooser, isControl = false } = parts;
  const { arms, proposerOf } = readProposing(proposer, settings.models);
  const known = await journal.open(configHash(settings, { start: start.source, isControl, arms }));
  const left = new AbortController();
  const within = AbortSignal.any([signal, left.signal]);
  const answers = createAnswers({ journal, known, evaluator, workers: settings.workers, signal: within });
  const search = new Search(settings, { answers, chooser, arms, isControl, signal });
  await search.plant(start.source);
  const proposing = createProposing({ settings, start, proposerOf, answers, known: search.novelty, signal: within });
  const underWay: Promise<Ready>[] = [];

  const ready = async (chosen: Chosen): Promise<Ready> => {
    const proposed = await proposing.propose(chosen);
    if (proposed.kind === 'failed') return { chosen, proposed, evaluated: undefined };
    return { chosen, proposed, evaluated: await search.measure(chosen, proposed) };
  };
  try {
    const ended = await commitInOrder(search, { ...parts, answers, underWay, ready, signal });
    return { ...soFarOf(search), ended };
  } finally {
    // Nothing of it would be committed, in no run of this seed; and whoever asked may take away what it works with.
    left.abort();
    await Promise.allSettled(underWay);
  }
}

type Running = Pick<EvolveParts, 'onCommit' | 'hasTime'> & {
  readonly answers: Answers;
  readonly underWay: Promise<Ready>[];
  readonly ready: (chosen: Chosen) => Promise<Ready>;
  readonly signal: AbortSignal;
};

/** What is still under way when a search ends is left. */
async function commitInOrder(search: Search, running: Running): Promise<EvolveEnd> {
  const { underWay, ready, signal } = running;
  const begin = async (): Promise<void> => {
    const chosen = await search.choose();
    if (chosen === undefined) return;
    const answer = ready(chosen);
    answer.catch(() => undefined); // Heard of when its turn comes.
    underWay.push(answer);
  };
  for (let place = 0; place < search.settings.window; place += 1) await begin();
  for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
    const done = await next;
    const commit = await search.commit(done);
    signal.throwIfAborted();
    tell(search, { commit, done }, running);
    const end = await endOf(search, running);
    if (end !== undefined) return end;
    await begin();
  }
  return search.isOverBudget ? 'budget' : 'evaluations';
}

function tell(
  search: Search,
  { commit, done: { proposed } }: { readonly commit: Commit; readonly done: Ready },
  { onCommit, answers }: Running,
): void {
  const best = search.archive.best();
  const { source, diff } = proposed.kind === 'mutated' ? proposed : { source: '', diff: '' };
  onCommit?.(commit, {
    ...{ best, bestScore: search.scoreOf(best), done: search.commits.length - 1, usage: search.usage, source, diff },
    bucket: bucketOf(best, search.archive.config.descriptors),
    models: search.models,
    isRecalled: answers.isRecalled(commit.index),
    soFar: () => soFarOf(search),
  });
}

async function endOf(search: Search, { answers, hasTime }: Running): Promise<EvolveEnd | undefined> {
  const { target, no_improve: most } = search.settings;
  if (search.scoreOf(search.archive.best()) >= target) return 'target';
  if (most > 0 && search.sinceBest >= most) return 'no_improve';
  const index = search.commits.length - 1;
  return (await answers.isOver(index, () => hasTime?.() === false)) ? 'time' : undefined;
}

function soFarOf(search: Search): SearchSoFar {
  const { commits } = search;
  const [first] = commits;
  if (first === undefined || first.score === null)
    throw new EvolveError('EVOLVE_INVALID', 'a search ended without its first program');
  const best = search.archive.best();
  return {
    best: { ...best, score: search.scoreOf(best) },
    start: { id: first.id, score: first.score },
    commits,
    evaluations: commits.length - 1,
    lineage_hash: lineageHash(commits),
    usage: search.usage,
    models: search.models,
    statistics: search.archive.statistics(),
    descriptors: search.archive.config.descriptors.map(({ name }) => name),
    elites: search.archive.champions.map(({ program, score, measures }) => ({
      ...{ program, score },
      bins: binsOf(measures, search.archive.config.descriptors),
    })),
  };
}
