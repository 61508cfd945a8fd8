/**
 * User ids for guests: each host that runs as root leases a block of them, and each guest gets one of its own, so that
 * the kernel keeps guests from one another and from the host. Never hands out an id that a live guest has.
 *
 * A block's owner is named by the highest numbered of its files, `uids-<first id>.<number>`, in a folder of root's:
 *
 *   1. A file appears whole and only once: it is written aside and linked to its name.
 *   2. Taking over writes the next number, and only where the highest names an owner that is proved dead, or none.
 *   3. Whoever linked a number looks again; if a higher one is there by now, he takes his own back and has lost.
 *   4. Lower numbers are removed by the winner, the highest never is, so that no number is ever given twice.
 *
 * Of two hosts that start at once, at most one gets a block; the other goes on to the next.
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../../base/host-error.ts';
import { isProvedDead, killAndWait, ownIdentity, parseIdentity } from './process-table.ts';

/** User ids in one block: the most guests that one host has at once, with room to rest each id. */
export const UID_BLOCK_SIZE = 1_024;

/** Where root keeps the lease files; gone after a reboot, as the owners are. */
export const UID_LEASE_DIRECTORY = '/run/bulkhead';

/** A block of user ids that is this host's alone. */
export type UidLease = {
  /** First id of the block of {@link UID_BLOCK_SIZE}. */
  readonly first: number;
  /** Returns an id that no guest has; undefined where all are in use. The one used longest ago comes first. */
  readonly acquire: () => number | undefined;
  /** Gives an id back. Its guest must be dead. */
  readonly release: (uid: number) => void;
  /** Gives the block back. May be called again. */
  readonly close: () => Promise<void>;
};

/** Where leases are kept; defaults are the machine's own. */
export type UidLeaseOptions = {
  readonly directory?: string;
  /** The run folder's socket, by which hosts in other containers tell whether this one lives. */
  readonly alivePath?: string;
  /** Blocks to choose from; for tests. */
  readonly blocks?: readonly number[];
};

/**
 * Leases a block, and ends whatever an earlier owner's guests left running under its ids.
 *
 * @throws {Error} Where the folder is not safely root's, or no block is free.
 */
export async function leaseUids(options: UidLeaseOptions = {}): Promise<UidLease> {
  const directory = options.directory ?? UID_LEASE_DIRECTORY;
  await ensureDirectory(directory);
  for (const first of options.blocks ?? blocksOf(await readFile('/proc/self/uid_map', 'utf8'))) {
    const number = await takeBlock(directory, first, JSON.stringify(await ownIdentity(options.alivePath)));
    if (number === undefined) continue;
    await endProcessesOf(first);
    return openLease(first, () => giveBlock(directory, first));
  }
  throw new Error(
    `no block of user ids is free in ${directory}; end a host, or remove files of hosts of other containers`,
  );
}

/** Ends what guests of dead hosts still run, and gives their blocks back. Returns the first ids of those blocks. */
export async function reapUidLeases(directory: string = UID_LEASE_DIRECTORY): Promise<readonly number[]> {
  const names = await readdir(directory).catch(() => []);
  const blocks = [...new Set(names.flatMap((name) => parseName(name)?.first ?? []))];
  const reaped: number[] = [];
  for (const first of blocks) {
    if ((await stateOf(directory, first)).owner !== 'dead') continue;
    await endProcessesOf(first);
    if ((await takeBlock(directory, first, RELEASED)) !== undefined) reaped.push(first);
  }
  return reaped;
}

/** Above what login users, subordinate ids, containers of systemd and its dynamic users take; below 2^31. */
const HIGH_RANGE = { first: 0x7000_0000, blocks: 512 };
/** In a container whose user namespace maps only 65,536 ids: between login users and systemd's dynamic ones. */
const LOW_RANGE = { first: 32_768, blocks: 27 };

/** Returns the first ids of the blocks that exist under the map, three numbers a line: inside, outside, length. */
export function blocksOf(uidMap: string): readonly number[] {
  const ranges = uidMap
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const isMapped = ({ first, blocks }: typeof HIGH_RANGE): boolean =>
    ranges.some(([from = 0, , length = 0]) => from <= first && first + blocks * UID_BLOCK_SIZE <= from + length);
  const range = [HIGH_RANGE, LOW_RANGE].find(isMapped);
  return range === undefined ? [] : Array.from({ length: range.blocks }, (_, i) => range.first + i * UID_BLOCK_SIZE);
}

/** A folder that others could write to would let them name an owner, and so have a live one's guests ended. */
async function ensureDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = await lstat(directory);
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return;
  throw new Error(`${directory} can be written by others; expected a folder of the host's own user, mode 0700`);
}

const RELEASED = JSON.stringify({ released: true });

/** Returns the number that now names us (or whoever `content` names), undefined where the block is another's. */
async function takeBlock(directory: string, first: number, content: string): Promise<number | undefined> {
  const { owner, highest } = await stateOf(directory, first);
  if (owner === 'alive') return undefined;
  const number = highest + 1;
  if (!(await writeOnce(join(directory, nameOf(first, number)), content))) return undefined;
  if ((await highestOf(directory, first)) > number) {
    await rm(join(directory, nameOf(first, number)), { force: true });
    return undefined;
  }
  await removeBelow(directory, first, number);
  return number;
}

/** Our own file says that we live, so giving back goes over it: the next number names nobody. */
async function giveBlock(directory: string, first: number): Promise<void> {
  const number = (await highestOf(directory, first)) + 1;
  await writeOnce(join(directory, nameOf(first, number)), RELEASED);
  await removeBelow(directory, first, number);
}

type BlockState = { readonly owner: 'none' | 'alive' | 'dead'; readonly highest: number };

async function stateOf(directory: string, first: number): Promise<BlockState> {
  const highest = await highestOf(directory, first);
  if (highest === 0) return { owner: 'none', highest };
  const text = await readFile(join(directory, nameOf(first, highest)), 'utf8').catch(() => undefined);
  // Removed since it was listed: somebody else is at work here.
  if (text === undefined) return { owner: 'alive', highest };
  if (text === RELEASED) return { owner: 'none', highest };
  const identity = parseIdentity(JSON.parse(text));
  return { owner: identity !== undefined && (await isProvedDead(identity)) ? 'dead' : 'alive', highest };
}

async function highestOf(directory: string, first: number): Promise<number> {
  return Math.max(0, ...(await numbersOf(directory, first)));
}

async function removeBelow(directory: string, first: number, number: number): Promise<void> {
  const lower = (await numbersOf(directory, first)).filter((other) => other < number);
  await Promise.all(lower.map((other) => rm(join(directory, nameOf(first, other)), { force: true })));
}

async function numbersOf(directory: string, first: number): Promise<readonly number[]> {
  const parsed = (await readdir(directory)).map(parseName);
  return parsed.flatMap((name) => (name?.first === first ? [name.number] : []));
}

function nameOf(first: number, number: number): string {
  return `uids-${first}.${number}`;
}

function parseName(name: string): { readonly first: number; readonly number: number } | undefined {
  const [, first, number] = /^uids-(\d+)\.(\d+)$/.exec(name) ?? [];
  return first === undefined || number === undefined ? undefined : { first: Number(first), number: Number(number) };
}

async function writeOnce(path: string, content: string): Promise<boolean> {
  const aside = `${path}.new-${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(aside, content, { mode: 0o600, flag: 'wx' });
    await link(aside, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** An id for a new guest; undefined on a host that has no block. @throws where every id of the block is in use. */
export function leaseUid(uids: UidLease | undefined): number | undefined {
  if (uids === undefined) return undefined;
  const uid = uids.acquire();
  if (uid === undefined) throw new Error('every user id of this host is in use by a live guest');
  return uid;
}

const END_PATIENCE_MS = 1_000;

/** By user id and not by arguments: a guest may rewrite its own arguments, but never its user. */
async function endProcessesOf(first: number): Promise<void> {
  const isOfBlock = (uid: number): boolean => uid >= first && uid < first + UID_BLOCK_SIZE;
  const { left } = await killAndWait(({ uids }) => uids.some(isOfBlock), END_PATIENCE_MS);
  if (left.length > 0) throw new Error(`processes ${left.join(', ')} of an earlier host do not end`);
}

function openLease(first: number, give: () => Promise<void>): UidLease {
  const free = Array.from({ length: UID_BLOCK_SIZE }, (_, index) => first + index);
  const inUse = new Set<number>();
  let closing: Promise<void> | undefined;
  return {
    first,
    acquire: () => {
      const uid = closing === undefined ? free.shift() : undefined;
      if (uid !== undefined) inUse.add(uid);
      return uid;
    },
    release: (uid) => {
      if (inUse.delete(uid)) free.push(uid);
    },
    close: () => (closing ??= give()),
  };
}
