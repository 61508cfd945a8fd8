/**
 * The first step of an install: a plugin folder becomes a SourceTree. Reads each file once, within bounds, follows no
 * link, and never runs or interprets what it reads. After it, the folder may change as it likes: nobody looks again.
 */
import { LIMITS, type Finding } from '@bulkhead/protocol';
import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { HostError, systemCodeOf } from '../base/host-error.ts';
import { isLoadable } from '../base/tree-paths.ts';
import { createBudget, type Budget } from './budget.ts';
import {
  kindOf,
  listFolder,
  openFolder,
  openFolderIn,
  readFileIn,
  type EntryKind,
  type FileReading,
  type OpenFolder,
} from './open-beneath.ts';
import { createPackageReader } from './read-package.ts';
import type { SourceTree, read } from './source-tree.ts';

/** What is done about links. */
export type ReadSourceOptions = {
  /** A link in node_modules: followed where the operator named the folder, refused in what came over the network. */
  readonly packageLinks: 'follow' | 'refuse';
  /** Links among the author's own files: a plugin folder has none; around a single file they are left out. */
  readonly authorLinks: 'refuse' | 'skip';
};

/** How a folder is read that an operator named as a plugin. */
export const OPERATOR_FOLDER: ReadSourceOptions = { packageLinks: 'follow', authorLinks: 'refuse' };
/** How the folder around a single file is read (`runSandboxed({ file })`); it may hold much that is not the plugin's. */
export const SINGLE_FILE: ReadSourceOptions = { packageLinks: 'follow', authorLinks: 'skip' };

/** Folders of the author's that hold no source: dependencies are read on demand, the other is a test report. */
const SKIPPED_FOLDERS: readonly string[] = ['node_modules', 'coverage'];

/**
 * Reads a plugin folder.
 *
 * @param dir - The folder; links in the path to it are the operator's and are followed.
 * @returns the author's loadable files; hidden entries, node_modules and coverage are left out.
 * @throws {HostError} `SOURCE_NOT_FOUND`; `SOURCE_TOO_LARGE` for too many, too deep or too many bytes;
 *   `SOURCE_ESCAPES` with one finding per link, its bytes unread; `STORAGE_UNAVAILABLE` where the host is short of what
 *   reading takes, whatever is in the folder.
 */
export async function readSource(dir: string, options: ReadSourceOptions): Promise<SourceTree> {
  return unlessShort(dir, () => readTree(dir, options));
}

/** The server's own want, which is over some time later: no fault of the plugin's (FAULTS 114). */
const SHORTAGES: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

async function unlessShort<Answer>(dir: string, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    throw ofShortage(dir, error) ?? error;
  }
}

function ofShortage(dir: string, error: unknown): HostError | undefined {
  const code = systemCodeOf(error instanceof HostError ? error.cause : error);
  if (!SHORTAGES.includes(code)) return undefined;
  return new HostError('STORAGE_UNAVAILABLE', {
    message: `"${dir}" cannot be read now (${code})`,
    hint: 'Look for exhausted memory or file descriptors on the server; then try again.',
    cause: error,
  });
}

async function readTree(dir: string, options: ReadSourceOptions): Promise<SourceTree> {
  const folder = await resolveFolder(dir);
  const walk: Walk = { options, budget: createBudget(), files: new Map(), oversized: new Map(), findings: [] };
  await using root = disposable(await openRoot(folder, dir));
  await readFolder(root.folder, '', walk);
  if (walk.findings.length > 0) {
    throw new HostError('SOURCE_ESCAPES', { message: walk.findings[0]?.message ?? '', findings: walk.findings });
  }
  const readPackage = createPackageReader({ folder, budget: walk.budget, links: options.packageLinks });
  const tree: Omit<SourceTree, typeof read> = {
    folder,
    isPacked: false,
    files: walk.files,
    oversized: walk.oversized,
    readPackage: (name, from) => unlessShort(dir, () => readPackage(name, from)),
  };
  return tree as SourceTree; // Of a folder, the only place that makes one.
}

type Walk = {
  readonly options: ReadSourceOptions;
  readonly budget: Budget;
  readonly files: Map<string, Uint8Array>;
  readonly oversized: Map<string, number>;
  readonly findings: Finding[];
};

async function resolveFolder(dir: string): Promise<string> {
  try {
    return await realpath(dir);
  } catch (cause) {
    throw notFound(dir, cause);
  }
}

async function openRoot(folder: string, dir: string): Promise<OpenFolder> {
  try {
    return await openFolder(folder);
  } catch (cause) {
    throw notFound(dir, cause);
  }
}

function notFound(dir: string, cause: unknown): HostError {
  const why = systemCodeOf(cause) ?? 'unreadable';
  return new HostError('SOURCE_NOT_FOUND', { message: `"${dir}" is no folder that can be read (${why})`, cause });
}

function disposable(folder: OpenFolder): { readonly folder: OpenFolder } & AsyncDisposable {
  return { folder, [Symbol.asyncDispose]: () => folder.handle.close() };
}

async function readFolder(folder: OpenFolder, path: string, walk: Walk): Promise<void> {
  walk.budget.enter(path);
  const listed = await listFolder(folder);
  const names = listed.filter((name) => !name.startsWith('.') && !SKIPPED_FOLDERS.includes(name));
  for (let from = 0; from < names.length; from += AHEAD) {
    const paths = names.slice(from, from + AHEAD).map((name) => posix.join(path, name));
    for (const one of paths) walk.budget.countEntry(one);
    const entries = await Promise.all(paths.map((one) => lookAt(folder, one)));
    for (const entry of entries) await take(folder, entry, walk);
  }
}

/** Entries that are read at the same time, each of at most 1 MiB: one after the other they would wait for one another. */
const AHEAD = 16;

/** An entry as it was found, its content read where that is source. What could not be read is told in its turn. */
type Entry =
  | { readonly path: string; readonly kind: EntryKind | undefined }
  | { readonly path: string; readonly kind: 'source'; readonly reading: FileReading }
  | { readonly path: string; readonly kind: 'unreadable'; readonly error: unknown };

async function lookAt(folder: OpenFolder, path: string): Promise<Entry> {
  try {
    const name = posix.basename(path);
    const kind = await kindOf(folder, name);
    // A pipe or a device has no content to read; importing it fails as a file that is not there.
    if (kind !== 'file' || !isLoadable(name)) return { path, kind };
    return { path, kind: 'source', reading: await readReadable(folder, path) };
  } catch (error) {
    return { path, kind: 'unreadable', error };
  }
}

async function take(folder: OpenFolder, entry: Entry, walk: Walk): Promise<void> {
  const { path, kind } = entry;
  if (kind === 'unreadable') throw entry.error;
  if (kind === 'source') return takeSource(path, entry.reading, walk);
  if (kind === 'link') return refuseLink(path, walk);
  if (kind === 'folder') {
    const opened = await openFolderIn(folder, posix.basename(path));
    if (opened === undefined) return refuseLink(path, walk); // It was a folder a moment ago.
    await using inner = disposable(opened);
    return await readFolder(inner.folder, path, walk); // Awaited, because the folder is closed on the way out.
  }
}

function takeSource(path: string, reading: FileReading, walk: Walk): void {
  if (reading.kind === 'link') return refuseLink(path, walk);
  if (reading.kind === 'too_large') return void walk.oversized.set(path, reading.size);
  if (reading.kind === 'not_a_file') return;
  walk.budget.countFile(path, reading.bytes.length);
  walk.files.set(path, reading.bytes);
}

async function readReadable(folder: OpenFolder, path: string): ReturnType<typeof readFileIn> {
  try {
    return await readFileIn(folder, posix.basename(path), LIMITS.source_file_bytes.value);
  } catch (cause) {
    const message = `"${path}" cannot be read (${systemCodeOf(cause) ?? 'unknown error'})`;
    throw new HostError('SOURCE_NOT_FOUND', { message, hint: 'Make the file readable for the server.', cause });
  }
}

/** FAULTS 78: a link may lead anywhere, so it is named and its bytes are never read. */
function refuseLink(path: string, walk: Walk): void {
  if (walk.options.authorLinks === 'skip') return;
  walk.findings.push({
    id: 'SOURCE_ESCAPES',
    severity: 'error',
    path,
    line: null,
    message: `"${path}" is a symbolic link; a plugin folder holds files and folders only`,
    hint: 'Replace the link by the file itself.',
  });
}
