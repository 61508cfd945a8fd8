/**
 * A stand-in that needs no model: it changes the syntax tree of the parent by one operator that the seed draws, and answers the
 * change as a unified diff that applies and parses.
 *
 *   operators in the order of the seed ─▶ a few mutants of each ─▶ the first that this parent was not given yet ─▶ diff
 */
import { createHash } from 'node:crypto';
import { GuardError, mutants } from '@bulkhead/guard';
import { createRandom, type Random } from '@bulkhead/guard/statistics';
import { unifiedDiff } from '../../edits/change-summary.ts';
import { isParsed, parseModule } from '../../edits/module-syntax.ts';
import { checkRegions } from '../../edits/regions.ts';
import { splitSource } from '../../edits/source-lines.ts';
import { EvolveError } from '../../evolve-error.ts';
import { estimatedUsage, type Proposer, type ProposalRequest } from '../proposer.ts';
import { crossovers } from './crossover.ts';
import { GRAMMAR_OPERATORS, type MutationOperator } from './grammar-operators.ts';

/**
 * `seed` of the stand-in, beside that of each request. Where it `remembers` (true where left out), no parent is given the same change
 * again while there are others; where it does not, an answer depends on the request alone, whoever was asked what before.
 *
 * @public
 */
export type GrammarOptions = { readonly seed?: number | string; readonly remembers?: boolean };

/**
 * Makes it. `propose` rejects with `SOURCE_INVALID` for what is no TypeScript or JavaScript, `MUTATION_FAILED` where nothing can be changed.
 * @public
 */
export function createGrammar({ seed = 0, remembers = true }: GrammarOptions = {}): Proposer {
  const memory = new Map<string, Set<string>>();
  const random = createRandom(seed);
  return {
    propose: async (request, signal) => {
      signal.throwIfAborted();
      if (!isParsed(request.fileName)) {
        throw new EvolveError(
          'BACKEND_INVALID',
          `the grammar backend reads TypeScript and JavaScript; ${JSON.stringify(request.fileName)} is neither, expected another backend`,
        );
      }
      const asked = withPlainLines(request);
      const given = remembers ? givenTo(memory, asked.parent) : new Set<string>();
      const child = freshChild(asked, { random: random.fork(request.seed), given });
      const text = `\`\`\`diff\n${unifiedDiff(asked.parent, child, request.fileName)}\`\`\`\n`;
      return { text, usage: estimatedUsage(request, text) };
    },
  };
}

/** Operators write lines as most do; whoever applies the diff gives them the ends that the file has. */
function withPlainLines(request: ProposalRequest): ProposalRequest {
  if (splitSource(request.parent).lineEnd === '\n') return request;
  const plain = (source: string): string => source.replaceAll('\r\n', '\n');
  return { ...request, parent: plain(request.parent), inspirations: request.inspirations.map(plain) };
}

/** Parents that are remembered; the oldest is forgotten. */
const PARENTS_MAX = 1_000;
/** Mutants of each operator that are looked at: few first, as each is parsed, which is most of the time that an answer takes. */
const STEPS = [2, 32, 1_024];
/** The small changes of guard are twenty operators in one. */
const OF_GUARD = [undefined, undefined, undefined] as const;

function givenTo(memory: Map<string, Set<string>>, parent: string): Set<string> {
  const key = digestOf(parent);
  const known = memory.get(key) ?? new Set<string>();
  memory.set(key, known);
  const [oldest] = memory.keys();
  if (memory.size > PARENTS_MAX && oldest !== undefined) memory.delete(oldest);
  return known;
}

type Draw = { readonly random: Random; readonly given: Set<string> };

function freshChild(request: ProposalRequest, draw: Draw): string {
  const { given } = draw;
  const found = firstFresh(request, draw);
  if (found !== undefined) return noted(found, given);
  const last = [...given].at(-1);
  given.clear();
  if (last !== undefined) given.add(last);
  const again = firstFresh(request, draw);
  given.clear();
  const only = again ?? firstFresh(request, draw);
  if (only !== undefined) return noted(only, given);
  throw new EvolveError(
    'MUTATION_FAILED',
    'no operator of the grammar changes anything in the source; expected a function with statements in it',
  );
}

function noted(child: string, given: Set<string>): string {
  given.add(digestOf(child));
  return child;
}

function firstFresh(request: ProposalRequest, { random, given }: Draw): string | undefined {
  const isFresh = (child: string): boolean => !given.has(digestOf(child)) && isAllowed(request, child);
  const crossed = crossedChildren(request, random).find((child) => isFresh(child) && canParse(child, request));
  if (crossed !== undefined) return crossed;
  const groups = shuffled([...OF_GUARD, ...GRAMMAR_OPERATORS], random.fork('groups'));
  for (const max of STEPS) {
    for (const [at, operator] of groups.entries()) {
      const child = childrenBy(request.parent, { operator, max, random: random.fork(`${max}/${at}`) }).find(isFresh);
      if (child !== undefined) return child;
    }
  }
  return undefined;
}

function crossedChildren({ form, parent, inspirations, fileName }: ProposalRequest, random: Random): readonly string[] {
  if (form !== 'cross' || inspirations.length === 0) return [];
  const other = inspirations[random.fork('other').below(inspirations.length)] ?? '';
  return shuffled(crossovers(parent, other, fileName), random.fork('crossover'));
}

type Group = { readonly operator: MutationOperator | undefined; readonly max: number; readonly random: Random };

/** By one operator of ours, or by those of guard. */
function childrenBy(parent: string, { operator, max, random }: Group): readonly string[] {
  const seed = random.below(2 ** 31);
  try {
    const all = mutants(parent, { seed, max, ...(operator !== undefined && { operators: [operator] }) });
    return shuffled(
      all.map(({ source }) => source),
      random,
    );
  } catch (cause) {
    if (!(cause instanceof GuardError)) throw cause;
    throw new EvolveError('SOURCE_INVALID', cause.message, { cause });
  }
}

function isAllowed({ parent }: ProposalRequest, child: string): boolean {
  try {
    checkRegions(parent, child);
    return child !== parent;
  } catch (error) {
    if (error instanceof EvolveError && error.code === 'REGION_CHANGED') return false;
    throw error;
  }
}

function canParse(child: string, { fileName }: ProposalRequest): boolean {
  try {
    parseModule(child, fileName);
    return true;
  } catch {
    return false; // Why it does not parse is of no use: another child is taken.
  }
}

function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const drawn = items.map((item) => ({ item, key: random.next() }));
  return drawn.toSorted((one, other) => one.key - other.key).map(({ item }) => item);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
