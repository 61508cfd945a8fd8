/**
 * Reads packages of a plugin's node_modules, one at a time and only those that an import reaches. Knows no resolution:
 * which file of a package is meant is the resolver's question.
 *
 * A package that is a link is followed only where the operator named the folder. A link that stays inside the plugin
 * folder (pnpm, a workspace inside it) leads to its real place; one that leaves it counts only as the package of that
 * name, so that `node_modules/x -> /srv/private` reads nothing.
 */
import { isJsonObject, type JsonValue } from '@bulkhead/protocol';
import { realpath } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { HostError } from '../base/host-error.ts';
import { isLoadable, packagePlaces } from '../base/tree-paths.ts';
import type { Budget } from './budget.ts';
import {
  kindOf,
  listFolder,
  openFolder,
  openFolderIn,
  readFileIn,
  type EntryKind,
  type OpenFolder,
} from './open-beneath.ts';
import type { PackageFiles } from './source-tree.ts';

/** Whose packages are read, and within what. */
export type PackageReaderOptions = {
  /** Absolute real path of the plugin folder. */
  readonly folder: string;
  readonly budget: Budget;
  readonly links: 'follow' | 'refuse';
};

/** Makes the `readPackage` of a SourceTree; each place is read once. */
export function createPackageReader(
  options: PackageReaderOptions,
): (name: string, from: string) => Promise<PackageFiles | undefined> {
  const readings = new Map<string, Promise<PackageFiles | undefined>>();
  const readOnce = (name: string, place: string): Promise<PackageFiles | undefined> => {
    const reading = readings.get(place) ?? readPlace(name, place, options);
    readings.set(place, reading);
    return reading;
  };
  return async (name, from) => {
    for (const place of packagePlaces(name, from)) {
      const found = await readOnce(name, place);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

async function readPlace(
  name: string,
  place: string,
  options: PackageReaderOptions,
): Promise<PackageFiles | undefined> {
  const opened = await openPlace(options.folder, place);
  if (opened === undefined) return undefined;
  try {
    if (opened.kind === 'link') return await readLinked(name, place, options);
    if (opened.kind !== 'folder') return undefined;
    const files = await readPackageFolder(opened.folder, place, options.budget);
    return { name, root: place, link: undefined, files };
  } finally {
    await opened.folder.handle.close();
  }
}

/** Walks to a place part by part; the last part may be a link, which is reported and not entered. */
async function openPlace(
  folder: string,
  place: string,
): Promise<{ readonly kind: EntryKind; readonly folder: OpenFolder } | undefined> {
  let current = await openFolder(folder);
  const parts = place.split('/');
  for (const [index, part] of parts.entries()) {
    const kind = await kindOf(current, part);
    const isLast = index === parts.length - 1;
    if (isLast && kind === 'link') return { kind, folder: current };
    const next = kind === 'folder' ? await openFolderIn(current, part) : undefined;
    await current.handle.close();
    if (next === undefined) return undefined;
    current = next;
  }
  return { kind: 'folder', folder: current };
}

async function readLinked(
  name: string,
  place: string,
  options: PackageReaderOptions,
): Promise<PackageFiles | undefined> {
  if (options.links === 'refuse') throw linkRefused(place);
  const target = await realpath(join(options.folder, place)).catch(() => undefined); // A dangling link is no package.
  if (target === undefined) return undefined;
  if (target.startsWith(options.folder + sep)) return readInside({ name, place, target }, options);
  const folder = await openFolder(target);
  try {
    if ((await packageNameIn(folder)) !== name) return undefined;
    return { name, root: place, link: undefined, files: await readPackageFolder(folder, place, options.budget) };
  } finally {
    await folder.handle.close();
  }
}

type Linked = { readonly name: string; readonly place: string; readonly target: string };

async function readInside(
  { name, place, target }: Linked,
  options: PackageReaderOptions,
): Promise<PackageFiles | undefined> {
  const root = relative(options.folder, target).split(sep).join('/');
  // Outside node_modules these are the author's own files, which the tree holds already.
  if (!root.split('/').includes('node_modules')) return { name, root, link: place, files: new Map() };
  const opened = await openPlace(options.folder, root);
  if (opened === undefined) return undefined;
  try {
    return { name, root, link: place, files: await readPackageFolder(opened.folder, root, options.budget) };
  } finally {
    await opened.folder.handle.close();
  }
}

async function packageNameIn(folder: OpenFolder): Promise<string | undefined> {
  if ((await kindOf(folder, 'package.json')) !== 'file') return undefined;
  const reading = await readFileIn(folder, 'package.json', PACKAGE_JSON_BYTES_MAX);
  if (reading.kind !== 'read') return undefined;
  try {
    const parsed = JSON.parse(Buffer.from(reading.bytes).toString('utf8')) as JsonValue; // JSON.parse says any.
    return isJsonObject(parsed) && typeof parsed['name'] === 'string' ? parsed['name'] : undefined;
  } catch {
    return undefined; // No JSON, so it names nothing.
  }
}

/** Larger package.json files are not written by people. */
const PACKAGE_JSON_BYTES_MAX = 1024 * 1024;

/** Reads the loadable files of a package folder, by path in the tree below `root`; nested node_modules are left out. */
async function readPackageFolder(folder: OpenFolder, root: string, budget: Budget): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await readInto(folder, root, { files, budget });
  return files;
}

type Into = { readonly files: Map<string, Uint8Array>; readonly budget: Budget };

async function readInto(folder: OpenFolder, path: string, into: Into): Promise<void> {
  into.budget.enter(path);
  const names = (await listFolder(folder)).filter((name) => name !== 'node_modules' && !name.startsWith('.'));
  for (const name of names) {
    const at = posix.join(path, name);
    const kind = await kindOf(folder, name);
    if (kind === 'folder') await readInner(folder, at, into);
    // A link inside a package is left out: published packages hold none.
    if (kind === 'file' && isLoadable(name)) await readFile(folder, at, into);
  }
}

async function readInner(folder: OpenFolder, path: string, into: Into): Promise<void> {
  const inner = await openFolderIn(folder, posix.basename(path));
  if (inner === undefined) return;
  try {
    await readInto(inner, path, into);
  } finally {
    await inner.handle.close();
  }
}

async function readFile(folder: OpenFolder, path: string, into: Into): Promise<void> {
  into.budget.countEntry(path);
  const bytesMax = Math.max(0, into.budget.bytesLeft());
  const reading = await readFileIn(folder, posix.basename(path), bytesMax);
  if (reading.kind === 'too_large') into.budget.countFile(path, reading.size);
  if (reading.kind !== 'read') return;
  into.budget.countFile(path, reading.bytes.length);
  into.files.set(path, reading.bytes);
}

function linkRefused(place: string): HostError {
  const message = `"${place}" is a symbolic link; packages of a plugin that was sent to the server are real folders`;
  return new HostError('SOURCE_ESCAPES', {
    message,
    findings: [
      {
        id: 'SOURCE_ESCAPES',
        severity: 'error',
        path: place,
        line: null,
        message,
        hint: 'Install the package itself.',
      },
    ],
  });
}
