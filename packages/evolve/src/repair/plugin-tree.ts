/**
 * A plugin's folder in memory: read once within bounds, changed by making another, written whole. Nothing of it runs here.
 */
import { lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';

/**
 * The folder; `files` by their paths with `/`, `sources` are the author's modules, main first.
 * @public
 */
export type PluginTree = {
  readonly name: string;
  readonly version: string;
  readonly manifestPath: ManifestPath;
  readonly main: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly sources: readonly string[];
};

type ManifestPath = 'plugin.json' | 'package.json';

const FILES_MAX = 10_000;
const BYTES_MAX = 64 * 1024 * 1024;
const DEPTH_MAX = 16;
const PACKAGES = 'node_modules';
const SKIPPED = /^(?:\.|coverage$)/;
const SOURCE = /^(?!(?:.*\/)?(?:node_modules|tests?)\/)(?!.*\.(?:test|d)\.[cm]?[jt]s$).*\.[cm]?[jt]s$/;
const MAINS = ['main.ts', 'main.js', 'main.mjs'];
const VERSION = /^(?<major>\d{1,9})\.(?<minor>\d{1,9})\.(?<patch>\d{1,9})(?<rest>-[\w.-]+)?(?:\+[\w.-]+)?$/;

/**
 * Reads it. Hidden entries are left out, and links are followed below `node_modules` alone.
 *
 * @throws {EvolveError} `REPAIR_INVALID` where it cannot be read, is too large, has no manifest of a plugin, or is an MCP server, whose
 *   code is not the plugin's own.
 */
export async function readPluginTree(folder: string): Promise<PluginTree> {
  const files = new Map<string, Uint8Array>();
  const reading = { folder, files, bytes: 0 };
  await readInto(reading, '', 0);
  const { path: manifestPath, manifest } = manifestIn(files, folder);
  const { name, version, driver } = manifest;
  if (typeof name !== 'string' || typeof version !== 'string' || !VERSION.test(version)) {
    throw invalid(`${manifestPath} of ${folder} has no name and version of a plugin`);
  }
  if (driver === 'stdio') throw invalid(`${name} is an MCP server; expected a plugin with code of its own`);
  const sources = [...files.keys()].filter((path) => SOURCE.test(path)).toSorted();
  const main = mainOf(manifest, files);
  if (main === undefined || !sources.includes(main)) throw invalid(`${folder} has no main module`);
  return { name, version, manifestPath, main, files, sources: [main, ...sources.filter((path) => path !== main)] };
}

/** The text of a file. @throws {EvolveError} `REPAIR_INVALID` where it is not there, or not UTF-8. */
export function textIn({ files }: Pick<PluginTree, 'files'>, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(files.get(path));
  } catch (cause) {
    throw invalid(`${path} is not UTF-8`, cause);
  }
}

/** The same folder with another text of one file. */
export function withText(tree: PluginTree, path: string, text: string): PluginTree {
  return { ...tree, files: new Map([...tree.files, [path, new Uint8Array(Buffer.from(text))]]) };
}

/** The same folder as another version; what else stands in the manifest stays, with its form where that can be kept. */
export function withVersion(tree: PluginTree, version: string): PluginTree {
  const text = textIn(tree, tree.manifestPath);
  const replaced = text.replace(/("version"\s*:\s*)"[^"]*"/, (_, head: string) => `${head}${JSON.stringify(version)}`);
  const isDone = manifestOf(replaced, tree.manifestPath)?.['version'] === version;
  return { ...withText(tree, tree.manifestPath, isDone ? replaced : rewritten(text, tree, version)), version };
}

/** The next version with the same major and minor; of one that is not out yet, that one. */
export function nextPatchVersion(version: string): string {
  const { major, minor, patch, rest } = VERSION.exec(version)?.groups ?? {};
  return `${major}.${minor}.${Number(patch) + (rest === undefined ? 1 : 0)}`;
}

/** Writes it in place of whatever the folder holds. */
export async function writePluginTree({ files }: Pick<PluginTree, 'files'>, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [path, bytes] of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

type Reading = { readonly folder: string; readonly files: Map<string, Uint8Array>; bytes: number };

async function readInto(reading: Reading, path: string, depth: number): Promise<void> {
  const names = await readdir(join(reading.folder, path)).catch((cause: unknown) => {
    throw invalid(`${join(reading.folder, path)} cannot be read as a folder`, cause);
  });
  for (const name of names.toSorted()) {
    if (!SKIPPED.test(name)) await readEntry(reading, path === '' ? name : `${path}/${name}`, depth);
  }
}

async function readEntry(reading: Reading, path: string, depth: number): Promise<void> {
  const place = join(reading.folder, path);
  const isOfPackages = path.split('/').includes(PACKAGES);
  const entry = isOfPackages ? await stat(place) : await lstat(place);
  if (entry.isSymbolicLink()) throw invalid(`${place} is a link; expected files and folders`);
  if (entry.isDirectory()) {
    if (depth >= DEPTH_MAX) throw invalid(`${place} lies deeper than ${DEPTH_MAX} folders`);
    return readInto(reading, path, depth + 1);
  }
  if (!entry.isFile()) return;
  reading.bytes += entry.size;
  if (reading.files.size >= FILES_MAX || reading.bytes > BYTES_MAX) {
    throw invalid(
      `${reading.folder} has more than ${FILES_MAX} files or ${BYTES_MAX} bytes; leave packages out that only its tests need`,
    );
  }
  reading.files.set(path, await readFile(place));
}

function manifestIn(
  files: PluginTree['files'],
  folder: string,
): { readonly path: ManifestPath; readonly manifest: JsonObject } {
  for (const path of ['plugin.json', 'package.json'] as const) {
    if (!files.has(path)) continue;
    const manifest = manifestOf(textIn({ files }, path), path);
    if (manifest !== undefined) return { path, manifest };
  }
  throw invalid(`${folder} has no plugin.json that can be read`);
}

function manifestOf(text: string, path: ManifestPath): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const found = path === 'package.json' && isJsonObject(value) ? value['bulkhead'] : value;
    return isJsonObject(found) ? found : undefined;
  } catch {
    return undefined; // Whoever asks says that there is none.
  }
}

function rewritten(text: string, { manifestPath }: PluginTree, version: string): string {
  const whole = JSON.parse(text) as JsonObject; // It was read as one.
  const inner = manifestOf(text, manifestPath) ?? {};
  const next = manifestPath === 'plugin.json' ? { ...whole, version } : { ...whole, bulkhead: { ...inner, version } };
  return `${JSON.stringify(next, undefined, 2)}\n`;
}

function mainOf({ main }: JsonObject, files: PluginTree['files']): string | undefined {
  return typeof main === 'string' ? main.replace(/^\.\//, '') : MAINS.find((path) => files.has(path));
}

function invalid(message: string, cause?: unknown): EvolveError {
  return new EvolveError('REPAIR_INVALID', message, { cause });
}
