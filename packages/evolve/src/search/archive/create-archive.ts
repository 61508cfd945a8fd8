/**
 * The archive itself: it joins islands, the order over all of them, the front of cases, lineage and schedules. It never measures, never
 * draws but for a reset, and looks at no clock: the same programs in the same order make the same archive.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../../evolve-error.ts';
import { isFiniteFitness, mergeFitness, rankScore, type Fitness } from '../fitness/fitness.ts';
import { createKeptOrder } from '../population/kept-order.ts';
import { compareMembers, createView, type Member, type ProgramView } from '../population/program-view.ts';
import { streamFor } from '../random/search-random.ts';
import type { AddOutcome, Archive, ArchiveStatistics, LineageEntry } from './archive.ts';
import { readArchiveConfig, type ArchiveConfig } from './archive-config.ts';
import { extendFront, isUndominated } from './case-front.ts';
import { asShares, nearestCentroid, spreadCentroids, type Centroids } from './centroids.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { binsOf, countCells, describe } from './descriptors.ts';
import { createIsland, type Island } from './island.ts';
import { isDue, routes, type Migration } from './migration.ts';
import type { Program } from './program.ts';

/**
 * Makes an archive, empty or as a checkpoint left it.
 *
 * @param config - Keys of the table `[archive]`, and `descriptors`; without them those of X000-24.
 * @param checkpoint - Of an archive of the same configuration.
 * @throws {EvolveError} `ARCHIVE_INVALID` where a key is not known or a value out of its range; `CHECKPOINT_INVALID`.
 * @see X000-24; Mouret and Clune 2015 (MAP-Elites).
 * @public
 */
export function createArchive(config?: unknown, checkpoint?: JsonObject): Archive {
  const read = readArchiveConfig(config);
  return new ProgramArchive(read, checkpoint);
}

type Resident = Member<Program>;

class ProgramArchive implements Archive {
  readonly config: ArchiveConfig;
  readonly #islands: readonly Island[];
  /** Programs that have lived on each island: their children belong there. */
  readonly #homes: readonly Set<string>[];
  readonly #order = createKeptOrder<Program>();
  readonly #living = new Map<string, Resident>();
  readonly #lineage = new Map<string, LineageEntry>();
  readonly #centroids: Centroids | undefined;
  #front: readonly Resident[] = [];
  #best: Resident | undefined;
  #version = 0;
  #evaluations = 0;
  #due = { migration: false, reset: false };

  constructor(config: ArchiveConfig, checkpoint: JsonObject | undefined) {
    this.config = config;
    const rule = { learningRate: config.learning_rate, thresholdMin: config.threshold_min };
    this.#islands = Array.from({ length: config.islands }, () => createIsland(rule));
    this.#homes = this.#islands.map(() => new Set<string>());
    const { cvt_cells: cells, descriptors, seed } = config;
    this.#centroids = cells === 0 ? undefined : spreadCentroids(cells, descriptors.length, seed);
    if (checkpoint !== undefined) this.#restore(checkpoint);
  }

  get version(): number {
    return this.#version;
  }

  get evaluations(): number {
    return this.#evaluations;
  }

  get ranked(): readonly Resident[] {
    return this.#order.list;
  }

  /** The same list: each of them owns a cell. */
  get champions(): readonly Resident[] {
    return this.#order.list;
  }

  readonly add = (program: Program): AddOutcome => {
    const island = this.#islandAt(program.island);
    const [parent] = program.parents;
    if (parent !== undefined && this.#homes[program.island]?.has(parent) !== true)
      throw invalid(`program ${program.id} came to island ${program.island}, where its parent ${parent} never lived`);
    return this.#take(program, [island]);
  };

  readonly plant = (program: Program): AddOutcome => this.#take(program, this.#islands);

  readonly submitted = (parentId: string): void => {
    const before = this.#living.get(parentId);
    if (before !== undefined) this.#renew(before, { ...before, children: before.children + 1 });
  };

  readonly remeasure = (id: string, fitness: Fitness): void => {
    const before = this.#living.get(id);
    if (before === undefined) throw invalid(`program ${id} was measured again, and does not live in the archive`);
    const merged = mergeFitness(before.program.fitness, fitness);
    if (!isFiniteFitness(merged))
      throw invalid(`program ${id} was measured again as ${fitness.mean}; expected finite numbers`);
    this.#renew(before, {
      ...before,
      program: { ...before.program, fitness: merged },
      score: rankScore(merged, this.config),
      cases: merged.cases,
    });
  };

  readonly view = (island: number): ProgramView<Program> => this.#islandAt(island);

  readonly caseFront = (): ProgramView<Program> => createView(this.#front);

  readonly get = (id: string): Program | undefined =>
    (this.#living.get(id) ?? this.#front.find((member) => member.id === id))?.program;

  readonly best = (): Program => {
    if (this.#best !== undefined) return this.#best.program;
    throw new EvolveError('ARCHIVE_EMPTY', 'the archive has 0 programs, so none is the best; expected at least 1');
  };

  readonly islandOf = (evalIndex: number): number => evalIndex % this.#islands.length;

  readonly lineage = (id: string): readonly LineageEntry[] => {
    const found = new Set([id]);
    for (const each of found) for (const parent of this.#lineage.get(each)?.parents ?? []) found.add(parent);
    return [...found].flatMap((each) => this.#lineage.get(each) ?? []);
  };

  readonly statistics = (): ArchiveStatistics => {
    const bests = new Map<string, number>();
    for (const { owners } of this.#islands)
      for (const [cell, { member }] of owners) bests.set(cell, Math.max(member.score, bests.get(cell) ?? member.score));
    const scores = [...bests.values()];
    const cells = this.#centroids?.length ?? countCells(this.config.descriptors);
    const sum = scores.reduce((total, score) => total + score, 0);
    const qdScore = scores.reduce((total, score) => total + score - this.config.qd_offset, 0);
    return {
      filled: scores.length,
      coverage: cells === undefined ? undefined : scores.length / cells,
      qdScore,
      normalisedQdScore: cells === undefined ? undefined : qdScore / cells,
      best: this.#best?.score,
      mean: scores.length === 0 ? undefined : sum / scores.length,
    };
  };

  readonly migrationsDue = (): readonly Migration[] => {
    if (!this.#due.migration) return [];
    const { migrants, topology } = this.config;
    return routes(this.#islands.length, topology).flatMap(([from, to]) =>
      this.#islandAt(from)
        .ranked.slice(0, migrants)
        .map(({ id }): Migration => ({ programId: id, from, to })),
    );
  };

  readonly migrate = (migrations: readonly Migration[]): void => {
    for (const { programId, to } of migrations) {
      const member = this.#living.get(programId);
      // Whoever was driven out since the plan was made stays at home; one that lives there already has nothing to do.
      if (member === undefined || this.#owns(to, member)) continue;
      if (this.#islandAt(to).judge(member.cell, member.score) !== 'rejected') this.#settle(member, to);
    }
    this.#due = { ...this.#due, migration: false };
  };

  readonly isResetDue = (): boolean => this.#due.reset;

  readonly resetWorstHalf = (): readonly number[] => {
    const bestFirst = [...this.#islands.keys()].toSorted((one, other) => this.#compareIslands(one, other));
    const kept = bestFirst.slice(0, Math.ceil(bestFirst.length / 2));
    const emptied = bestFirst.slice(kept.length).toSorted((one, other) => one - other);
    const random = streamFor({ runSeed: this.config.seed, evalIndex: this.#evaluations, purpose: 'reset' });
    for (const at of emptied) {
      const founder = this.#islandAt(kept[random.below(kept.length)] ?? 0).ranked[0];
      this.#empty(at);
      if (founder !== undefined) this.#settle(founder, at);
    }
    this.#due = { ...this.#due, reset: false };
    return emptied;
  };

  readonly checkpoint = (): JsonObject =>
    writeCheckpoint({
      config: this.config,
      evaluations: this.#evaluations,
      due: this.#due,
      members: [
        ...new Set([...this.#living.values(), ...this.#front, ...(this.#best === undefined ? [] : [this.#best])]),
      ],
      living: [...this.#living.keys()],
      front: this.#front.map(({ id }) => id),
      best: this.#best?.id,
      islands: this.#islands.map(({ owners }, at) => ({
        owners: [...owners.values()].map(({ member, threshold }) => ({ id: member.id, threshold })),
        homes: [...(this.#homes[at] ?? [])],
      })),
      lineage: [...this.#lineage.values()],
    });

  #take(program: Program, islands: readonly Island[]): AddOutcome {
    if (this.#lineage.has(program.id)) return { status: 'rejected', reason: 'known' };
    if (!isFiniteFitness(program.fitness)) return this.#reject(program, 'not_finite');
    const measures = describe(program, this.config.descriptors);
    if (measures === undefined) return this.#reject(program, 'not_measured');
    const member = this.#memberOf(program, measures);
    const verdict = islands[0]?.judge(member.cell, member.score) ?? 'rejected';
    const missing = this.config.n_min - program.fitness.n;
    if (missing > 0 && (verdict !== 'rejected' || isUndominated(this.#front, member)))
      return { status: 'remeasure', missing };
    this.#front = extendFront(this.#front, member, this.config.front_max);
    if (verdict === 'rejected') return this.#reject(program, 'not_better');
    const displaced = islands[0]?.owners.get(member.cell)?.member.id ?? '';
    for (const [at, island] of this.#islands.entries()) if (islands.includes(island)) this.#settle(member, at);
    this.#count(program, verdict);
    return verdict === 'new'
      ? { status: verdict, cell: member.cell }
      : { status: verdict, cell: member.cell, displaced };
  }

  #reject(program: Program, reason: 'not_better' | 'not_finite' | 'not_measured'): AddOutcome {
    this.#count(program, 'rejected');
    return { status: 'rejected', reason };
  }

  #count(program: Program, status: LineageEntry['status']): void {
    const { id, parents, island, generation, evalIndex, fitness } = program;
    const score = isFiniteFitness(fitness) ? rankScore(fitness, this.config) : undefined;
    this.#lineage.set(id, { id, parents, island, generation, evalIndex, status, score });
    this.#evaluations += 1;
    const { migration_every, reset_every, islands } = this.config;
    if (islands === 1) return;
    this.#due = {
      migration: this.#due.migration || isDue(this.#evaluations, migration_every),
      reset: this.#due.reset || isDue(this.#evaluations, reset_every),
    };
  }

  #memberOf(program: Program, measures: readonly number[]): Resident {
    const { id, island, evalIndex, source, fitness } = program;
    const { descriptors } = this.config;
    const cell =
      this.#centroids === undefined
        ? binsOf(measures, descriptors).join(',')
        : String(nearestCentroid(this.#centroids, asShares(measures, descriptors)));
    const score = rankScore(fitness, this.config);
    return {
      ...{ program, id, score, children: 0, island, cell },
      ...{ evalIndex, length: source.length, cases: fitness.cases, measures },
    };
  }

  /** Gives a program its cell on an island, and sees whom that drives out of the archive. */
  #settle(member: Resident, at: number, threshold?: number): void {
    const before = this.#islandAt(at).settle(member, threshold);
    this.#homes[at]?.add(member.id);
    if (!this.#living.has(member.id)) this.#order.add(member);
    this.#living.set(member.id, member);
    if (before !== undefined) this.#leave(before);
    if (this.#best === undefined || compareMembers(member, this.#best) < 0) this.#best = member;
    this.#version += 1;
  }

  /** Lets a program go that owns no cell any more. */
  #leave(member: Resident): void {
    if (this.#islands.some((_, at) => this.#owns(at, member))) return;
    this.#living.delete(member.id);
    this.#order.remove(member);
  }

  #empty(at: number): void {
    const owners = [...this.#islandAt(at).owners.values()];
    this.#islandAt(at).clear();
    for (const { member } of owners) this.#leave(member);
    this.#version += 1;
  }

  #renew(before: Resident, after: Resident): void {
    for (const island of this.#islands) island.renew(before, after);
    this.#order.remove(before);
    this.#order.add(after);
    this.#living.set(after.id, after);
    if (this.#front.includes(before))
      this.#front = extendFront(
        this.#front.filter((each) => each !== before),
        after,
        this.config.front_max,
      );
    if (this.#best === before) this.#best = this.#order.list[0];
    else if (this.#best !== undefined && compareMembers(after, this.#best) < 0) this.#best = after;
    this.#version += 1;
  }

  #owns(at: number, { id, cell }: Resident): boolean {
    return this.#islandAt(at).owners.get(cell)?.member.id === id;
  }

  #compareIslands(one: number, other: number): number {
    const [mine, yours] = [this.#islandAt(one).ranked[0], this.#islandAt(other).ranked[0]];
    if (mine === undefined || yours === undefined) return Number(mine === undefined) - Number(yours === undefined);
    return yours.score - mine.score;
  }

  #islandAt(at: number): Island {
    const island = this.#islands[at];
    if (island !== undefined) return island;
    throw invalid(`island is ${at}; expected a whole number from 0 to ${this.#islands.length - 1}`);
  }

  #restore(checkpoint: JsonObject): void {
    const read = readCheckpoint(checkpoint, this.config);
    const members = new Map<string, Resident>();
    for (const { program, children } of read.members) {
      const measures = describe(program, this.config.descriptors) ?? [];
      members.set(program.id, { ...this.#memberOf(program, measures), children });
    }
    read.islands.forEach(({ owners, homes }, at) => {
      for (const id of homes) this.#homes[at]?.add(id);
      for (const { id, threshold } of owners) this.#settle(memberOf(members, id), at, threshold);
    });
    for (const id of read.living) this.#reinsert(memberOf(members, id));
    for (const entry of read.lineage) this.#lineage.set(entry.id, entry);
    this.#front = read.front.map((id) => memberOf(members, id));
    this.#best = read.best === undefined ? undefined : memberOf(members, read.best);
    this.#evaluations = read.evaluations;
    this.#due = read.due;
  }

  /** Puts living programs in the order in which they came, so that the next checkpoint is the same text. */
  #reinsert(member: Resident): void {
    this.#living.delete(member.id);
    this.#living.set(member.id, member);
  }
}

function memberOf(members: ReadonlyMap<string, Resident>, id: string): Resident {
  const member = members.get(id);
  if (member !== undefined) return member;
  throw new EvolveError(
    'CHECKPOINT_INVALID',
    `the checkpoint names program ${id}, which is not in it; expected what checkpoint() returned`,
  );
}

function invalid(message: string): EvolveError {
  return new EvolveError('ARCHIVE_INVALID', message);
}
