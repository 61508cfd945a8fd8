/**
 * The population as a selector sees it: programs in the order of their scores, kept so by whoever owns them, so that no choice has to sort.
 */

/**
 * A program with what a choice may rest on; `program` itself is never looked into.
 *
 * @public
 */
export type Member<P> = {
  readonly program: P;
  readonly id: string;
  /** What it is ranked by; higher is better, always finite. */
  readonly score: number;
  /** Children that it was submitted as a parent for, whether or not they have been evaluated. */
  readonly children: number;
  readonly island: number;
  /** The niche that it lives in; of one cell there may be several. */
  readonly cell: string;
  /** The evaluation, from 0 up, that it was made for. */
  readonly evalIndex: number;
  /** UTF-16 units of its source. */
  readonly length: number;
  /** Its score in each case, higher is better; empty where cases were not kept apart. */
  readonly cases: readonly number[];
  /** Where it lies in the space of descriptors; may be empty. */
  readonly measures: readonly number[];
};

/**
 * Programs to choose from. An archive is one.
 *
 * @public
 */
export interface ProgramView<P> {
  /** Another number after each change, so that what was computed of the view can be kept until then. */
  readonly version: number;
  /** All of them, best first; of equal scores the older first. */
  readonly ranked: readonly Member<P>[];
  /** The best of each cell, best first. */
  readonly champions: readonly Member<P>[];
}

/**
 * What the database of a plugin's selector says of a program: the SDK's `Program` is one.
 *
 * @public
 */
export type MeasuredProgram = {
  readonly id: string;
  readonly source: string;
  readonly generation: number;
  readonly speed_ms: number;
};

/**
 * The database of a plugin's selector: the SDK's `ProgramDatabase` is one.
 *
 * @see X000-22, X000-24.
 * @public
 */
export type ChampionDatabase<P> = {
  readonly islands: readonly { readonly bucket: readonly number[]; readonly champion: P & MeasuredProgram }[];
};

/**
 * What a selector can choose from.
 *
 * @public
 */
export type Selectable<P> = ProgramView<P> | ChampionDatabase<P>;

/** The view of either; of a database it has the champions, and the fastest is the best. */
export function viewOf<P>(db: Selectable<P>): ProgramView<P> {
  if ('ranked' in db) return db;
  const members = db.islands.map(({ bucket, champion }, at): Member<P> => ({
    program: champion,
    id: champion.id,
    score: -champion.speed_ms,
    children: 0,
    island: 0,
    cell: bucket.join(','),
    evalIndex: at,
    length: champion.source.length,
    cases: [],
    measures: bucket,
  }));
  return createView(members);
}

/**
 * A view of programs that do not change; of equal scores the one with the lower `evalIndex` stands first.
 *
 * @public
 */
export function createView<P>(members: readonly Member<P>[]): ProgramView<P> {
  const ranked = members.toSorted(compareMembers);
  const cells = new Set<string>();
  const champions = ranked.filter(({ cell }) => !cells.has(cell) && cells.add(cell));
  return { version: 0, ranked, champions };
}

/** Negative where the first stands before the second: better, else older, else by id, so that no two are equal. */
export function compareMembers(one: Member<unknown>, other: Member<unknown>): number {
  if (one.score !== other.score) return other.score - one.score;
  if (one.evalIndex !== other.evalIndex) return one.evalIndex - other.evalIndex;
  return one.id < other.id ? -1 : Number(one.id > other.id);
}
