/**
 * The state of a search: what was committed, and what the next choice is made from. Nothing here waits for a proposer.
 */
import { EvolveError } from '../evolve-error.ts';
import { addUsage, NO_USAGE, type ProposalUsage } from '../mutation/proposer.ts';
import type { Archive } from '../search/archive/archive.ts';
import { createArchive } from '../search/archive/create-archive.ts';
import { programId, type Program } from '../search/archive/program.ts';
import { fitnessOf, mergeFitness, rankScore } from '../search/fitness/fitness.ts';
import type { SearchRandom } from '../search/random/search-random.ts';
import { streamFor } from '../search/random/search-random.ts';
import { createSelector, type Selector } from '../search/selectors/create-selector.ts';
import type { Answers } from './answered.ts';
import type { EvolveConfig } from './evolve-config.ts';
import type { Evaluated, Proposed } from './evaluator.ts';
import { chosenPrograms, isPluginSelector, type ParentChooser } from './parent-chooser.ts';
import { createLateNovelty, type LateNovelty } from './late-novelty.ts';
import type { Commit } from './lineage.ts';
import { createModels, modelOf, type Models } from './models.ts';
import type { ModelArm } from '../search/models/choose-model.ts';
import type { ModelTally } from '../search/models/model-tallies.ts';

/** What an evaluation is proposed from; `commits` were there when it was chosen. */
export type Chosen = {
  readonly index: number;
  readonly island: number;
  readonly parent: Program;
  readonly parentScore: number;
  readonly inspirations: readonly string[];
  readonly commits: number;
  /** Who is asked, where the search has a list of models. */
  readonly model?: string;
};

/** An evaluation that may be committed; it was measured where something was proposed. */
export type Ready = {
  readonly chosen: Chosen;
  readonly proposed: Proposed;
  readonly evaluated: Evaluated | undefined;
};

type Choice = { readonly parent: Program; readonly inspirations: readonly Program[] };

/** A program that was proposed. */
type Unmeasured = Omit<Program, 'fitness' | 'measures'>;
type Measured = Extract<Evaluated, { readonly kind: 'measured' }>;

type Settled =
  | { readonly kind: 'settled'; readonly status: 'new' | 'improved' | 'rejected'; readonly score: number | null }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Who chooses in place of the selector of the settings: nobody, a plugin, or nobody at all where every child is of the first program; and
 * the models that are chosen from, none where one proposer does.
 */
export type Choosing = {
  readonly answers: Answers;
  readonly chooser: ParentChooser | undefined;
  readonly arms: readonly ModelArm[];
  readonly isControl: boolean;
  readonly signal: AbortSignal;
};

/** One search; begun by planting its first program. */
export class Search {
  readonly settings: EvolveConfig;
  readonly archive: Archive;
  readonly novelty: LateNovelty;
  readonly #answers: Answers;
  readonly #choosing: Choosing;
  readonly #selector: Selector | undefined;
  readonly #models: Models;
  readonly #commits: Commit[] = [];
  #usage = NO_USAGE;
  #first: Program | undefined;
  #chosen = 0;
  #bestAt = 0;

  constructor(settings: EvolveConfig, choosing: Choosing) {
    this.settings = settings;
    this.#answers = choosing.answers;
    this.#choosing = choosing;
    this.archive = createArchive(settings.archive);
    const { name, table } = settings.selector;
    this.#selector = choosing.isControl || isPluginSelector(name) ? undefined : createSelector(name, table);
    this.novelty = createLateNovelty(settings.novelty);
    // Where nothing is learned, models are asked by weight.
    const { models } = settings;
    this.#models = createModels(choosing.arms, choosing.isControl ? { ...models, choice: 'weights' } : models);
  }

  get commits(): readonly Commit[] {
    return this.#commits;
  }

  get usage(): ProposalUsage {
    return this.#usage;
  }

  /** What is known of each model. */
  get models(): readonly ModelTally[] {
    return this.#models.tallies();
  }

  /** Evaluations after which there was no better one. */
  get sinceBest(): number {
    return this.#commits.length - 1 - this.#bestAt;
  }

  get isOverBudget(): boolean {
    const { tokens_max: tokens, usd_max: usd } = this.settings;
    const used = this.#usage.inputTokens + this.#usage.outputTokens;
    return (tokens > 0 && used >= tokens) || (usd > 0 && this.#usage.costUsd >= usd);
  }

  scoreOf({ fitness }: Program): number {
    return rankScore(fitness, this.archive.config);
  }

  /** Takes in the first program. @throws {EvolveError} `EVOLVE_INVALID` where it does not work. */
  async plant(source: string): Promise<void> {
    const id = programId({ parentIds: [], patch: source, evalIndex: 0 });
    const start: Unmeasured = { id, parents: [], source, island: 0, generation: 0, evalIndex: 0 };
    const evaluated = await this.#measure(start, 0);
    const settled = evaluated.kind === 'failed' ? evaluated : await this.#settle(start, evaluated, this.archive.plant);
    if (settled.kind === 'failed') {
      throw new EvolveError(
        'EVOLVE_INVALID',
        `the first program does not work: ${settled.reason}. Begin with one that the judge takes.`,
      );
    }
    if (evaluated.kind === 'measured') this.#insistOnMeasured(evaluated);
    this.#first = this.archive.best();
    this.#commits.push({ index: 0, id, parents: [], island: 0, status: 'start', score: settled.score, reason: null });
    this.novelty.remember({ at: this.#commits.length, id, source });
  }

  /** No program has a cell where a descriptor is of something that the judge does not measure. */
  #insistOnMeasured({ measures }: Measured): void {
    const known = [...Object.keys(measures), 'length', 'generation'];
    const missing = this.archive.config.descriptors.filter(({ name }) => !known.includes(name));
    if (missing.length === 0) return;
    const names = missing.map(({ name }) => JSON.stringify(name)).join(', ');
    throw new EvolveError(
      'EVOLVE_INVALID',
      `the archive has the descriptor ${names}, which the judge does not measure; expected one of ${known.join(', ')}`,
    );
  }

  /** Chooses what the next evaluation is proposed from; undefined where there is none. */
  async choose(): Promise<Chosen | undefined> {
    const index = this.#chosen + 1;
    if (index > this.settings.evaluations || this.isOverBudget) return undefined;
    this.#chosen = index;
    const island = this.archive.islandOf(index - 1);
    const { parent, inspirations } = await this.#choice(index, island);
    this.archive.submitted(parent.id);
    const model = this.#models.choose(this.#stream(index, 'model'));
    return {
      ...{ index, island, parent, parentScore: this.scoreOf(parent), commits: this.#commits.length },
      inspirations: inspirations.map(({ source }) => source),
      ...(model !== undefined && { model }),
    };
  }

  async #choice(index: number, island: number): Promise<Choice> {
    const view = this.archive.view(island);
    const wanted = this.settings.inspirations;
    if (this.#choosing.isControl && this.#first !== undefined) return { parent: this.#first, inspirations: [] };
    if (this.#selector !== undefined) {
      const parent = this.#selector.select(view, this.#stream(index, 'parent'));
      const shown = this.#selector.sampleInspirations(view, wanted + 1, this.#stream(index, 'inspirations'));
      return { parent, inspirations: shown.filter(({ id }) => id !== parent.id).slice(0, wanted) };
    }
    const { chooser, signal } = this.#choosing;
    if (chooser === undefined) throw nobodyChooses(this.settings.selector.name);
    const chosen = await this.#answers.choose(index, () => chooser.choose({ view, inspirations: wanted }, signal));
    const [parent, ...inspirations] = chosenPrograms(view, [chosen.parent, ...chosen.inspirations]);
    if (parent === undefined) throw nobodyChooses(this.settings.selector.name);
    return { parent, inspirations };
  }

  measure(chosen: Chosen, proposed: Proposed): Promise<Evaluated> {
    return this.#measure(childOf(chosen, proposed), 0);
  }

  /** Takes in what came of an evaluation; the next in their order. */
  async commit({ chosen, proposed, evaluated }: Ready): Promise<Commit> {
    this.#usage = addUsage(this.#usage, proposed.usage);
    const child = childOf(chosen, proposed);
    const { id, parents, island } = child;
    const outcome = await this.#judge(child, proposed, evaluated);
    const model = modelOf(chosen.model, proposed);
    const entry: Commit = {
      ...{ index: chosen.index, id, parents, island, ...outcome },
      ...(model !== undefined && { model }),
    };
    this.#commits.push(entry);
    if (proposed.kind === 'mutated') this.novelty.remember({ at: this.#commits.length, id, source: proposed.source });
    if (this.archive.best().id === id) this.#bestAt = entry.index;
    await this.#learn(chosen, proposed, entry.score);
    this.archive.migrate(this.archive.migrationsDue());
    if (this.archive.isResetDue()) this.archive.resetWorstHalf();
    return entry;
  }

  async #judge(
    child: Unmeasured,
    proposed: Proposed,
    evaluated: Evaluated | undefined,
  ): Promise<Pick<Commit, 'status' | 'score' | 'reason'>> {
    if (proposed.kind === 'failed') return { status: 'no_program', score: null, reason: proposed.reason };
    if (evaluated === undefined) return { status: 'failed', score: null, reason: 'it was not measured' };
    const settled = evaluated.kind === 'failed' ? evaluated : await this.#settle(child, evaluated, this.archive.add);
    if (settled.kind === 'failed') return { status: 'failed', score: null, reason: settled.reason };
    return { status: settled.status, score: settled.score, reason: null };
  }

  /** Gives a program to the archive, measured as often as that asks for. */
  async #settle(program: Unmeasured, first: Measured, add: Archive['add']): Promise<Settled> {
    const { measures } = first;
    let fitness = fitnessOf(first.values, first.cases);
    for (let measurement = 1; ; measurement += 1) {
      const whole = { ...program, fitness, measures };
      const { status } = add(whole);
      if (status !== 'remeasure') {
        const score = this.scoreOf(whole);
        return { kind: 'settled', status, score: Number.isFinite(score) ? score : null };
      }
      const again = await this.#measure(program, measurement);
      if (again.kind === 'failed') return again;
      fitness = mergeFitness(fitness, fitnessOf(again.values, again.cases));
    }
  }

  #measure({ id, source, evalIndex }: Unmeasured, measurement: number): Promise<Evaluated> {
    const seed = `${this.settings.seed}/${evalIndex}/${measurement}`;
    return this.#answers.evaluate({ id, source, evalIndex, measurement, seed });
  }

  /** A gain is over the better of the parent and the first program. */
  async #learn({ parent, parentScore, model }: Chosen, proposed: Proposed, score: number | null): Promise<void> {
    const before = Math.max(parentScore, this.#commits[0]?.score ?? Number.NEGATIVE_INFINITY);
    const gain = score === null ? 0 : Math.max(0, score - before);
    this.#selector?.feedback(gain, parent.id);
    this.#models.learn(model, proposed, gain);
    const { chooser, isControl, signal } = this.#choosing;
    if (this.#selector === undefined && !isControl) await chooser?.feedback(gain, parent.id, signal);
  }

  #stream(evalIndex: number, purpose: string): SearchRandom {
    return streamFor({ runSeed: this.settings.seed, evalIndex, purpose });
  }
}

function nobodyChooses(name: string): EvolveError {
  return new EvolveError(
    'EVOLVE_INVALID',
    `the selector "${name.slice(0, 80)}" is of a plugin, and nobody is there to ask it; install the plugin, or name another selector`,
  );
}

/** What a proposal makes of its parent; what came to nothing has a name as well, and no source. */
function childOf({ parent, island, index }: Chosen, proposed: Proposed): Unmeasured {
  const { diff, source } = proposed.kind === 'mutated' ? proposed : { diff: '', source: '' };
  const id = programId({ parentIds: [parent.id], patch: diff, evalIndex: index });
  return { id, parents: [parent.id], source, island, generation: parent.generation + 1, evalIndex: index };
}
