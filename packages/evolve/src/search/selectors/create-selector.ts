/**
 * Makes a selector by its name and its table. Here is all that selectors have in common: the check that there is a program, the random
 * stream, what waits for feedback, and the state.
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import type { Random } from '@bulkhead/guard/statistics';
import { EvolveError } from '../../evolve-error.ts';
import { readConfig, unknownKey } from '../config.ts';
import { drawPlace } from '../maths/weights.ts';
import { samplePlaces } from '../maths/sampling.ts';
import { viewOf, type ProgramView, type Selectable } from '../population/program-view.ts';
import { createSearchRandom } from '../random/search-random.ts';
import { stateError } from './learned.ts';
import { SELECTORS } from './selectors.ts';
import type { SelectorKind, Strategy } from './strategy.ts';

/**
 * Chooses parents.
 *
 * @see F000-21, X000-22.
 * @public
 */
export interface Selector {
  readonly name: string;
  /**
   * Chooses a program. Draws from `random`, or from the selector's own stream where it is left out.
   *
   * @throws {EvolveError} `ARCHIVE_EMPTY` where there is none (X000-23).
   */
  readonly select: <P>(db: Selectable<P>, random?: Random) => P;
  /** Chooses different programs to show beside the parent, each as likely as the others: at most `k`, and all there are where `k` is not
   * fewer (X000-23). @throws {EvolveError} `ARCHIVE_EMPTY`; `SELECTOR_INVALID` where `k` is no whole number from 0 up. */
  readonly sampleInspirations: <P>(db: Selectable<P>, k: number, random?: Random) => readonly P[];
  /**
   * Learns how much better a child is than the better of its parent and the baseline; 0 or less, or what is no number, is no gain
   * (F000-25). Without a parent's id it is about the oldest choice that nothing has been said of.
   */
  readonly feedback: (fitnessGain: number, parentId?: string) => void;
  /** The exact chance of each program, by its id, best first; programs that are never chosen are in it with 0 (F000-24). */
  readonly distribution: <P>(db: Selectable<P>) => ReadonlyMap<string, number>;
  /** Everything that the next choice depends on, as plain JSON. */
  readonly state: () => JsonObject;
  /** Goes on where a selector of the same name and table stood. @throws {EvolveError} `CHECKPOINT_INVALID`. */
  readonly restore: (state: JsonObject) => void;
}

/**
 * Name, one line of words and the keys of the table of each selector there is.
 *
 * @public
 */
export const SELECTOR_KINDS: readonly Omit<SelectorKind, 'create'>[] = SELECTORS;

/**
 * The selector of whoever names none: the contract's. With the novelty filter it finds all modules of E1 in 26 evaluations on average.
 *
 * @see X000-23; bench/evolve/k-module.ts.
 * @public
 */
export const DEFAULT_SELECTOR = 'adaptive_epsilon';

/** Choices that may wait for feedback at once; of more, the oldest is forgotten. */
const WAITING_MAX = 10_000;
const SEED = { seed: { kind: 'seed', initial: 0 } } as const;

/**
 * Makes a selector.
 *
 * @param config - Of the table `[selector.<name>]` (F000-23): the keys of its kind, and `seed` for its own random stream.
 * @throws {EvolveError} `SELECTOR_INVALID` where the name or a key is not known (the message has the nearest) or a value is out of its range.
 * @public
 */
export function createSelector(name: string, config?: unknown): Selector {
  const kind = kindOf(name);
  const subject = { what: `selector "${name}"`, code: 'SELECTOR_INVALID' } as const;
  const { seed, ...table } = readConfig(config, { ...kind.settings, ...SEED }, subject);
  return withStream(kind.create(table), { name, seed });
}

function kindOf(name: string): SelectorKind {
  const kind = SELECTORS.find((each) => each.name === name);
  if (kind !== undefined) return kind;
  const names = SELECTORS.map((each) => each.name);
  throw unknownKey(name, names, { what: 'the list of selectors', code: 'SELECTOR_INVALID' });
}

function withStream(
  strategy: Strategy,
  { name, seed }: { readonly name: string; readonly seed: number | string },
): Selector {
  const own = createSearchRandom(seed).fork(name);
  const waiting: string[] = [];
  return {
    name,
    select: (db, random = own) => {
      const view = filledView(db, name);
      const place = strategy.draw?.(view, random) ?? drawPlace(strategy.odds(view), random);
      const member = view.ranked[place];
      if (member === undefined) throw new Error(`selector "${name}" drew place ${place} of ${view.ranked.length}`);
      strategy.submitted?.(member);
      if (waiting.push(member.id) > WAITING_MAX) waiting.shift();
      return member.program;
    },
    sampleInspirations: (db, k, random = own) => {
      if (!Number.isSafeInteger(k) || k < 0)
        throw new EvolveError('SELECTOR_INVALID', `k is ${k}; expected a whole number from 0 up`);
      const { ranked } = filledView(db, name);
      return samplePlaces(ranked.length, k, random).flatMap((place) => ranked[place]?.program ?? []);
    },
    feedback: (fitnessGain, parentId) => {
      const parent = parentId ?? waiting[0];
      const at = parent === undefined ? -1 : waiting.indexOf(parent);
      if (at !== -1) waiting.splice(at, 1);
      strategy.learn?.(Number.isFinite(fitnessGain) ? fitnessGain : 0, parent);
    },
    distribution: (db) => {
      const view = filledView(db, name);
      const odds = strategy.odds(view);
      return new Map(view.ranked.map(({ id }, place) => [id, odds[place] ?? 0]));
    },
    state: () => ({ name, random: own.state(), waiting: [...waiting], learned: strategy.state?.() ?? {} }),
    restore: (state) => {
      const { random, learned, ids } = parseState(state, name);
      strategy.restore?.(learned);
      own.restore(random);
      waiting.splice(0, waiting.length, ...ids);
    },
  };
}

function filledView<P>(db: Selectable<P>, name: string): ProgramView<P> {
  const view = viewOf(db);
  if (view.ranked.length > 0) return view;
  throw new EvolveError(
    'ARCHIVE_EMPTY',
    `selector "${name}" was asked to choose from 0 programs; expected at least 1: add the first program before the first choice`,
  );
}

type SelectorState = { readonly random: string; readonly learned: JsonObject; readonly ids: readonly string[] };

function parseState(state: JsonObject, name: string): SelectorState {
  if (state['name'] !== name) throw stateError('name', state['name'], JSON.stringify(name));
  const { random, learned, waiting } = state;
  if (typeof random !== 'string') throw stateError('random', random, 'the state of a random stream');
  if (!isJsonObject(learned)) throw stateError('learned', learned, 'an object');
  if (!Array.isArray(waiting)) throw stateError('waiting', waiting, 'a list of ids');
  return { random, learned, ids: waiting.filter((id) => typeof id === 'string').slice(-WAITING_MAX) };
}
