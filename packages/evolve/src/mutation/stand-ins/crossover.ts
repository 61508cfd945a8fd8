/**
 * Crossover of two programs: a function of one gets the body, or one statement, of the function of the same name in the other.
 */
import { EvolveError } from '../../evolve-error.ts';
import { nodesAt, parseModule, type ModuleFunction } from '../../edits/module-syntax.ts';

/** More children of two parents than this are not made. */
const CHILDREN_MAX = 200;

/**
 * Lists children of two parents in a fixed order, each one once and other than both; not all of them parse.
 *
 * @returns Nothing where the other parent cannot be parsed.
 * @throws {EvolveError} `SOURCE_INVALID` where the first cannot.
 */
export function crossovers(parent: string, other: string, fileName: string): readonly string[] {
  const [ours, theirs] = [parseModule(parent, fileName).functions, functionsOrNone(other, fileName)];
  const children = ours.flatMap((one) => {
    const match = theirs.find(({ name }) => name === one.name);
    return match === undefined ? [] : childrenOf({ text: parent, of: one }, { text: other, of: match });
  });
  return [...new Set(children)].filter((child) => child !== parent && child !== other).slice(0, CHILDREN_MAX);
}

function functionsOrNone(source: string, fileName: string): readonly ModuleFunction[] {
  try {
    return parseModule(source, fileName).functions;
  } catch (error) {
    if (error instanceof EvolveError) return []; // An inspiration that is no program inspires nothing.
    throw error;
  }
}

type Side = { readonly text: string; readonly of: ModuleFunction };
type Span = { readonly start: number; readonly end: number };

function childrenOf(one: Side, other: Side): readonly string[] {
  const [block, donor] = [one.of.block, other.of.block];
  if (block === undefined || donor === undefined) return [];
  const pieces = nodesAt(donor, 'body');
  const replaced = nodesAt(block, 'body').flatMap((statement, at) => {
    const piece = pieces[at];
    return piece === undefined ? [] : [spliced(one, statement, textOf(other, piece))];
  });
  return [spliced(one, block, textOf(other, donor)), ...replaced];
}

function spliced({ text }: Side, { start, end }: Span, piece: string): string {
  return `${text.slice(0, start)}${piece}${text.slice(end)}`;
}

function textOf({ text }: Side, { start, end }: Span): string {
  return text.slice(start, end);
}
