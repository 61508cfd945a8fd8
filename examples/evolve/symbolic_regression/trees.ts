/**
 * Formulas as trees, written in prefix order: `+ x * x x` is x + x·x. They are kept in one form: sums and products without brackets and
 * in the order of their operands, and without what changes nothing, so that a formula that is known is seen to be known.
 */

/** How many operands each word takes. */
export const ARITY: Readonly<Record<string, number>> = {
  ...{ '+': 2, '-': 2, '*': 2, '/': 2 },
  ...{ sin: 1, cos: 1, exp: 1, log: 1 },
  ...{ x: 0, '1': 0 },
};
/** Words of a formula at most. */
export const NODES_MAX = 25;

/** A formula, in prefix order. */
export type Tree = readonly string[];

const HEAD = 'function solve(x)\n';

/** The program of a formula: its first line is the entry, its second the formula. */
export function writeTree(tree: Tree): string {
  return `${HEAD}${tree.join(' ')}\n`;
}

/** The formula of a program that `writeTree` wrote. */
export function readTree(source: string): Tree {
  return source.slice(HEAD.length).trim().split(' ');
}

/** The place behind the formula that begins at a place. */
export function endOf(tree: Tree, start: number): number {
  let [end, open] = [start, 1];
  while (open > 0) {
    open += (ARITY[tree[end] ?? 'x'] ?? 0) - 1;
    end += 1;
  }
  return end;
}

/** A formula with another one in the place of what begins at `at`. */
export function replaced(tree: Tree, at: number, part: Tree): Tree {
  return [...tree.slice(0, at), ...part, ...tree.slice(endOf(tree, at))];
}

/** What a formula gives at each point; NaN where it is not defined. */
export function valuesOf(tree: Tree, points: readonly number[]): Float64Array {
  return Float64Array.from(points, (point) => valueAt(tree, point));
}

/** The form in which a formula is kept. */
export function canonical(tree: Tree): Tree {
  return simplified(tree, 0);
}

/** From the last word to the first, so that the operands of a word are known when it is met. */
function valueAt(tree: Tree, point: number): number {
  const stack: number[] = [];
  for (let at = tree.length - 1; at >= 0; at -= 1) {
    const word = tree[at] ?? 'x';
    if (word === 'x') stack.push(point);
    else if (word === '1') stack.push(1);
    else stack.push(applied(word, stack));
  }
  return stack.pop() ?? Number.NaN;
}

function applied(word: string, stack: number[]): number {
  const one = stack.pop() ?? Number.NaN;
  switch (word) {
    case 'sin':
      return Math.sin(one);
    case 'cos':
      return Math.cos(one);
    case 'exp':
      return Math.exp(one);
    case 'log':
      return Math.log(one);
    default:
      return joined(word, one, stack.pop() ?? Number.NaN);
  }
}

function joined(word: string, one: number, other: number): number {
  if (word === '+') return one + other;
  if (word === '-') return one - other;
  return word === '*' ? one * other : one / other;
}

/** What there is no word for. */
const ZERO = 'log 1';

function simplified(tree: Tree, at: number): Tree {
  const word = tree[at] ?? 'x';
  const arity = ARITY[word] ?? 0;
  if (arity === 0) return [word];
  const one = simplified(tree, at + 1);
  if (arity === 1) return undone(word, one);
  const other = simplified(tree, endOf(tree, at + 1));
  return word === '+' || word === '*' ? chain(word, one, other) : taken(word, one, other);
}

/** exp(log a) and log(exp a) are a, where a is in their range; of 0 all but the logarithm is known. */
function undone(word: string, one: Tree): Tree {
  const [inner] = one;
  if ((word === 'exp' && inner === 'log') || (word === 'log' && inner === 'exp')) return one.slice(1);
  if (word !== 'log' && isZero(one)) return word === 'sin' ? one : ['1'];
  return [word, ...one];
}

/** A difference or a quotient: of the same it is 0 or 1, and what is nothing or one is left out. */
function taken(word: string, one: Tree, other: Tree): Tree {
  if (one.join(' ') === other.join(' ')) return word === '-' ? ZERO.split(' ') : ['1'];
  const isLeftOut = word === '-' ? isZero(other) : isZero(one) || other.join(' ') === '1';
  return isLeftOut ? one : [word, ...one, ...other];
}

function isZero(tree: Tree): boolean {
  return tree.length === 2 && tree.join(' ') === ZERO;
}

function chain(word: string, one: Tree, other: Tree): Tree {
  const parts = [...operandsOf(word, one), ...operandsOf(word, other)];
  if (word === '*' && parts.includes(ZERO)) return ZERO.split(' ');
  const nothing = word === '*' ? '1' : ZERO;
  const sorted = parts.filter((part) => part !== nothing).toSorted();
  if (sorted.length === 0) return nothing.split(' ');
  return [...sorted.slice(1).map(() => word), ...sorted.flatMap((part) => part.split(' '))];
}

/** Operands of a chain of one word, each as text. */
function operandsOf(word: string, tree: Tree): readonly string[] {
  if (tree[0] !== word) return [tree.join(' ')];
  const middle = endOf(tree, 1);
  return [...operandsOf(word, tree.slice(1, middle)), ...operandsOf(word, tree.slice(middle))];
}
