/**
 * Where proposals of repairs are kept: `repairs/NAME-N` of the data folder, sealed with a key of the same data folder.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DEFAULT_DATA } from '../remote/remote.ts';
import { UsageError } from '../usage-error.ts';

const KEY_FILE = 'repair.key';
const KEY_BYTES = 32;
const KEY = /^[0-9a-f]{64}\n?$/;
const PROPOSALS = 'repairs';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const NUMBER_MAX = 100_000;

/** The data folder that was named, else the default. */
export function dataFolder(data: string | undefined): string {
  return resolve(data ?? DEFAULT_DATA);
}

/** The folder of all proposals. */
export function proposalsFolder(data: string): string {
  return join(data, PROPOSALS);
}

/** The folder that is named: a path where there is such a folder, else a name below the data folder. */
export async function proposalFolder(where: string, data: string): Promise<string> {
  const isFolder = (await stat(where).catch(() => undefined))?.isDirectory() === true;
  return isFolder ? resolve(where) : join(proposalsFolder(data), where);
}

/** A folder below it that is not there yet. */
export async function nextProposal(data: string, plugin: string): Promise<string> {
  const there = new Set(await readdir(proposalsFolder(data)).catch(() => []));
  for (let number = 1; number <= NUMBER_MAX; number += 1) {
    if (!there.has(`${plugin}-${number}`)) return join(proposalsFolder(data), `${plugin}-${number}`);
  }
  throw new UsageError(`there are ${NUMBER_MAX} proposals of ${plugin}`, 'Remove those that nobody needs any more.');
}

/** The key of the data folder, made where there is none. */
export async function makeSealKey(data: string): Promise<Uint8Array> {
  await mkdir(data, { recursive: true, mode: FOLDER_MODE });
  const file = join(data, KEY_FILE);
  const made = randomBytes(KEY_BYTES).toString('hex');
  try {
    await writeFile(file, `${made}\n`, { flag: 'wx', mode: FILE_MODE });
    await chmod(file, FILE_MODE);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
    if (code !== 'EEXIST')
      throw new UsageError(`${data} cannot be written (${code})`, 'Name a data folder with --data.');
  }
  return readSealKey(data);
}

/** The key. @throws {UsageError} where there is none: nothing was proposed with this data folder. */
export async function readSealKey(data: string): Promise<Uint8Array> {
  const text = await readFile(join(data, KEY_FILE), 'utf8').catch(() => '');
  if (KEY.test(text)) return new Uint8Array(Buffer.from(text.trim(), 'hex'));
  throw new UsageError(
    `there is no key of repairs in ${data}`,
    'Name the data folder with which the repair was made: --data DIR.',
  );
}
