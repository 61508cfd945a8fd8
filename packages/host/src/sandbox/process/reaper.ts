/**
 * Removes what hosts that were killed left behind: their guests with their control groups, their run folders with every
 * temp folder, and their leases of user ids. A host is dead when boot, pid and start time prove it; processes are found by its generation
 * token among their arguments, never by name. Never touches what belongs to another user or to a live host.
 */
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isAnswering } from './alive-socket.ts';
import { GENERATION_ARGUMENT } from './command.ts';
import { GROUPS_FILE, parseGroupPaths } from './guest-groups.ts';
import { isProvedDead, killAndWait, parseIdentity } from './process-table.ts';
import { removeHostGroup, type RemovedGroups } from './remove-groups.ts';
import { removeTree } from './remove-tree.ts';
import { RUN_DIRECTORY_PREFIX, runDirectoryParents } from './run-directory.ts';
import { reapUidLeases } from './uid-lease.ts';

/** Where dead hosts are looked for. */
export type ReaperOptions = {
  /** Folders in which run folders are made. */
  readonly parents?: readonly string[];
  /** Undefined where this host is not root and so leases no ids. */
  readonly leaseDirectory: string | undefined;
};

/** What was cleared up. */
export type ReapedRemains = {
  /** Processes that were killed. */
  readonly killed: number;
  /** Run folders that were removed. */
  readonly removed: readonly string[];
  /** What could not be cleared, for the log; empty when all is well. */
  readonly problems: readonly string[];
};

/** Clears up after dead hosts. Never rejects: what it cannot clear it reports, and the host starts nevertheless. */
export async function reapDeadHosts(options: ReaperOptions): Promise<ReapedRemains> {
  const reports = [await reapLeases(options.leaseDirectory)];
  for (const directory of await findRunDirectories(options.parents ?? runDirectoryParents())) {
    reports.push(await reapDirectory(directory).catch((error: unknown) => problem(`${directory}: ${String(error)}`)));
  }
  return {
    killed: reports.reduce((sum, { killed }) => sum + killed, 0),
    removed: reports.flatMap(({ removed }) => removed),
    problems: reports.flatMap(({ problems }) => problems),
  };
}

const NOTHING: ReapedRemains = { killed: 0, removed: [], problems: [] };
const problem = (text: string): ReapedRemains => ({ ...NOTHING, problems: [text] });

async function reapLeases(directory: string | undefined): Promise<ReapedRemains> {
  if (directory === undefined) return NOTHING;
  return reapUidLeases(directory).then(
    () => NOTHING,
    (error: unknown) => problem(String(error)),
  );
}

async function findRunDirectories(parents: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(parents.map((parent) => realpath(parent).catch(() => undefined)));
  const listings = [...new Set(real)].map(async (parent) => {
    if (parent === undefined) return [];
    const names = await readdir(parent).catch(() => []);
    return names.filter((name) => NAME.test(name)).map((name) => join(parent, name));
  });
  return (await Promise.all(listings)).flat();
}

const NAME = new RegExp(`^${RUN_DIRECTORY_PREFIX}[0-9a-f]{32}$`);
const TOKEN_LENGTH = 32;
const KILL_PATIENCE_MS = 1_000;

async function reapDirectory(path: string): Promise<ReapedRemains> {
  if (!(await isOwnFolder(path)) || !(await isOwnerDead(path))) return NOTHING;
  const token = path.slice(-TOKEN_LENGTH);
  const mark = `${GENERATION_ARGUMENT}${token}`;
  const marked = await killAndWait(({ argv }) => argv.includes(mark), KILL_PATIENCE_MS);
  if (marked.left.length > 0)
    return { ...problem(`${path}: processes ${marked.left.join(', ')} do not end`), killed: marked.killed };
  const groups = await reapGroups(path, token);
  const killed = marked.killed + groups.killed;
  if (groups.left.length > 0) return { ...problem(`${path}: groups ${groups.left.join(', ')} do not empty`), killed };
  await removeTree(path);
  return { killed, removed: [path], problems: [] };
}

/** Whoever is still in a group of that token was started by that host, whatever it made of its arguments since. */
async function reapGroups(path: string, token: string): Promise<RemovedGroups> {
  const text = await readFile(join(path, GROUPS_FILE), 'utf8').catch(() => '[]');
  const removed: RemovedGroups[] = [];
  // One after the other: a process is in one group of each hierarchy, and is counted once.
  for (const group of parseGroupPaths(parseJson(text), token)) removed.push(await removeHostGroup(group));
  return {
    killed: removed.reduce((sum, { killed }) => sum + killed, 0),
    left: removed.flatMap(({ left }) => left),
  };
}

/** A name in a shared folder proves nothing: another user may have made it, or a link to somewhere dear. */
async function isOwnFolder(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined);
  return status !== undefined && status.isDirectory() && status.uid === process.getuid?.();
}

/** A host that died between making its folder and naming itself in it has started nothing; a minute tells it apart. */
const UNNAMED_AGE_MS = 60_000;

async function isOwnerDead(path: string): Promise<boolean> {
  if (await isAnswering(join(path, 'alive'))) return false;
  const text = await readFile(join(path, 'owner.json'), 'utf8').catch(() => undefined);
  const identity = text === undefined ? undefined : parseIdentity(parseJson(text));
  if (identity !== undefined) return isProvedDead(identity);
  const { mtimeMs } = await lstat(path);
  return Date.now() - mtimeMs > UNNAMED_AGE_MS;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Cut off while it was written.
  }
}
