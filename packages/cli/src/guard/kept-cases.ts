/**
 * The file of cases beside a report: `report_..._cases.ndjson`, under the name that the report will have. A file that has no report is of
 * an evaluation that was stopped, and one that asks for the same can go on from it.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  makeFolder,
  openCaseFile,
  reportName,
  type CaseJournal,
  type EvaluatedPair,
  type JournalHead,
} from '@bulkhead/guard';
import { canonicalJson } from '@bulkhead/protocol';
import { UsageError } from '../usage-error.ts';

const ENDING = '_cases.ndjson';
/** Artifacts of one report. */
const FAILURES_MAX = 50;
/** Files of one second. */
const NAMES_MAX = 1_000;
/** A first line is near a kilobyte. */
const HEAD_BYTES_MAX = 65_536;

/** Which folder; `nowMs` names a new file, and `isResumed` looks for one to go on from. */
export type KeptCasesOptions = { readonly folder: string; readonly nowMs: number; readonly isResumed: boolean };

/** The file: `name` is of the report without its ending, once the journal has begun. */
export type KeptCases = {
  readonly journal: CaseJournal;
  readonly name: () => string | undefined;
  /** Cases that were there already. */
  readonly recalled: () => number;
  /** The first that the candidate failed. */
  readonly failures: () => readonly EvaluatedPair[];
};

/** Opens the file when the journal begins. */
export function openKeptCases(options: KeptCasesOptions): KeptCases {
  const { folder } = options;
  const failures: EvaluatedPair[] = [];
  let name: string | undefined;
  let file: CaseJournal | undefined;
  let recalled = 0;
  const note = (pair: EvaluatedPair): void => {
    if (pair.candidate.grade === 'failed' && failures.length < FAILURES_MAX) failures.push(pair);
  };
  const noted = async function* (pairs: AsyncIterable<EvaluatedPair>): AsyncGenerator<EvaluatedPair> {
    for await (const pair of pairs) {
      recalled += 1;
      note(pair);
      yield pair;
    }
  };
  return {
    name: () => name,
    recalled: () => recalled,
    failures: () => failures,
    journal: {
      begin: async (head) => {
        name = await nameOf(options, head);
        file = openCaseFile(casesPath(folder, name));
        return noted(await file.begin(head));
      },
      add: async (pair) => {
        note(pair);
        await file?.add(pair);
      },
      cutAfter: async (cases) => file?.cutAfter(cases),
      close: async () => file?.close(),
    },
  };
}

/** Name of the file of cases of a report. */
export function casesFileOf(name: string): string {
  return `${name}${ENDING}`;
}

/** Path of the file of cases of a report. */
function casesPath(folder: string, name: string): string {
  return join(folder, casesFileOf(name));
}

async function nameOf({ folder, nowMs, isResumed }: KeptCasesOptions, head: JournalHead): Promise<string> {
  try {
    await makeFolder(folder);
    const unfinished = isResumed ? await unfinishedOf(folder, head) : undefined;
    return unfinished ?? (await claimed(folder, reportName(nowMs)));
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new UsageError(
      `--report-dir: ${error.message}`,
      'Name a folder that you may write in, with room on its disk.',
    );
  }
}

/** The newest file without a report whose first line says the same evaluation. */
async function unfinishedOf(folder: string, head: JournalHead): Promise<string | undefined> {
  const files = await readdir(folder);
  const names = files
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .filter((name) => !files.includes(`${name}.json`))
    .toSorted()
    .toReversed();
  const wanted = canonicalJson(head);
  for (const name of names) if ((await firstLine(casesPath(folder, name))) === wanted) return name;
  return undefined;
}

async function firstLine(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES_MAX), 0, HEAD_BYTES_MAX, 0);
  const [line = ''] = buffer.subarray(0, bytesRead).toString().split('\n');
  return line;
}

/** A name that no report has, held by an empty file of cases. */
async function claimed(folder: string, base: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  for (let number = 1; number <= NAMES_MAX; number += 1) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (!taken.has(`${name}.json`) && (await isMade(casesPath(folder, name)))) return name;
  }
  throw new UsageError(`--report-dir: ${folder} has ${NAMES_MAX} reports of one second`, 'Name another folder.');
}

async function isMade(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
