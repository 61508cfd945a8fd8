/**
 * Writes results into files, each whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '../usage-error.ts';

/** A file that is to be written; `executeBits` are those of its mode that say who may run it. */
export type OutputFile = {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly executeBits?: number;
};

/** Writes it. @throws {UsageError} where it cannot be written. */
export async function writeOutput(file: string, text: string): Promise<void> {
  await writeTogether([{ path: file, content: text }], 'Name a file in a folder that is there.');
}

/**
 * Writes files and the folders that they need. All lie beside their places before the first is moved there, so that a full disk or a
 * folder that may not be written changes none of them.
 *
 * @throws {UsageError} where one cannot be written.
 */
export async function writeOutputs(files: readonly OutputFile[]): Promise<void> {
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    await makeFolder(folder).catch((cause: unknown) => raiseUnwritable(folder, cause, OTHER_FOLDER));
  }
  await writeTogether(files, OTHER_FOLDER);
}

const OTHER_FOLDER = 'Name a folder that you may write, on a disk with space left.';
/** Not by `recursive`, which goes on for ever where a folder that is there takes none, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return;
    if (existsSync(dirname(path))) throw cause;
    await makeFolder(dirname(path));
    await makeFolder(path);
  }
}

/** Less the umask of the process. */
const PLAIN_MODE = 0o666;

async function writeTogether(files: readonly OutputFile[], hint: string): Promise<void> {
  const drafts: string[] = [];
  try {
    for (const { path, content, executeBits = 0 } of files) {
      const draft = join(dirname(path), `.${randomUUID()}`);
      drafts.push(draft);
      await writeFile(draft, content, { flag: 'wx', mode: PLAIN_MODE | executeBits }).catch((cause: unknown) =>
        raiseUnwritable(path, cause, hint),
      );
    }
    for (const [at, { path }] of files.entries()) {
      await rename(drafts[at] ?? '', path).catch((cause: unknown) => raiseUnwritable(path, cause, hint));
    }
  } finally {
    // What is lost is a draft that stays, or the word of one that was never there; why it came to that is told already.
    for (const draft of drafts) await rm(draft, { force: true }).catch(() => undefined);
  }
}

function raiseUnwritable(path: string, cause: unknown, hint: string): never {
  throw new UsageError(`${path} cannot be written (${codeOf(cause)})`, hint);
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unwritable';
}
