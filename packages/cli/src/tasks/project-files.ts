/**
 * Reads a folder of templates and of files that go along with them, whole and within bounds, before anything is made of it.
 *
 *   folder --> paths (no links) --> where each goes (no two to one place) --> contents
 */
import { constants, type Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TARGET_BYTES_MAX } from '@bulkhead/evolve';
import { UsageError } from '../usage-error.ts';
import { withoutTemplateEnding } from './render-task.ts';

/** Where a file is in the project and where it goes below the output; both with slashes. `executeBits` as of its mode. */
type Place = { readonly file: string; readonly target: string };

/** A file of a project. */
export type ProjectFile = Place & { readonly executeBits: number } & (
    { readonly kind: 'template'; readonly template: string } | { readonly kind: 'copy'; readonly bytes: Uint8Array }
  );

/**
 * A project; `root` is its real path, `variables` its own file of them where it has one, `holdsOutput` whether the output is there in it
 * already. Files are in the order of their names.
 */
export type Project = {
  readonly root: string;
  readonly holdsOutput: boolean;
  readonly files: readonly ProjectFile[];
  readonly variables: string | undefined;
};

/** Files of a project; each template is a task of its own. */
export const PROJECT_FILES_MAX = 1_000;
/** Bytes of all files of a project together, and of what is made of them. */
export const PROJECT_BYTES_MAX = 64 * 1_048_576;
const FOLDERS_MAX = 10_000;

/** Its variables, where none are named. */
const VARIABLES_FILE = 'vars.json';
const LEFT_OUT = ['.git', 'node_modules'];

/**
 * Reads it. `.git` and `node_modules` are left out wherever they are, and so are `vars.json` at the top, the file that is named, and the
 * output where that lies in it.
 *
 * @param dir - As it was typed; it may be a link to a folder itself.
 * @param beside - A file that holds the variables, within the project or elsewhere, and the real path of the output.
 * @throws {UsageError} where it is no folder or holds no file, for a link or what is no plain file, two files that go to one place,
 *   more than the bounds, and a template that no task takes.
 */
export async function readProject(dir: string, { varsFile, output }: Beside = {}): Promise<Project> {
  const root = await rootOf(dir);
  const { paths: found, holdsOutput } = await pathsIn({ dir, root, output });
  const own = varsFile === undefined ? undefined : await realpath(varsFile).catch(() => undefined);
  const paths = found.filter((path) => path !== VARIABLES_FILE && join(root, path) !== own);
  if (paths.length === 0) throw nothingIn(dir);
  if (paths.length > PROJECT_FILES_MAX) throw tooMany(dir, 'files', PROJECT_FILES_MAX);
  const places = paths.map((file) => ({ file, target: targetOf(file) }));
  assertApart(places, dir);
  const variables = found.includes(VARIABLES_FILE) ? join(dir, VARIABLES_FILE) : undefined;
  return { root, holdsOutput, files: await readAll({ dir, root }, places), variables };
}

/** What lies beside a project, or in it, and is no part of it. */
export type Beside = { readonly varsFile?: string | undefined; readonly output?: string | undefined };

async function rootOf(dir: string): Promise<string> {
  const entry = await stat(dir).catch(() => undefined);
  if (entry?.isDirectory() === true) return realpath(dir);
  const what = entry === undefined ? 'is not there' : 'is no folder';
  throw new UsageError(`--project names ${dir}, which ${what}; expected a folder of templates`);
}

type Root = { readonly dir: string; readonly root: string };

/** Files of variables are counted once they are left out. */
const PATHS_MAX = PROJECT_FILES_MAX + 2;

type Found = { readonly paths: readonly string[]; readonly holdsOutput: boolean };

async function pathsIn({ dir, root, output }: Root & Pick<Beside, 'output'>): Promise<Found> {
  const files: string[] = [];
  const folders = [''];
  let holdsOutput = false;
  for (const folder of folders) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (LEFT_OUT.includes(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (join(root, path) === output) {
        holdsOutput = true;
        continue;
      }
      assertPlain(entry, join(dir, path));
      (entry.isDirectory() ? folders : files).push(path);
      if (files.length > PATHS_MAX) throw tooMany(dir, 'files', PROJECT_FILES_MAX);
      if (folders.length > FOLDERS_MAX) throw tooMany(dir, 'folders', FOLDERS_MAX);
    }
  }
  return { paths: files.toSorted(), holdsOutput };
}

/** A link could lead anywhere: what it leads to would be shown to whoever gets the output. */
function assertPlain(entry: Dirent, shown: string): void {
  if (entry.isSymbolicLink())
    throw new UsageError(
      `${shown} is a symbolic link; expected a file or a folder`,
      'Put what it leads to in its place.',
    );
  if (!entry.isFile() && !entry.isDirectory())
    throw new UsageError(`${shown} is no plain file; expected a file or a folder`, 'Take it out of the project.');
}

function tooMany(dir: string, what: string, most: number): UsageError {
  return new UsageError(
    `${dir} has more than ${most} ${what}; expected at most ${most}`,
    'Render a part of it at a time.',
  );
}

function nothingIn(dir: string): UsageError {
  return new UsageError(
    `${dir} holds no file to render or copy; expected templates, such as hello.txt.tmpl`,
    `${VARIABLES_FILE}, the file of --vars, .git and node_modules are left out.`,
  );
}

function targetOf(file: string): string {
  const name = withoutTemplateEnding(basename(file));
  return name === undefined ? file : join(dirname(file), name);
}

function assertApart(places: readonly Place[], dir: string): void {
  const sources = new Map<string, string>();
  for (const { file, target } of places) {
    const other = sources.get(target);
    if (other !== undefined) throw new UsageError(`${other} and ${file} of ${dir} both become ${target}`, RENAME);
    sources.set(target, file);
  }
  for (const { file, target } of places) {
    for (let folder = dirname(target); folder !== '.'; folder = dirname(folder)) {
      const other = sources.get(folder);
      if (other !== undefined)
        throw new UsageError(`${other} of ${dir} becomes ${folder}, which is the folder of ${file}`, RENAME);
    }
  }
}

const RENAME = 'Rename one of them, or take it out of the project.';

async function readAll(at: Root, places: readonly Place[]): Promise<readonly ProjectFile[]> {
  const files: ProjectFile[] = [];
  let bytesLeft = PROJECT_BYTES_MAX;
  for (const place of places) {
    const shown = join(at.dir, place.file);
    const read = await readPlain(join(at.root, place.file), shown, bytesLeft);
    if (read === undefined)
      throw new UsageError(
        `with ${shown} the files of ${at.dir} are more than ${PROJECT_BYTES_MAX} bytes; expected at most so many together`,
        'Render a part of it at a time.',
      );
    bytesLeft -= read.bytes.length;
    files.push(fileOf({ ...place, executeBits: read.executeBits }, read.bytes, shown));
  }
  return files;
}

type Read = { readonly bytes: Uint8Array; readonly executeBits: number };

/** What a link or a pipe was put in place of meanwhile is not followed and not waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const EXECUTE_BITS = 0o111;

/** Undefined where it has more bytes than may be. */
async function readPlain(path: string, shown: string, bytesMax: number): Promise<Read | undefined> {
  await using handle = await open(path, FLAGS);
  const entry = await handle.stat();
  if (!entry.isFile()) throw new UsageError(`${shown} is no plain file; expected one`);
  if (entry.size > bytesMax) return undefined;
  const bytes = await handle.readFile();
  return bytes.length > bytesMax ? undefined : { bytes, executeBits: entry.mode & EXECUTE_BITS };
}

function fileOf(place: Place & { readonly executeBits: number }, bytes: Uint8Array, shown: string): ProjectFile {
  if (place.target === place.file) return { ...place, kind: 'copy', bytes };
  if (bytes.length > TARGET_BYTES_MAX)
    throw new UsageError(
      `${shown} has ${bytes.length} bytes; expected a template of at most ${TARGET_BYTES_MAX}`,
      'Shorten it, or take off its ending to have it copied as it is.',
    );
  return { ...place, kind: 'template', template: textOf(bytes, shown) };
}

function textOf(bytes: Uint8Array, shown: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(
      `${shown} is not UTF-8; expected a template`,
      'Take off its ending to have it copied as it is.',
    );
  }
}
