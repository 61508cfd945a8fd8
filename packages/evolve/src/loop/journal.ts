/**
 * What a search cannot compute again: the answers of proposers and of the judge, each under the number of its evaluation. A search that
 * was stopped anywhere computes the rest anew from the same seed, is answered what was answered, and so goes on as if it had never stopped.
 */
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import type { Evaluated, Proposed } from './evaluator.ts';

/**
 * One answer.
 *
 * @public
 */
export type JournalEntry =
  | { readonly kind: 'proposed'; readonly index: number; readonly proposed: Proposed }
  | {
      readonly kind: 'evaluated';
      readonly index: number;
      readonly measurement: number;
      readonly evaluated: Evaluated;
    };

/**
 * The journal of one search.
 *
 * @public
 */
export interface Journal {
  /** Begins a search, or goes on with the one that is there: answers what it was answered. @throws {EvolveError} `JOURNAL_MISMATCH` where it is another one's. */
  readonly open: (search: string) => Promise<readonly JournalEntry[]>;
  /** Resolves once the entry is kept. */
  readonly add: (entry: JournalEntry) => Promise<void>;
}

/**
 * A journal that is kept nowhere.
 *
 * @public
 */
export function createMemoryJournal(): Journal {
  const entries: JournalEntry[] = [];
  let owner: string | undefined;
  return {
    open: async (search) => {
      insistOnSearch(owner ?? search, search);
      owner = search;
      return [...entries];
    },
    add: async (entry) => void entries.push(entry),
  };
}

/**
 * A journal in a file of JSON lines, the first of which names the search. A line that was cut off, as the last may be of a process that
 * was killed, is taken away.
 *
 * @public
 */
export function openFileJournal(path: string): Journal {
  let last: Promise<unknown> = Promise.resolve();
  const append = (line: object): Promise<void> => {
    const turn = last.then(() => appendFile(path, `${JSON.stringify(line)}\n`, { flush: true }));
    last = turn.catch(() => undefined); // Whoever added it hears of it.
    return turn;
  };
  return {
    open: async (search) => {
      const text = await readWhole(path);
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
      const [head, ...lines] = whole.split('\n').slice(0, -1);
      if (head === undefined) await append({ kind: 'search', schema_version: 1, search });
      else insistOnSearch(searchOf(parsed(path, head, 1)), search);
      return lines.map((line, at) => parsed(path, line, at + 2) as JournalEntry); // Written by `add` alone.
    },
    add: append,
  };
}

function searchOf({ search }: JsonObject): string {
  return typeof search === 'string' ? search : 'of nobody';
}

async function readWhole(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function parsed(path: string, line: string, number: number): JsonObject {
  try {
    const value: unknown = JSON.parse(line);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, with the line.
  }
  throw new EvolveError(
    'JOURNAL_INVALID',
    `line ${number} of ${path} is ${JSON.stringify(line.slice(0, 80))}; expected an object that a search wrote. Name another file, or take the line and those after it away.`,
  );
}

function insistOnSearch(found: string, wanted: string): void {
  if (found === wanted) return;
  throw new EvolveError(
    'JOURNAL_MISMATCH',
    `the journal is of search ${found.slice(0, 12)}, and this one is ${wanted.slice(0, 12)}: its configuration, seed or first program is another. Name another file for it.`,
  );
}
