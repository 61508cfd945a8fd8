/**
 * The files of an MCP server, read once and as they are: from its folder with all that is installed there, or from the tree that an
 * archive carries. Nothing of it is interpreted, so nothing is reviewed; what it may do is the sandbox's to say.
 */
import { LIMITS, type Finding, type Manifest } from '@bulkhead/protocol';
import { posix } from 'node:path';
import { HostError } from '../base/host-error.ts';
import { packTree, treePathFault, unpackTree, type TreeFile } from '../base/packed-tree.ts';
import { kindOf, listFolder, openFolder, openFolderIn, readFileIn, type OpenFolder } from './open-beneath.ts';
import { TOOLS_FILE } from './manifest-file.ts';
import type { SourceTree } from './source-tree.ts';

declare const frozen: unique symbol;

/** The files of one MCP server as one run of bytes; only {@link freezeTree} makes one. */
export type FrozenTree = {
  readonly [frozen]: true;
  readonly manifest: Manifest;
  /** See base/packed-tree.ts. */
  readonly module: Uint8Array;
  readonly sourceMap: undefined;
  readonly findings: readonly Finding[];
  /** The same, file by file. */
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** Name of the tree in an archive. */
export const TREE_FILE = 'server.tree';

/** The manifest is beside the tree, and the tree of an archive is not in itself. */
const LEFT_OUT_AT_TOP: readonly string[] = ['plugin.json', TOOLS_FILE, TREE_FILE];
/** What no program reads while it runs: declarations and maps; in packages TypeScript, too, which Node refuses there. */
const DECLARATION = /\.d\.[cm]?ts$|\.map$/;
const TYPESCRIPT = /\.[cm]?tsx?$/;

/**
 * Freezes a plugin's files.
 *
 * @throws {HostError} `SOURCE_TOO_LARGE`; `SOURCE_ESCAPES` where a link is among them; `BUNDLE_FAILED` where `main` is not;
 *   `ARCHIVE_INVALID` for an archive whose tree is none.
 */
export async function freezeTree(source: SourceTree, manifest: Manifest): Promise<FrozenTree> {
  const files = source.isPacked ? filesOfArchive(source) : await filesOfFolder(source.folder);
  insistOnMain(manifest, files);
  const tree: Omit<FrozenTree, typeof frozen> = {
    manifest,
    module: packTree(files),
    sourceMap: undefined,
    findings: [],
    files: new Map(files.map(({ path, bytes }) => [path, bytes])),
  };
  return tree as FrozenTree; // The only place that makes one.
}

function insistOnMain({ main, mcp }: Manifest, files: readonly TreeFile[]): void {
  if (mcp?.command !== 'node' || main === undefined) return;
  const path = posix.normalize(main);
  if (files.some((file) => file.path === path)) return;
  throw new HostError('BUNDLE_FAILED', {
    message: `"${main}" is not among the files of the MCP server`,
    hint: 'Install its packages (`npm install --ignore-scripts`), or correct "main" in plugin.json.',
  });
}

function filesOfArchive({ packedTree }: SourceTree): readonly TreeFile[] {
  const tree = packedTree === undefined ? undefined : unpackTree(packedTree);
  if (tree?.ok === true) return tree.files;
  throw new HostError('ARCHIVE_INVALID', {
    message: tree === undefined ? `the archive has no ${TREE_FILE}` : `${TREE_FILE} ${tree.fault}`,
    hint: 'Pack the folder of the MCP server again: `bulkhead pack DIR`.',
  });
}

type Walk = { readonly files: TreeFile[]; entries: number; bytes: number; readonly links: string[] };

async function filesOfFolder(dir: string): Promise<readonly TreeFile[]> {
  const walk: Walk = { files: [], entries: 0, bytes: 0, links: [] };
  const root = await openFolder(dir);
  try {
    await walkFolder(root, '', walk);
  } finally {
    await root.handle.close();
  }
  const [link] = walk.links;
  if (link === undefined) return walk.files;
  const hint = 'Install packages as copies: `npm install --ignore-scripts --install-links`.';
  const message = `"${link}" is a symbolic link; the files of an MCP server are files and folders only`;
  const findings = walk.links.slice(0, LIMITS.findings.value).map((path): Finding => ({
    id: 'SOURCE_ESCAPES',
    severity: 'error',
    path,
    line: null,
    message: `"${path}" is a symbolic link`,
    hint,
  }));
  throw new HostError('SOURCE_ESCAPES', { message, hint, findings });
}

/** Files of a folder that are looked at the same time: one after the other they would wait for one another. */
const AHEAD = 16;

async function walkFolder(folder: OpenFolder, path: string, walk: Walk): Promise<void> {
  const names = (await listFolder(folder)).filter((name) => isTaken(path, name));
  for (let from = 0; from < names.length; from += AHEAD)
    await Promise.all(names.slice(from, from + AHEAD).map((name) => takeEntry(folder, posix.join(path, name), walk)));
}

function isTaken(path: string, name: string): boolean {
  if (name.startsWith('.')) return false;
  return path !== '' || (!LEFT_OUT_AT_TOP.includes(name) && name !== 'coverage');
}

async function takeEntry(folder: OpenFolder, path: string, walk: Walk): Promise<void> {
  walk.entries += 1;
  if (walk.entries > 2 * LIMITS.tree_files.value) throw tooLarge('tree_files', path);
  const name = posix.basename(path);
  const kind = await kindOf(folder, name);
  if (kind === 'link') return void walk.links.push(path);
  if (kind === 'folder') return takeFolder(folder, path, walk);
  if (kind === 'file' && !isUnread(path)) await takeFile(folder, path, walk);
}

async function takeFolder(folder: OpenFolder, path: string, walk: Walk): Promise<void> {
  if (path.split('/').length >= LIMITS.source_depth.value) throw tooLarge('source_depth', path);
  const inner = await openFolderIn(folder, posix.basename(path));
  if (inner === undefined) return void walk.links.push(path); // It was a folder a moment ago.
  try {
    await walkFolder(inner, path, walk);
  } finally {
    await inner.handle.close();
  }
}

function isUnread(path: string): boolean {
  return DECLARATION.test(path) || (path.includes('node_modules/') && TYPESCRIPT.test(path));
}

async function takeFile(folder: OpenFolder, path: string, walk: Walk): Promise<void> {
  const { value: bytesMax } = LIMITS.tree_bytes;
  const reading = await readFileIn(folder, posix.basename(path), bytesMax);
  if (reading.kind === 'link') return void walk.links.push(path);
  if (reading.kind === 'not_a_file') return;
  walk.bytes += reading.kind === 'read' ? reading.bytes.length : reading.size;
  if (reading.kind === 'too_large' || walk.bytes > bytesMax) throw tooLarge('tree_bytes', path);
  if (walk.files.length >= LIMITS.tree_files.value) throw tooLarge('tree_files', path);
  const fault = treePathFault(path);
  if (fault !== undefined) throw new HostError('SOURCE_ESCAPES', { message: `the path "${path}" ${fault}` });
  walk.files.push({ path, bytes: reading.bytes, isExecutable: reading.isExecutable });
}

function tooLarge(name: 'tree_bytes' | 'tree_files' | 'source_depth', path: string): HostError {
  const { value, unit } = LIMITS[name];
  return new HostError('SOURCE_TOO_LARGE', {
    message: `the files of the MCP server pass ${name}: more than ${value} ${unit} at "${path}"`,
    details: { limit: name, allowed: value, observed: value + 1 },
  });
}
