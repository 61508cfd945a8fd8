/**
 * Streams of random numbers for a search. Each choice draws from a stream of its own, named by the run's seed, the evaluation and the
 * purpose, so that no choice moves another one's stream, whatever the order in which workers answer. A stream's state is a line of text
 * that goes into the journal. Not for secrets.
 */
import { hash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { Random } from '@bulkhead/guard/statistics';
import { EvolveError } from '../../evolve-error.ts';

/**
 * One stream; every draw moves it on.
 *
 * @public
 */
export interface SearchRandom extends Random {
  /** A whole number from `least` to `most`, both of them among it; safe integers, `least` not above `most`. */
  readonly int: (least: number, most: number) => number;
  /** A stream of its own for `key`, which does not depend on what has been drawn so far. */
  readonly fork: (key: string) => SearchRandom;
  /** Where the stream stands, as a line of JSON. */
  readonly state: () => string;
  /** Goes on where another stream stood. @throws {EvolveError} `CHECKPOINT_INVALID` where no stream wrote it. */
  readonly restore: (state: string) => void;
}

/**
 * What a stream is for: the run, the evaluation that it serves (from 0 up), and the choice that is made.
 *
 * @public
 */
export type StreamKey = { readonly runSeed: number | string; readonly evalIndex: number; readonly purpose: string };

type Path = readonly string[];

/** Words of a state, and characters of one that is read. */
const WORDS = 4;
const STATE_LENGTH_MAX = 65_536;

/**
 * Starts the stream of a seed; the number 7 and the text "7" start the same.
 *
 * @throws {EvolveError} `SELECTOR_INVALID` where the seed is neither a finite number nor a text; from `int` and `below` where the
 *   range holds no whole number.
 * @see Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators" (xoroshiro128+).
 * @public
 */
export function createSearchRandom(seed: number | string): SearchRandom {
  return streamOf([seedText(seed)]);
}

/**
 * Starts the stream of one choice: its key is a hash of seed, evaluation and purpose, and of nothing else.
 *
 * @see EVIDENCE 2.15, determinism.
 * @public
 */
export function streamFor({ runSeed, evalIndex, purpose }: StreamKey): SearchRandom {
  return streamOf([seedText(runSeed), String(evalIndex), purpose]);
}

function seedText(seed: number | string): string {
  if (typeof seed === 'string' || Number.isFinite(seed)) return String(seed);
  throw new EvolveError('SELECTOR_INVALID', `seed is ${seed}; expected a finite number or a text`);
}

function streamOf(start: Path): SearchRandom {
  let path = start;
  let generator = xoroshiro128plusFromState(wordsOf(path));
  const int = (least: number, most: number): number => {
    if (!Number.isSafeInteger(least) || !Number.isSafeInteger(most) || least > most)
      throw new EvolveError(
        'SELECTOR_INVALID',
        `the range is ${least} to ${most}; expected two safe integers in order`,
      );
    return uniformInt(generator, least, most);
  };
  return {
    next: () => uniformFloat64(generator),
    int,
    below: (n) => int(0, n - 1),
    fork: (key) => streamOf([...path, key]),
    state: () => JSON.stringify({ path, words: generator.getState() }),
    restore: (state) => {
      const read = parseState(state);
      path = read.path;
      generator = xoroshiro128plusFromState(read.words);
    },
  };
}

/** 128 bits of a hash; as JSON, no two paths are the same text. */
function wordsOf(path: Path): readonly number[] {
  const digest = hash('sha256', JSON.stringify(path), 'buffer');
  return Array.from({ length: WORDS }, (_, at) => digest.readInt32LE(4 * at));
}

function parseState(state: string): { readonly path: Path; readonly words: readonly number[] } {
  const read = state.length > STATE_LENGTH_MAX ? undefined : parseJson(state);
  if (typeof read === 'object' && read !== null && 'path' in read && 'words' in read) {
    const { path, words } = read;
    if (isListOf(path, (item): item is string => typeof item === 'string') && path.length > 0)
      if (isListOf(words, isWord) && words.length === WORDS) return { path, words };
  }
  throw new EvolveError(
    'CHECKPOINT_INVALID',
    `the state of a random stream is ${JSON.stringify(state.slice(0, 80))}; expected what state() returned`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // What is wrong with it is said by whoever asked.
  }
}

function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is readonly Item[] {
  return Array.isArray(value) && value.every(isItem);
}

function isWord(item: unknown): item is number {
  return typeof item === 'number' && Number.isInteger(item) && item >= -(2 ** 31) && item < 2 ** 31;
}
