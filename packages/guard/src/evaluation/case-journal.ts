/**
 * The file of cases: one JSON line for what is evaluated, and one for each case in the order of cases. It is what a report is
 * counted again from, and what an evaluation goes on from that was stopped.
 */
import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { canonicalJson, type JsonObject } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import type { EvaluatedPair } from './evaluated-pair.ts';

/** What the first line of a file of cases says that it is. */
export const CASES_KIND = 'bulkhead.guard.cases';

/**
 * What a file of cases belongs to: everything that the result of a case depends on.
 *
 * @public
 */
export type JournalHead = JsonObject & {
  readonly kind: typeof CASES_KIND;
  readonly schema_version: 1;
  readonly spec_fingerprint: string;
};

/**
 * Where cases are kept as they are done.
 *
 * @public
 */
export type CaseJournal = {
  /**
   * Begins, or goes on: the cases that are there already, in order.
   *
   * @throws {GuardError} `RESUME_MISMATCH` where they are of another evaluation; it names what differs.
   */
  readonly begin: (head: JournalHead) => Promise<AsyncIterable<EvaluatedPair>>;
  readonly add: (pair: EvaluatedPair) => Promise<void>;
  /** Lets go of the cases after the first so many: an evaluation that goes on may be decided before all that are there. */
  readonly cutAfter: (cases: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Characters that may wait to be written; a case beyond them waits for the disk. */
const WAITING_CHARACTERS_MAX = 65_536;

/**
 * Keeps cases in a file. Each is written as soon as it is added, together with those that came while the write before it ran, so that a
 * process that is killed loses only the cases of its last write. A last line that was cut off so is written anew.
 *
 * @public
 */
export function openCaseFile(path: string): CaseJournal {
  let lines: Lines | undefined;
  return {
    begin: async (head) => {
      const wholeBytes = await wholeLines(path, head);
      const file = await open(path, 'a');
      lines = linesInto(file);
      await file.truncate(wholeBytes);
      if (wholeBytes === 0) await file.appendFile(headLine(head));
      return pairsOf(path);
    },
    add: async (pair) => lines?.add(pairLine(pair)),
    cutAfter: async (cases) => {
      await lines?.settle();
      await lines?.file.truncate(await bytesOfLines(path, 1 + cases));
    },
    close: async () => {
      const closing = lines;
      lines = undefined;
      try {
        await closing?.settle();
      } finally {
        await closing?.file.close();
      }
    },
  };
}

/** The first line of a file of cases, with its line break. */
export function headLine(head: JournalHead): string {
  return `${canonicalJson(head)}\n`;
}

/** The line of a case, with its line break. */
export function pairLine(pair: EvaluatedPair): string {
  return `${JSON.stringify(pair)}\n`;
}

/** A file that lines are added to; `settle` waits until all are written. A write that went wrong is told by whatever comes next. */
type Lines = {
  readonly file: FileHandle;
  readonly add: (line: string) => Promise<void>;
  readonly settle: () => Promise<void>;
};

function linesInto(file: FileHandle): Lines {
  let waiting = '';
  let writing: Promise<void> | undefined;
  let failure: { readonly cause: unknown } | undefined;
  const write = async (): Promise<void> => {
    try {
      while (waiting !== '') {
        const piece = waiting;
        waiting = '';
        await file.appendFile(piece);
      }
    } catch (cause) {
      failure = { cause }; // Thrown by the next call: nobody waits for this one.
    } finally {
      writing = undefined;
    }
  };
  const settle = async (): Promise<void> => {
    await writing;
    if (failure !== undefined) throw failure.cause;
  };
  return {
    ...{ file, settle },
    add: async (line) => {
      if (failure !== undefined) throw failure.cause;
      waiting += line;
      writing ??= write();
      if (waiting.length >= WAITING_CHARACTERS_MAX) await settle();
    },
  };
}

/** Bytes up to the end of the last whole line; 0 where there is no file, or not even its first line. */
async function wholeLines(path: string, head: JournalHead): Promise<number> {
  const bytes = await sizeOf(path);
  if (bytes === 0) return 0;
  let whole = 0;
  let isFirst = true;
  for await (const line of linesOf(path)) {
    const end = whole + Buffer.byteLength(line) + 1;
    const parsed = end > bytes ? undefined : parsedLine(line);
    if (parsed === undefined) break;
    if (isFirst) assertSame(path, parsed, head);
    isFirst = false;
    whole = end;
  }
  return whole;
}

/** Bytes of the first so many lines. */
async function bytesOfLines(path: string, lines: number): Promise<number> {
  let bytes = 0;
  let count = 0;
  for await (const line of linesOf(path)) {
    if (count === lines) break;
    bytes += Buffer.byteLength(line) + 1;
    count += 1;
  }
  return bytes;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0; // Where it cannot be read, opening it says why.
  }
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Infinity });
}

function parsedLine(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined; // JSON of an object.
  } catch {
    return undefined;
  }
}

function assertSame(path: string, found: JsonObject, head: JournalHead): void {
  const keys = [...new Set([...Object.keys(found), ...Object.keys(head)])];
  const differing = keys.filter((key) => canonicalJson(found[key] ?? null) !== canonicalJson(head[key] ?? null));
  if (differing.length === 0) return;
  const [first = ''] = differing;
  const [there, here] = [found, head].map((of) => canonicalJson(of[first] ?? null));
  throw new GuardError(
    'RESUME_MISMATCH',
    `"${path}" has cases of another evaluation: ${differing.join(', ')} differ (${first} is ${there} there and ${here} here); ask for the same again, or give another file`,
  );
}

/** The first line says what they are of. */
async function* pairsOf(path: string): AsyncGenerator<EvaluatedPair> {
  let isFirst = true;
  for await (const line of linesOf(path)) {
    if (!isFirst) yield JSON.parse(line) as EvaluatedPair; // A whole line of a file whose head is ours.
    isFirst = false;
  }
}
