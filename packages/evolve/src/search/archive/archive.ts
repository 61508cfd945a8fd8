/**
 * What an archive is to those who use it.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { Fitness } from '../fitness/fitness.ts';
import type { ProgramView } from '../population/program-view.ts';
import type { ArchiveConfig } from './archive-config.ts';
import type { Migration } from './migration.ts';
import type { Program } from './program.ts';

/**
 * What became of a program: it owns its cell; or it does not, and why; or it would, if it had been measured `missing` times more, and
 * nothing was changed until then. `not_finite` is a fitness with a NaN or an infinity, `not_measured` a descriptor without a value.
 *
 * @public
 */
export type AddOutcome =
  | { readonly status: 'new'; readonly cell: string }
  | { readonly status: 'improved'; readonly cell: string; readonly displaced: string }
  | { readonly status: 'rejected'; readonly reason: 'known' | 'not_better' | 'not_finite' | 'not_measured' }
  | { readonly status: 'remeasure'; readonly missing: number };

/**
 * One program that ever came in, whether or not it lives: `score` is undefined where it was no finite number.
 *
 * @public
 */
export type LineageEntry = {
  readonly id: string;
  readonly parents: readonly string[];
  readonly island: number;
  readonly generation: number;
  readonly evalIndex: number;
  readonly status: 'new' | 'improved' | 'rejected';
  readonly score: number | undefined;
};

/**
 * How well the space is filled: cells that have an owner (the best of all islands counts), their share of all (undefined where a descriptor
 * has no end), the sum of their scores above the offset and the same for each cell there is, the best and the mean score.
 *
 * @see pyribs, ArchiveStats, for what each is.
 * @public
 */
export type ArchiveStatistics = {
  readonly filled: number;
  readonly coverage: number | undefined;
  readonly qdScore: number;
  readonly normalisedQdScore: number | undefined;
  readonly best: number | undefined;
  readonly mean: number | undefined;
};

/**
 * Programs by what they are like, best of each kind, on one island or several. It is a view of all of them, so that selectors choose from it;
 * `view` is that of one island.
 *
 * @public
 */
export interface Archive extends ProgramView<Program> {
  readonly config: ArchiveConfig;
  /** Programs that were evaluated; schedules count these. */
  readonly evaluations: number;
  /**
   * Takes in a program that was evaluated, on the island that its parent was chosen from.
   *
   * @throws {EvolveError} `ARCHIVE_INVALID` where there is no such island, or its parent never lived there.
   */
  readonly add: (program: Program) => AddOutcome;
  /** Takes in a program without parents on every island, as one evaluation. */
  readonly plant: (program: Program) => AddOutcome;
  /** Counts a child of a program that was submitted. */
  readonly submitted: (parentId: string) => void;
  /** Adds measurements to those of a living program, wherever it lives, and ranks it anew. @throws {EvolveError} `ARCHIVE_INVALID`. */
  readonly remeasure: (id: string, fitness: Fitness) => void;
  readonly view: (island: number) => ProgramView<Program>;
  /** Programs that nobody is better than in all cases. */
  readonly caseFront: () => ProgramView<Program>;
  /** A living program. */
  readonly get: (id: string) => Program | undefined;
  /** The best that ever got in, by what is known of it now. @throws {EvolveError} `ARCHIVE_EMPTY`. */
  readonly best: () => Program;
  /** The island whose turn an evaluation is: one after the other, so that all of them grow. */
  readonly islandOf: (evalIndex: number) => number;
  /** A program and all it came from, nearest first. */
  readonly lineage: (id: string) => readonly LineageEntry[];
  readonly statistics: () => ArchiveStatistics;
  /** Who is to travel now; measure them again first. None between two dates of the schedule, nor after {@link migrate}. */
  readonly migrationsDue: () => readonly Migration[];
  /** Lets programs travel, with all that is known of them; where they are no better than whom they find, they are not taken in. */
  readonly migrate: (migrations: readonly Migration[]) => void;
  readonly isResetDue: () => boolean;
  /** Empties the worse half of the islands, and begins each anew with the best of one of the others. @returns Which were emptied. */
  readonly resetWorstHalf: () => readonly number[];
  /** All of it as plain JSON; {@link createArchive} goes on from it exactly. */
  readonly checkpoint: () => JsonObject;
}
