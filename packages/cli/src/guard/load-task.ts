/**
 * `--task`: a file of the operator's own with a task in it, or a task of guard by its name. The file runs in this process.
 */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  createTaskRegistry,
  defineTask,
  GuardError,
  isTask,
  JSON_PARSER,
  PROMPT_PAIR,
  RANKING,
  SORT,
  TOP_K,
  type Task,
  type TaskRegistry,
  type TaskSpec,
} from '@bulkhead/guard';
import { UsageError } from '../usage-error.ts';
import { supplyPackages } from './supply-packages.ts';

/** Tasks of guard, by their names. */
export function ownTasks(): TaskRegistry {
  const registry = createTaskRegistry();
  for (const task of [JSON_PARSER, PROMPT_PAIR, RANKING, SORT, TOP_K]) registry.register(task);
  return registry;
}

/**
 * Loads the task of `FILE#EXPORT`, of `FILE` where it exports one or its default is one, or of a name such as `top_k`.
 *
 * @throws {UsageError} where there is none: says where, and what to do.
 */
export async function loadTask(typed: string): Promise<Task> {
  const at = typed.lastIndexOf('#');
  const [file, name] = at === -1 ? [typed, undefined] : [typed.slice(0, at), typed.slice(at + 1)];
  if (name === undefined && !existsSync(file) && /^[\w-]+$/.test(file)) return ownTask(file);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new UsageError(`--task: ${file} is no file`, `Give FILE#EXPORT, or one of ${namesOfOwn()}.`);
  }
  return taskIn(await importFile(resolve(file)), { file, name });
}

function ownTask(typed: string): Task {
  const registry = ownTasks();
  const name = typed.toLowerCase().replaceAll('-', '_');
  if (registry.list().some((task) => task.name === name)) return registry.get(name);
  throw new UsageError(
    `--task: there is no file ${typed}, and no task of that name`,
    `Give FILE#EXPORT, or one of ${namesOfOwn()}.`,
  );
}

function namesOfOwn(): string {
  return ownTasks()
    .list()
    .map((task) => task.name)
    .join(', ');
}

type Module = Readonly<Record<string, unknown>>;

async function importFile(path: string): Promise<Module> {
  supplyPackages();
  try {
    return (await import(pathToFileURL(path).href)) as Module; // A module's exports.
  } catch (error) {
    const { place, what } = await placeOf(error, path);
    throw new UsageError(`--task: ${place} cannot be imported: ${what}`, cureOf(error));
  }
}

/** Where it went wrong: where it does not parse or link, as node says, else in the frame of its stack that is the author's. */
async function placeOf(error: unknown, path: string): Promise<{ readonly place: string; readonly what: string }> {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const place = headPlace(stack) ?? authorsPlace(frames, path);
  if (place !== undefined) return { place, what };
  return { place: (error instanceof SyntaxError ? placesIn(await checked(path))[0]?.place : undefined) ?? path, what };
}

/** What does not parse or link has no frame; its place stands before its name. */
function headPlace(stack: string): string | undefined {
  const [head = ''] = stack.split('\n', 1);
  return /^(?:file:\/\/)?\/[^\s()]+:\d+$/.test(head) ? placesIn(head)[0]?.place : undefined;
}

/** Frames of guard and of packages are of no use to whoever wrote the task, and those below the import are ours. */
function authorsPlace(frames: readonly string[], path: string): string | undefined {
  const guard = fileURLToPath(new URL('..', import.meta.resolve('@bulkhead/guard')));
  const places = frames.flatMap(placesIn);
  const own = places.findIndex(({ file }) => file === import.meta.filename);
  const above = own === -1 ? places : places.slice(0, own);
  const isForeign = (file: string): boolean => file.startsWith(guard) || file.includes('/node_modules/');
  return above.find(({ file }) => file === path || !isForeign(file))?.place;
}

type Place = { readonly file: string; readonly place: string };

function placesIn(text: string): readonly Place[] {
  return [...text.matchAll(/(?:^|[\s(]|file:\/\/)(\/[^\s()]+?):(\d+)/g)].map(([, found = '', line = '']) => {
    const file = pathOf(found);
    return { file, place: `${file}:${line}` };
  });
}

function pathOf(found: string): string {
  try {
    return fileURLToPath(`file://${found}`);
  } catch {
    return found; // A per cent sign that encodes nothing.
  }
}

/** What node says of a file that does not parse. */
function checked(path: string): Promise<string> {
  return new Promise((answer) => {
    execFile(process.execPath, ['--check', path], { timeout: CHECK_MS }, (_error, _stdout, stderr) => answer(stderr));
  });
}

const CHECK_MS = 10_000;

function cureOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return 'Node strips types and nothing else: write it without enum, namespace and parameter properties, or build it first.';
  }
  if (code.includes('NOT_FOUND'))
    return 'Install what it imports beside it; @bulkhead/guard and fast-check are supplied.';
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return 'Tasks are .ts, .mts, .js or .mjs files.';
  return 'Mend the file, and run it by itself with node to see more.';
}

type Wanted = { readonly file: string; readonly name: string | undefined };

function taskIn(module: Module, { file, name }: Wanted): Task {
  if (name !== undefined) {
    if (Object.hasOwn(module, name)) return taskOf(module[name], `${file}#${name}`);
    throw new UsageError(`--task: ${file} exports no ${name}`, `It exports ${listed(Object.keys(module))}.`);
  }
  if (isLikeTask(module['default'])) return taskOf(module['default'], `${file}#default`);
  const names = Object.keys(module).filter((key) => isLikeTask(module[key]));
  const [only, second] = names;
  if (only !== undefined && second === undefined) return taskOf(module[only], `${file}#${only}`);
  throw only === undefined
    ? new UsageError(
        `--task: ${file} exports no task`,
        `Export one: export const TASK = { name, generate, properties }.`,
      )
    : new UsageError(`--task: ${file} exports several tasks`, `Say which, as ${file}#${only}: ${listed(names)}.`);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.slice(0, LISTED_MAX).join(', ');
}

const LISTED_MAX = 20;

/** A task, or what `defineTask` may make one of. */
function isLikeTask(value: unknown): value is TaskSpec {
  if (typeof value !== 'object' || value === null || !('name' in value)) return false;
  return isTask(value) || 'generate' in value || 'arbitraries' in value;
}

function taskOf(value: unknown, place: string): Task {
  if (isTask(value)) return value;
  if (!isLikeTask(value)) {
    throw new UsageError(
      `--task: ${place} is no task`,
      'A task has a name, generate or arbitraries, and properties or relations; see "Tasks" in docs/guard.md.',
    );
  }
  try {
    return defineTask(value);
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    throw new UsageError(`--task: ${place}: ${error.message} (${error.code})`, 'Mend the task.');
  }
}
