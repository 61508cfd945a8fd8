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
import type { Proposer, ProposalUsage } from '../mutation/proposer.ts';
import { createAnswers } from './answered.ts';
import { configHash, readEvolveConfig } from './evolve-config.ts';
import type { Evaluator } from './evaluator.ts';
import { createMemoryJournal, type Journal } from './journal.ts';
import { lineageHash, type Commit } from './lineage.ts';
import { Search, type Chosen, type Ready } from './search-state.ts';
import { createProposing } from './proposing.ts';

/**
 * What is evolved: the first program, the name of its file, which says its language, and of the function that is called.
 *
 * @public
 */
export type EvolveStart = { readonly source: string; readonly fileName: string; readonly entryName: string };

/**
 * Who proposes, who measures, and where answers are kept; nowhere, where that is left out.
 *
 * @public
 */
export type EvolveParts = {
  readonly proposer: Proposer;
  readonly evaluator: Evaluator;
  readonly journal?: Journal;
  /** Told of each evaluation once it is committed, in order. */
  readonly onCommit?: (commit: Commit, search: { readonly best: Program; readonly done: number }) => void;
};

/**
 * Why a search ended.
 *
 * @public
 */
export type EvolveEnd = 'evaluations' | 'target' | 'no_improve' | 'budget';

/**
 * What a search came to. `score` is what programs are ranked by.
 *
 * @public
 */
export type EvolveReport = {
  readonly best: Program & { readonly score: number };
  readonly start: { readonly id: string; readonly score: number };
  readonly commits: readonly Commit[];
  /** Evaluations that were committed beside the first program. */
  readonly evaluations: number;
  readonly lineage_hash: string;
  readonly usage: ProposalUsage;
  readonly statistics: ArchiveStatistics;
  readonly ended: EvolveEnd;
};

/**
 * Searches.
 *
 * @param config - Tables `[evolve]`, `[selector.<name>]`, `[archive]` and `[novelty]`.
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
  const { journal = createMemoryJournal(), evaluator, proposer } = parts;
  const known = await journal.open(configHash(settings, start.source));
  const answers = createAnswers({ journal, known, evaluator, workers: settings.workers, signal });
  const search = new Search(settings, answers);
  await search.plant(start.source);
  const proposing = createProposing({ settings, start, proposer, answers, known: search.novelty, signal });

  const ready = async (chosen: Chosen): Promise<Ready> => {
    const proposed = await proposing.propose(chosen);
    if (proposed.kind === 'failed') return { chosen, proposed, evaluated: undefined };
    return { chosen, proposed, evaluated: await search.measure(chosen, proposed) };
  };
  const ended = await commitInOrder(search, { ...parts, ready, signal });
  return reportOf(search, ended);
}

type Running = Pick<EvolveParts, 'onCommit'> & {
  readonly ready: (chosen: Chosen) => Promise<Ready>;
  readonly signal: AbortSignal;
};

/** What is still under way when a search ends is left: nothing of it is committed, in no run of this seed. */
async function commitInOrder(search: Search, { ready, onCommit, signal }: Running): Promise<EvolveEnd> {
  const underWay: Promise<Ready>[] = [];
  const begin = (): void => {
    const chosen = search.choose();
    if (chosen === undefined) return;
    const answer = ready(chosen);
    answer.catch(() => undefined); // Heard of when its turn comes.
    underWay.push(answer);
  };
  for (let place = 0; place < search.settings.window; place += 1) begin();
  for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
    const commit = await search.commit(await next);
    signal.throwIfAborted();
    onCommit?.(commit, { best: search.archive.best(), done: search.commits.length - 1 });
    const end = endOf(search);
    if (end !== undefined) return end;
    begin();
  }
  return search.isOverBudget ? 'budget' : 'evaluations';
}

function endOf(search: Search): EvolveEnd | undefined {
  const { target, no_improve: most } = search.settings;
  if (search.scoreOf(search.archive.best()) >= target) return 'target';
  return most > 0 && search.sinceBest >= most ? 'no_improve' : undefined;
}

function reportOf(search: Search, ended: EvolveEnd): EvolveReport {
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
    statistics: search.archive.statistics(),
    ended,
  };
}
