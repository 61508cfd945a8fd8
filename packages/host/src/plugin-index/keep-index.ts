/**
 * Keeping an index: its folder holds the archives, their signatures, and one index.json that is replaced whole.
 *
 *   read what there is -> look at archives -> compose -> the next serial -> sign -> replace
 *
 * Where nothing has changed nothing is written: the same archives, key and times give the same bytes, however often.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { INDEX_FILE_PATTERN, type PluginIndex } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { withWorkshop, type WithWorkshop } from '../host/with-workshop.ts';
import { signerOf } from '../signing/signature.ts';
import { isArchiveFile } from '../source/archive-file.ts';
import { copyInto, lookAt } from './archive-files.ts';
import {
  archivesOf,
  blockIn,
  composeIndex,
  insistOnPublishers,
  insistOnSameBytes,
  unblockIn,
  type BlockTarget,
  type IndexContents,
} from './index-contents.ts';
import { folderOf, isAddress } from './index-place.ts';
import type { IndexedArchive } from './indexed-archive.ts';
import { readOwnIndex, writeOwnIndex } from './own-index.ts';
import { INDEX_FILE, sealIndex, type IndexSigning } from './sealed-index.ts';

/**
 * How an index is kept. `within` is whose workshop looks at archives, one of its own without it. `name` is that of a new index, `plugins` where it is left out; `serialMin` is the least serial that it gets.
 *
 * @public
 */
export type KeepingIndex = {
  readonly signing: IndexSigning;
  readonly name?: string;
  readonly serialMin?: number;
  /** Takes releases of a plugin by another key than signed those before. */
  readonly acceptsNewPublisher?: boolean;
  readonly within?: WithWorkshop;
};

/**
 * An index after it was kept. `is_changed` is false where it said the same already, and was left as it is.
 *
 * @public
 */
export type KeptIndex = {
  readonly file: string;
  readonly is_changed: boolean;
  readonly key: string;
  readonly index: PluginIndex;
};

/** Makes the next contents from those that there are. */
type Change = (before: IndexContents | undefined, ask: AskWorkshop) => Promise<IndexContents>;

const DEFAULT_NAME = 'plugins';

/**
 * Makes the index of a folder of archives, or brings it in step with them: archives that came are listed, those that went are
 * listed no more. What the operator blocked stays blocked.
 *
 * @throws {HostError} `INDEX_REFUSED` with all archives that cannot be listed; `RELEASE_EXISTS`, `SIGNATURE_INVALID`,
 *   `INDEX_INVALID` for an index that is there and no index, `INDEX_UNREACHABLE`.
 * @public
 */
export async function buildIndex(dir: string, keeping: KeepingIndex): Promise<KeptIndex> {
  const folder = insistOnPath(dir);
  return keep(folder, keeping, async (before, ask) => {
    const archives = await lookAt(await archivesIn(folder), ask);
    const known = before === undefined ? [] : archivesOf(before);
    insistOnSameBytes(known, archives);
    if (keeping.acceptsNewPublisher !== true) insistOnPublishers(known, archives);
    return composeIndex(nameOf(before, keeping), withTimes(known, archives, keeping), before?.blocks ?? []);
  });
}

/**
 * Adds archives to an index, copying those that lie elsewhere into its folder; one that is missing is made.
 *
 * @throws {HostError} As {@link buildIndex}.
 * @public
 */
export async function addToIndex(dir: string, archives: readonly string[], keeping: KeepingIndex): Promise<KeptIndex> {
  const folder = insistOnPath(dir);
  await mkdir(folder, { recursive: true });
  return keep(folder, keeping, async (before, ask) => {
    const known = before === undefined ? [] : archivesOf(before);
    const paths = archives.map((path) => resolve(path));
    const looked = await lookAt(paths, ask);
    insistOnSameBytes(known, looked);
    if (keeping.acceptsNewPublisher !== true) insistOnPublishers(known, looked);
    const fresh = withTimes(known, looked, keeping);
    const copied: IndexedArchive[] = [];
    for (const [at, one] of fresh.entries()) copied.push(await copyInto(folder, paths[at] ?? '', one));
    const kept = known.filter((one) => !copied.some((other) => isSame(one, other)));
    return composeIndex(nameOf(before, keeping), [...kept, ...copied], before?.blocks ?? []);
  });
}

/**
 * Blocks a version, or all that there are and will be of a plugin, for whoever installs from the index.
 *
 * @throws {HostError} `INDEX_UNREACHABLE` where there is no index; else as {@link buildIndex}.
 * @public
 */
export async function blockInIndex(
  dir: string,
  { name, version, reason }: BlockTarget & { readonly reason: string },
  keeping: KeepingIndex,
): Promise<KeptIndex> {
  const folder = insistOnPath(dir);
  return keep(folder, keeping, async (before) => blockIn(insistOnIndex(before, folder), { name, version }, reason));
}

/**
 * Takes a block of the operator's back.
 *
 * @throws {HostError} `RELEASE_NOT_FOUND` where there is none, also where it is the review's; else as {@link blockInIndex}.
 * @public
 */
export async function unblockInIndex(dir: string, target: BlockTarget, keeping: KeepingIndex): Promise<KeptIndex> {
  const folder = insistOnPath(dir);
  return keep(folder, keeping, async (before) => unblockIn(insistOnIndex(before, folder), target));
}

async function keep(folder: string, keeping: KeepingIndex, change: Change): Promise<KeptIndex> {
  const path = join(folder, INDEX_FILE);
  const { signing, within = withWorkshop, serialMin = 1 } = keeping;
  const key = signerOf(signing.privateKey); // Before any work: a key that is none stops here.
  const before = await readOwnIndex(path, key);
  const contents = await within((ask) => change(before?.index, ask));
  const same = before && sealIndex(indexOf(contents, before.index.serial), signing);
  if (before !== undefined && same === before.text && before.index.serial >= serialMin)
    return { file: path, is_changed: false, key, index: before.index };
  const index = indexOf(contents, Math.max((before?.index.serial ?? 0) + 1, serialMin));
  await writeOwnIndex(path, before?.text, sealIndex(index, signing));
  return { file: path, is_changed: true, key, index };
}

function indexOf(contents: IndexContents, serial: number): PluginIndex {
  return { schema_v: 1, serial, ...contents };
}

async function archivesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new HostError('INDEX_UNREACHABLE', { message: `"${folder}" is no folder that can be read`, cause });
  });
  const paths = names.filter((name) => ARCHIVE.test(name)).map((name) => join(folder, name));
  const areFiles = await Promise.all(paths.map(isArchiveFile));
  return paths.filter((_, at) => areFiles[at]).toSorted();
}

const ARCHIVE = new RegExp(INDEX_FILE_PATTERN);

/** An index is kept where it lies; from an address it is only read. */
function insistOnPath(dir: string): string {
  if (!isAddress(dir)) return folderOf(dir);
  throw new HostError('INDEX_UNREACHABLE', {
    message: `"${dir}" is an address, and an index is kept in its folder`,
    hint: 'Name the folder that the web server serves.',
  });
}

function insistOnIndex(before: IndexContents | undefined, folder: string): IndexContents {
  if (before !== undefined) return before;
  throw new HostError('INDEX_UNREACHABLE', {
    message: `there is no ${INDEX_FILE} in "${folder}"`,
    hint: 'Make one: `bulkhead index build DIR --key KEY`.',
  });
}

function nameOf(before: IndexContents | undefined, { name = DEFAULT_NAME }: KeepingIndex): string {
  return before?.name ?? name;
}

/** A release keeps the time at which it was listed first. */
function withTimes(
  known: readonly IndexedArchive[],
  archives: readonly IndexedArchive[],
  { signing: { at } }: KeepingIndex,
): readonly IndexedArchive[] {
  return archives.map(({ name, indexed }) => {
    const before = known.find((one) => isSame(one, { name, indexed }));
    const added_at = before === undefined ? at : before.indexed.added_at;
    return { name, indexed: { ...indexed, ...(added_at !== undefined && { added_at }) } };
  });
}

function isSame(one: IndexedArchive, other: IndexedArchive): boolean {
  return one.name === other.name && one.indexed.version === other.indexed.version;
}
