/**
 * The frozen files of MCP servers as their processes see them: written out once per host below its run folder, readable by every
 * user and writable by none, and gone with the folder. What is written was verified when it was read from the store.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { callError, type CallError } from '@bulkhead/protocol';
import { foldersOf } from '../../base/archive-paths.ts';
import { unpackTree, type TreeFile } from '../../base/packed-tree.ts';
import { removeTree } from '../process/remove-tree.ts';

/** Where a tree is, or why it cannot be written out. Whoever was given it calls `letGo` once, when its process is gone. */
export type PlacedTree =
  | { readonly ok: true; readonly dir: string; readonly letGo: () => void }
  | { readonly ok: false; readonly error: CallError };

/** Reads a packed tree from wherever it is kept. */
export type ReadTree = () => Promise<Uint8Array | undefined>;

/** The trees of one host. */
export type ServerTrees = {
  /** Writes the tree of a release out, unless it is there; whoever asks meanwhile waits for the same. */
  readonly place: (digest: string, read: ReadTree) => Promise<PlacedTree>;
  /** Leaves what is written to the run folder's end. */
  readonly close: () => void;
};

/** A tree that nobody uses for this long is removed; to write it again takes a fifth of a second. */
const UNUSED_MS = 60_000;
const WRITTEN_AT_ONCE = 32;

type Written = { readonly ok: true; readonly dir: string } | { readonly ok: false; readonly error: CallError };
type Entry = { readonly written: Promise<Written>; users: number; timer: NodeJS.Timeout | undefined };

/** Makes it; nothing is written yet. */
export function createServerTrees(runDirectory: string): ServerTrees {
  const entries = new Map<string, Entry>();

  async function write(digest: string, read: ReadTree): Promise<Written> {
    const packed = await read();
    if (packed === undefined) return refused('ARTIFACT_MISSING', 'the files of the MCP server are not in the store');
    const tree = unpackTree(packed);
    if (!tree.ok) return refused('ARTIFACT_CORRUPT', `the tree of files ${tree.fault}`);
    const dir = join(runDirectory, 'trees', `${digest}-${randomBytes(4).toString('hex')}`);
    await writeOut(dir, tree.files);
    return { ok: true, dir };
  }

  function entryOf(digest: string, read: ReadTree): Entry {
    const known = entries.get(digest);
    if (known !== undefined) return known;
    const written = write(digest, read).catch((error: unknown) =>
      refused('HOST_SPAWN_FAILED', `the files of the MCP server could not be written out: ${String(error)}`),
    );
    const entry: Entry = { written, users: 0, timer: undefined };
    entries.set(digest, entry);
    return entry;
  }

  function leave(digest: string, entry: Entry, dir: string): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.timer = setTimeout(() => {
      entries.delete(digest);
      // What is left goes with the run folder.
      removeTree(dir).catch(() => undefined);
    }, UNUSED_MS).unref();
  }

  return {
    place: async (digest, read) => {
      const entry = entryOf(digest, read);
      entry.users += 1;
      clearTimeout(entry.timer);
      const written = await entry.written;
      if (written.ok) return { ...written, letGo: () => leave(digest, entry, written.dir) };
      entries.delete(digest); // What failed may go well another time.
      return written;
    },
    close: () => {
      for (const { timer } of entries.values()) clearTimeout(timer);
    },
  };
}

function refused(code: 'ARTIFACT_MISSING' | 'ARTIFACT_CORRUPT' | 'HOST_SPAWN_FAILED', message: string): Written {
  return { ok: false, error: callError(code, { message }) };
}

async function writeOut(dir: string, files: readonly TreeFile[]): Promise<void> {
  const folders = new Set<string>([dirname(dir), dir]);
  for (const { path } of files) for (const folder of foldersOf(path)) folders.add(join(dir, folder));
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755); // The umask may have taken bits.
  }
  for (let from = 0; from < files.length; from += WRITTEN_AT_ONCE)
    await Promise.all(files.slice(from, from + WRITTEN_AT_ONCE).map((file) => writeFile(dir, file)));
}

async function writeFile(dir: string, { path, bytes, isExecutable }: TreeFile): Promise<void> {
  const mode = isExecutable ? 0o555 : 0o444;
  await using file = await open(join(dir, path), 'w', mode);
  await file.writeFile(bytes);
  await file.chmod(mode);
}
