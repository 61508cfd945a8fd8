/**
 * A worked example: the k best of some candidates, the highest score first and ties by id in the order of UTF-16 units.
 * `solve(candidates, k)` answers their ids. Their group must be of no account.
 */
import fc from 'fast-check';
import { defineTask } from '../define-task.ts';
import { isList } from '../json.ts';
import { permute } from '../relation-library.ts';
import type { Relation } from '../relations.ts';
import type { Task } from '../task.ts';

/**
 * One to be ranked; `id` is unique among them.
 *
 * @public
 */
export type Candidate = { readonly id: string; readonly score: number; readonly group: string };

/**
 * Arguments of an implementation: the candidates, and how many are asked for.
 *
 * @public
 */
export type RankingArgs = [candidates: readonly Candidate[], k: number];

type RankingRelation = Relation<RankingArgs, readonly string[]>;

const GROUPS = ['north', 'south', 'west'];
const CANDIDATES_MAX = 15;
/** A rank of those that are not ranked. */
const UNRANKED = Number.MAX_SAFE_INTEGER;

const SCORE = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: -100, max: 100 }),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const CANDIDATES = fc.uniqueArray(
  fc.record({
    id: fc.nat(120).map((number) => `c${number}`),
    score: SCORE.map((value) => value + 0),
    group: fc.constantFrom(...GROUPS),
  }),
  { selector: ({ id }) => id, maxLength: CANDIDATES_MAX },
);

/**
 * The task: three hard properties, four relations. `group` is that of the candidate who comes first, so that a monitor of
 * fairness sees for whom it fails.
 *
 * @public
 */
export const RANKING: Task<RankingArgs, readonly string[]> = defineTask<RankingArgs, readonly string[]>({
  name: 'ranking',
  arbitraries: [CANDIDATES, fc.nat(CANDIDATES_MAX + 2)],
  isResult: (value): value is readonly string[] => isList(value) && value.every((id) => typeof id === 'string'),
  properties: [
    {
      name: 'length',
      description: 'as many as asked for, or all',
      check: (out, candidates, k) =>
        out.length === Math.min(k, candidates.length) ||
        `${out.length} ids, expected ${Math.min(k, candidates.length)}`,
    },
    {
      name: 'known',
      description: 'each is a candidate, and there once',
      check: (out, candidates) =>
        new Set(out).size === out.length && out.every((id) => candidates.some((one) => one.id === id)),
    },
    {
      name: 'best',
      description: 'in order, and none that is left out is better',
      check: (out, candidates) => isBestPart(out, candidates),
    },
  ],
  relations: [permute(), raiseScore(), otherGroups(), dropUnranked()],
  group: ([candidates], out) => candidates.find(({ id }) => id === out[0])?.group,
});

/** A candidate whose score becomes higher does not come later. */
function raiseScore(): RankingRelation {
  return {
    name: 'raise_score',
    category: 'monotonicity',
    description: 'a higher score never ranks lower',
    transform: ([candidates, k], { random }) => {
      if (candidates.length === 0) return undefined;
      const place = random.below(candidates.length);
      const by = 1 + random.below(10);
      return [candidates.map((one, index) => (index === place ? { ...one, score: one.score + by } : one)), k];
    },
    relate: (source, [out], { args, followArgs }) => {
      const before = args[0];
      const raised = followArgs[0]?.[0].find((one, index) => one.score !== before[index]?.score);
      return raised === undefined || rankIn(out ?? [], raised.id) <= rankIn(source, raised.id);
    },
  };
}

/** Everybody in the next group: the same order. */
function otherGroups(): RankingRelation {
  return {
    name: 'other_groups',
    category: 'fairness',
    description: 'the group is of no account',
    expect: 'equal',
    transform: ([candidates, k], { random }) => {
      if (candidates.length === 0) return undefined;
      const by = 1 + random.below(GROUPS.length - 1);
      return [candidates.map((one) => ({ ...one, group: groupAfter(one.group, by) })), k];
    },
  };
}

/** Whoever was not ranked may stay away. */
function dropUnranked(): RankingRelation {
  return {
    name: 'drop_unranked',
    category: 'subset',
    description: 'without those who are not ranked it is the same',
    readsResult: true,
    expect: 'equal',
    transform: ([candidates, k], { out }) => {
      const left = candidates.filter(({ id }) => out.includes(id));
      return left.length === candidates.length ? undefined : [left, k];
    },
  };
}

function isBestPart(out: readonly string[], candidates: readonly Candidate[]): boolean {
  const ranked = out.flatMap((id) => candidates.filter((one) => one.id === id));
  const last = ranked.at(-1);
  const isOrdered = ranked.every((one, index) => index === 0 || isBefore(ranked[index - 1] ?? one, one));
  const left = candidates.filter(({ id }) => !out.includes(id));
  return isOrdered && (last === undefined || left.every((one) => isBefore(last, one)));
}

function isBefore(one: Candidate, other: Candidate): boolean {
  return one.score === other.score ? one.id < other.id : one.score > other.score;
}

function rankIn(out: readonly string[], id: string): number {
  const rank = out.indexOf(id);
  return rank < 0 ? UNRANKED : rank;
}

function groupAfter(group: string, by: number): string {
  return GROUPS[(GROUPS.indexOf(group) + by) % GROUPS.length] ?? group;
}
