/**
 * The state of a search: what was committed, and what the next choice is made from. Nothing here waits for a proposer.
 */
import { EvolveError } from '../evolve-error.ts';
import { addUsage, NO_USAGE, type ProposalUsage } from '../mutation/proposer.ts';
import type { Archive } from '../search/archive/archive.ts';
import { createArchive } from '../search/archive/create-archive.ts';
import { programId, type Program } from '../search/archive/program.ts';
import { fitnessOf, mergeFitness, rankScore } from '../search/fitness/fitness.ts';
import { createNoveltyFilter } from '../search/novelty/novelty-filter.ts';
import { streamFor } from '../search/random/search-random.ts';
import { createSelector } from '../search/selectors/create-selector.ts';
import type { Answers } from './answered.ts';
import type { EvolveConfig } from './evolve-config.ts';
import type { EvolveEnd } from './evolve.ts';
import type { Evaluated, Proposed } from './evaluator.ts';
import type { Commit } from './lineage.ts';
import type { KnownPrograms } from './proposing.ts';

/** What an evaluation is proposed from; `commits` were there when it was chosen. */
export type Chosen = {
  readonly index: number;
  readonly island: number;
  readonly parent: Program;
  readonly parentScore: number;
  readonly inspirations: readonly string[];
  readonly commits: number;
};

/** An evaluation that may be committed; it was measured where something was proposed. */
export type Ready = {
  readonly chosen: Chosen;
  readonly proposed: Proposed;
  readonly evaluated: Evaluated | undefined;
};

/** A program that was proposed. */
type Unmeasured = Omit<Program, 'fitness' | 'measures'>;

type Settled =
  | { readonly kind: 'settled'; readonly status: 'new' | 'improved' | 'rejected'; readonly score: number | null }
  | { readonly kind: 'failed'; readonly reason: string };

/** See {@link createSearch}. */
export type Search = ReturnType<typeof createSearch>;

/** Begins a search that has no program. */
export function createSearch(settings: EvolveConfig, answers: Answers) {
  const archive = createArchive(settings.archive);
  const selector = createSelector(settings.selector.name, settings.selector.table);
  const commits: Commit[] = [];
  const novelty = createLateNovelty(settings);
  let usage = NO_USAGE;
  let chosenCount = 0;
  let bestAt = 0;

  const scoreOf = ({ fitness }: Program): number => rankScore(fitness, archive.config);

  async function plant(source: string): Promise<void> {
    const id = programId({ parentIds: [], patch: source, evalIndex: 0 });
    const start: Unmeasured = { id, parents: [], source, island: 0, generation: 0, evalIndex: 0 };
    const evaluated = await measure(start, 0);
    const added = evaluated.kind === 'failed' ? evaluated : await settle(start, evaluated, archive.plant);
    if (added.kind === 'failed') {
      throw new EvolveError(
        'EVOLVE_INVALID',
        `the first program does not work: ${added.reason}. Begin with one that the judge takes.`,
      );
    }
    commits.push({ index: 0, id, parents: [], island: 0, status: 'start', score: added.score, reason: null });
    novelty.remember({ at: commits.length, id, source });
  }

  function measure({ id, source, evalIndex }: Unmeasured, measurement: number): Promise<Evaluated> {
    const seed = `${settings.seed}/${evalIndex}/${measurement}`;
    return answers.evaluate({ id, source, evalIndex, measurement, seed });
  }

  /** Gives it to the archive, measured as often as that asks for. */
  async function settle(
    program: Unmeasured,
    first: Extract<Evaluated, { readonly kind: 'measured' }>,
    add: Archive['add'],
  ): Promise<Settled> {
    const { measures } = first;
    let fitness = fitnessOf(first.values, first.cases);
    for (let measurement = 1; ; measurement += 1) {
      const whole = { ...program, fitness, measures };
      const added = add(whole);
      if (added.status !== 'remeasure') {
        const score = scoreOf(whole);
        return { kind: 'settled', status: added.status, score: Number.isFinite(score) ? score : null };
      }
      const again = await measure(program, measurement);
      if (again.kind === 'failed') return again;
      fitness = mergeFitness(fitness, fitnessOf(again.values, again.cases));
    }
  }

  function choose(): Chosen | undefined {
    const index = chosenCount + 1;
    if (index > settings.evaluations || isOverBudget()) return undefined;
    chosenCount = index;
    const stream = (purpose: string) => streamFor({ runSeed: settings.seed, evalIndex: index, purpose });
    const island = archive.islandOf(index - 1);
    const view = archive.view(island);
    const parent = selector.select(view, stream('parent'));
    const shown = selector.sampleInspirations(view, settings.inspirations + 1, stream('inspirations'));
    const inspirations = shown.filter(({ id }) => id !== parent.id).slice(0, settings.inspirations);
    archive.submitted(parent.id);
    return {
      ...{ index, island, parent, parentScore: scoreOf(parent), commits: commits.length },
      inspirations: inspirations.map(({ source }) => source),
    };
  }

  async function commit({ chosen, proposed, evaluated }: Ready): Promise<Commit> {
    usage = addUsage(usage, proposed.usage);
    const entry = await judge(chosen, proposed, evaluated);
    commits.push(entry);
    if (proposed.kind === 'mutated') novelty.remember({ at: commits.length, id: entry.id, source: proposed.source });
    if (archive.best().id === entry.id) bestAt = entry.index;
    const gain = entry.score === null ? 0 : entry.score - Math.max(chosen.parentScore, commits[0]?.score ?? 0);
    selector.feedback(Math.max(0, gain), chosen.parent.id);
    archive.migrate(archive.migrationsDue());
    if (archive.isResetDue()) archive.resetWorstHalf();
    return entry;
  }

  async function judge(chosen: Chosen, proposed: Proposed, evaluated: Evaluated | undefined): Promise<Commit> {
    const { index, island, parent } = chosen;
    const { id } = childOf(chosen, proposed);
    const about = { index, id, parents: [parent.id], island };
    if (proposed.kind === 'failed') return { ...about, status: 'no_program', score: null, reason: proposed.reason };
    if (evaluated?.kind !== 'measured')
      return { ...about, status: 'failed', score: null, reason: evaluated?.reason ?? 'it was not measured' };
    const settled = await settle(childOf(chosen, proposed), evaluated, archive.add);
    if (settled.kind === 'failed') return { ...about, status: 'failed', score: null, reason: settled.reason };
    return { ...about, status: settled.status, score: settled.score, reason: null };
  }

  function isOverBudget(): boolean {
    const { tokens_max: tokens, usd_max: usd } = settings;
    const used = usage.inputTokens + usage.outputTokens;
    return (tokens > 0 && used >= tokens) || (usd > 0 && usage.costUsd >= usd);
  }

  function endOf(): EvolveEnd | undefined {
    const done = commits.length - 1;
    if (scoreOf(archive.best()) >= settings.target) return 'target';
    return settings.no_improve > 0 && done - bestAt >= settings.no_improve ? 'no_improve' : undefined;
  }

  return {
    ...{ settings, archive, novelty: novelty.known, plant, choose, commit, endOf, isOverBudget, scoreOf },
    measure: (chosen: Chosen, proposed: Proposed): Promise<Evaluated> => measure(childOf(chosen, proposed), 0),
    commits: (): readonly Commit[] => commits,
    usage: (): ProposalUsage => usage,
  };
}

/** What a proposal makes of its parent; what came to nothing has a name as well, and no source. */
function childOf({ parent, island, index }: Chosen, proposed: Proposed): Unmeasured {
  const { diff, source } = proposed.kind === 'mutated' ? proposed : { diff: '', source: '' };
  const id = programId({ parentIds: [parent.id], patch: diff, evalIndex: index });
  return { id, parents: [parent.id], source, island, generation: parent.generation + 1, evalIndex: index };
}

type Remembered = { readonly at: number; readonly id: string; readonly source: string };

/** What was remembered is known to proposals that were chosen after it alone. */
function createLateNovelty({ novelty }: EvolveConfig) {
  const filter = createNoveltyFilter(novelty);
  const waiting: Remembered[] = [];
  const known: KnownPrograms = {
    judge: (source, resamples, commits) => {
      for (let next = waiting[0]; next !== undefined && next.at <= commits; next = waiting[0]) {
        filter.remember(next.id, next.source);
        waiting.shift();
      }
      return filter.judge(source, resamples);
    },
  };
  return {
    known,
    /** `at` is how many commits there are with it. */
    remember: (program: Remembered): void => void waiting.push(program),
  };
}
