/**
 * What a search cannot compute again: the answers of proposers and of the judge, each under the number of its evaluation. A search that
 * was stopped anywhere computes the rest anew from the same seed, is answered what was answered, and so goes on as if it had never stopped.
 */
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import type { Evaluated, Proposed } from './evaluator.ts';
import type { ParentChoice } from './parent-chooser.ts';

/**
 * One answer; `over` says that a search's time was over after so many evaluations.
 *
 * @public
 */
export type JournalEntry =
  | { readonly kind: 'proposed'; readonly index: number; readonly proposed: Proposed }
  | { readonly kind: 'chosen'; readonly index: number; readonly chosen: ParentChoice }
  | { readonly kind: 'over'; readonly index: number }
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
  const append = createAppending(path);
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

/**
 * What is in a file of a journal, for whoever only looks: nothing of a file that is not there, and no line that is cut off.
 *
 * @throws {EvolveError} `JOURNAL_INVALID`.
 * @public
 */
export async function readFileJournal(path: string): Promise<readonly JournalEntry[]> {
  const text = await readWhole(path);
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(1, -1);
  return lines.map((line, at) => parsed(path, line, at + 2) as JournalEntry); // Written by `add` alone.
}

type Waiting = { readonly line: string; readonly didKeep: () => void; readonly didFail: (error: unknown) => void };

/** Lines that come while others are written go out together, with one flush: the disk is what a journal waits for. */
function createAppending(path: string): (line: object) => Promise<void> {
  const waiting: Waiting[] = [];
  let isWriting = false;
  const writeAll = async (): Promise<void> => {
    isWriting = true;
    for (let batch = waiting.splice(0); batch.length > 0; batch = waiting.splice(0)) {
      try {
        await appendFile(path, batch.map(({ line }) => line).join(''), { flush: true });
        for (const { didKeep } of batch) didKeep();
      } catch (error) {
        for (const { didFail } of batch) didFail(error);
      }
    }
    isWriting = false;
  };
  return (entry) =>
    new Promise((didKeep, didFail) => {
      waiting.push({ line: `${JSON.stringify(entry)}\n`, didKeep, didFail });
      if (!isWriting) void writeAll();
    });
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
