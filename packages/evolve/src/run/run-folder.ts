/**
 * The folder of one run. All that a run knows is in it, so that it goes on after a crash; one process works on it at a time.
 *
 *   run.json  start.EXT                     what it is: configuration, seed, first program
 *   journal.ndjson  control.ndjson          answers of proposers and of the judge, as they come
 *   promotion.ndjson                        promotions that are done
 *   progress.json                           how far it is, once a second at most
 *   winner.EXT  report.json  report.html    what it came to
 *   programs/  lineage.json  lineage.dot    as `export` writes them
 *   lock  worker.pid                        held in the kernel while a process works on it, and which one that is
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { takeKernelLock } from '@bulkhead/host/lock';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import { writeWhole } from '../write-whole.ts';

/**
 * What a run is. `config` has the tables as they were given, with the seed and the budget of the command line in them; files in them
 * stand beside `configFolder`.
 *
 * @public
 */
export type RunHead = {
  readonly kind: 'bulkhead.evolve.run';
  readonly schema_version: 1;
  readonly name: string;
  readonly config: JsonObject;
  readonly config_folder: string;
  readonly file_name: string;
};

/**
 * A run folder that this process works on; disposing lets go of it.
 *
 * @public
 */
export type RunFolder = AsyncDisposable & {
  readonly path: string;
  readonly head: RunHead;
  readonly source: string;
  /** A file of the folder. */
  readonly file: (name: string) => string;
  readonly write: (name: string, text: string) => Promise<void>;
};

const HEAD = 'run.json';
const LOCK = 'lock';
const WORKER = 'worker.pid';

/**
 * Makes a run folder, and works on it.
 *
 * @throws {EvolveError} `RUN_INVALID` where there is a run in it already.
 * @public
 */
export async function createRunFolder(path: string, head: RunHead, source: string): Promise<RunFolder> {
  await mkdir(path, { recursive: true });
  const there = await readdir(path);
  if (there.includes(HEAD)) throw taken(path);
  if (there.some((name) => name !== LOCK)) throw invalid(`${path} is not empty`, 'name a folder that is not there yet');
  const unlock = await lock(path);
  if ((await readdir(path)).includes(HEAD)) {
    await unlock();
    throw taken(path); // Made, and let go of, between the two looks.
  }
  await writeWhole(join(path, `start${extname(head.file_name)}`), source);
  await writeWhole(join(path, HEAD), `${JSON.stringify(head, undefined, 2)}\n`);
  return folderOf(path, { head, source, unlock });
}

/**
 * Works on a run that is there. What a process that died left behind is taken away.
 *
 * @throws {EvolveError} `RUN_INVALID` where there is none, or another process works on it.
 * @public
 */
export async function openRunFolder(path: string): Promise<RunFolder> {
  const { head, source } = await readRunFolder(path);
  const unlock = await lock(path);
  await rm(join(path, 'tmp'), { recursive: true, force: true });
  return folderOf(path, { head, source, unlock });
}

/**
 * Reads what a run is, without working on it.
 *
 * @throws {EvolveError} `RUN_INVALID`.
 * @public
 */
export async function readRunFolder(path: string): Promise<{ readonly head: RunHead; readonly source: string }> {
  const head = headIn(await readText(join(path, HEAD)), path);
  const source = await readText(join(path, `start${extname(head.file_name)}`));
  if (source === undefined) throw invalid(`${path} has lost its first program`, 'begin another run');
  return { head, source };
}

/**
 * The JSON of a file of a run folder; undefined where it is not there, or cut.
 *
 * @public
 */
export async function readRunFile(path: string, name: string): Promise<JsonObject | undefined> {
  try {
    const value: unknown = JSON.parse((await readText(join(path, name))) ?? 'null');
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // Whoever asked says what it needs the file for.
  }
}

/**
 * The name of the file with the best program of a run.
 *
 * @public
 */
export function winnerName({ head }: Pick<RunFolder, 'head'>): string {
  return `winner${extname(head.file_name)}`;
}

type Held = { readonly head: RunHead; readonly source: string; readonly unlock: () => Promise<void> };

function folderOf(path: string, { head, source, unlock }: Held): RunFolder {
  return {
    ...{ path, head, source },
    file: (name) => join(path, name),
    write: (name, text) => writeWhole(join(path, name), text),
    [Symbol.asyncDispose]: unlock,
  };
}

/** The kernel lets go of it when the process ends, whatever ends it. */
async function lock(path: string): Promise<() => Promise<void>> {
  const held = takeKernelLock(join(path, LOCK));
  const worker = join(path, WORKER);
  if (held === undefined) {
    const pid = Number(await readText(worker));
    throw invalid(`${pid > 0 ? `process ${pid}` : 'another process'} works on ${path}`, 'wait for it, or end it');
  }
  await writeWhole(worker, `${process.pid}\n`);
  return async () => {
    await rm(worker, { force: true });
    held.release();
  };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function headIn(text: string | undefined, path: string): RunHead {
  if (text === undefined) throw invalid(`${path} has no ${HEAD}`, 'name the folder of a run');
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value) && value['kind'] === 'bulkhead.evolve.run' && value['schema_version'] === 1)
      return value as unknown as RunHead; // Written by `createRunFolder` alone.
  } catch {
    // Said below.
  }
  throw invalid(`${HEAD} of ${path} is none that a run wrote`, 'name the folder of a run, or begin another');
}

function taken(path: string): EvolveError {
  return invalid(`${path} has a run already`, 'go on with it (resume), or name another folder');
}

function invalid(what: string, cure: string): EvolveError {
  return new EvolveError('RUN_INVALID', `${what}; ${cure}`);
}
