/**
 * Proposes formulas: a part of the parent is exchanged for a random one or for a part of another program, wrapped, or left out. It is told
 * no score and no point, as any proposer.
 */
import { createSearchRandom, type Proposer, type SearchRandom } from '@bulkhead/evolve';
import { ARITY, NODES_MAX, canonical, endOf, readTree, replaced, writeTree, type Tree } from './trees.ts';

const TERMINALS = ['x', 'x', 'x', '1'] as const;
const BINARY = ['+', '-', '*', '/'] as const;
const UNARY = ['sin', 'cos', 'exp', 'log'] as const;
/** Levels of a random formula. */
const DEPTH_MAX = 3;
const TRIES_MAX = 20;
/** How often the inspiration is changed, and the parent gives the part. */
const ELSEWHERE = 0.2;
const NOTHING = { inputTokens: 0, outputTokens: 0, costUsd: 0 } as const;

/** Makes it. An answer depends on the request alone. */
export function createTreeMutator(seed: number): Proposer {
  return {
    propose: async ({ parent, inspirations, seed: asked }) => {
      const random = createSearchRandom(`${seed}/${asked}`);
      const [other] = inspirations;
      const trees = [readTree(parent), ...(other === undefined ? [] : [readTree(other)])];
      // The inspiration is of any cell, the parent one of the best: what is small and was given up is tried again.
      const [first = [], second] = random.next() < ELSEWHERE ? trees.toReversed() : trees;
      const child = childOf(first, second, random);
      return { text: `<<<<<<< SEARCH\n${parent}=======\n${writeTree(child)}>>>>>>> REPLACE\n`, usage: NOTHING };
    },
  };
}

/** A random formula of a few levels. */
export function randomTree(random: SearchRandom, levels = DEPTH_MAX): Tree {
  const drawn = random.next();
  if (levels <= 1 || drawn < 0.2) return [one(TERMINALS, random)];
  if (drawn < 0.5) return [one(UNARY, random), ...randomTree(random, levels - 1)];
  return [one(BINARY, random), ...randomTree(random, levels - 1), ...randomTree(random, levels - 1)];
}

/** One that differs from the parent and is not too long. */
function childOf(parent: Tree, other: Tree | undefined, random: SearchRandom): Tree {
  const before = parent.join(' ');
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const child = canonical(changed(parent, other, random));
    if (child.length <= NODES_MAX && child.join(' ') !== before) return child;
  }
  return canonical(randomTree(random));
}

function changed(parent: Tree, other: Tree | undefined, random: SearchRandom): Tree {
  const at = random.below(parent.length);
  const drawn = random.next();
  if (other !== undefined && drawn < 0.3) return replaced(parent, at, partOf(other, random));
  if (other !== undefined && drawn < 0.4) return [one(BINARY, random), ...parent, ...partOf(other, random)];
  if (drawn < 0.6) return replaced(parent, at, randomTree(random));
  if (drawn < 0.75) return renamed(parent, at, random);
  if (drawn < 0.8) return wrapped(parent, random);
  if (drawn < 0.9) return replaced(parent, at, wrapped(partAt(parent, at), random));
  return replaced(parent, at, partOf(partAt(parent, at), random));
}

/** Another word with as many operands. */
function renamed(tree: Tree, at: number, random: SearchRandom): Tree {
  const arity = ARITY[tree[at] ?? 'x'] ?? 0;
  const words = arity === 0 ? TERMINALS : arity === 1 ? UNARY : BINARY;
  return tree.with(at, one(words, random));
}

function wrapped(part: Tree, random: SearchRandom): Tree {
  if (random.next() < 0.3) return [one(UNARY, random), ...part];
  const beside = randomTree(random, 2);
  const word = one(BINARY, random);
  return random.next() < 0.5 ? [word, ...part, ...beside] : [word, ...beside, ...part];
}

function partOf(tree: Tree, random: SearchRandom): Tree {
  return partAt(tree, random.below(tree.length));
}

function partAt(tree: Tree, at: number): Tree {
  return tree.slice(at, endOf(tree, at));
}

function one<Word extends string>(words: readonly [Word, ...Word[]], random: SearchRandom): Word {
  return words[random.below(words.length)] ?? words[0];
}
