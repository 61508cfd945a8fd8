/**
 * Streams of random numbers that a seed fixes, on every machine and for good: whatever is drawn in guard is drawn from one of these,
 * so that a decision can be computed again. Not for secrets.
 */
import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { inputError } from './statistics-error.ts';

/**
 * One stream; every draw moves it on.
 *
 * @public
 */
export interface Random {
  /** A number from 0 up to and without 1, of 53 random bits. */
  readonly next: () => number;
  /** A whole number from 0 up to and without `n`, each as likely as the other; `n` from 1 to 2^53 − 1. */
  readonly below: (n: number) => number;
  /** A stream of its own for `key`, which does not depend on what has been drawn so far. */
  readonly fork: (key: string) => Random;
}

/** Up to here a product with 32 random bits is a whole number that a double holds. */
const SMALL_MAX = 2 ** 21;
const WORDS = 2 ** 32;

/**
 * Starts the stream of a seed: a finite number, or any text; the number 7 and the text "7" start the same.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where the seed is neither; from `below` where `n` is not a whole number from 1 up.
 * @see Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators" (xoroshiro128+).
 * @public
 */
export function createRandom(seed: number | string): Random {
  if (typeof seed !== 'string' && !Number.isFinite(seed)) throw inputError('seed', seed, 'a finite number or a text');
  return streamOf([String(seed)]);
}

/** The stream at the end of a path of forks. */
function streamOf(path: readonly string[]): Random {
  const generator = xoroshiro128plusFromState(stateOf(path));
  return {
    next: () => uniformFloat64(generator),
    below: (n) => {
      if (!Number.isSafeInteger(n) || n < 1) throw inputError('n', n, 'a whole number from 1 up');
      return n <= SMALL_MAX ? smallBelow(generator, n) : uniformInt(generator, 0, n - 1);
    },
    fork: (key) => streamOf([...path, key]),
  };
}

/** 128 bits of a hash, as four words; as JSON, no two paths are the same text. */
function stateOf(path: readonly string[]): readonly number[] {
  const digest = createHash('sha256').update(JSON.stringify(path)).digest();
  return [0, 4, 8, 12].map((offset) => digest.readInt32LE(offset));
}

/**
 * Lemire's method (2019, "Fast random integer generation in an interval"): the high word of a product of 64 bits. It takes half the
 * time of a remainder, and a bootstrap draws millions.
 */
function smallBelow(generator: RandomGenerator, n: number): number {
  for (;;) {
    const word = generator.next() >>> 0;
    const low = Math.imul(word, n) >>> 0;
    // Only a low word below n can be one of the few too many.
    if (low >= n || low >= WORDS % n) return Math.floor((word * n) / WORDS);
  }
}
