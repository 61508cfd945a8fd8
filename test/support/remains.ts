/**
 * Finds what a host has, or has left, on the machine: its run folder by the process that owns it, and its guests by the
 * generation token in their arguments. Looks only; ends nothing.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATION_ARGUMENT } from '../../packages/host/src/sandbox/process/command.ts';
import { RUN_DIRECTORY_PREFIX, runDirectoryParents } from '../../packages/host/src/sandbox/process/run-directory.ts';

/** A process as /proc shows it; `command` is its arguments joined by spaces. */
export type ProcessSeen = { readonly pid: number; readonly parent: number; readonly command: string };

/** A run folder, with the token that every guest of its host carries. */
export type RunFolder = { readonly path: string; readonly token: string };

/** Lists the run folders that a process owns, below the usual parents and those that are named. */
export async function runFoldersOf(pid: number, parents: readonly string[] = []): Promise<readonly RunFolder[]> {
  const folders = await Promise.all([...new Set([...runDirectoryParents(), ...parents])].map(listRunFolders));
  const owned = await Promise.all(
    folders.flat().map(async (path) => ((await ownerOf(path)) === pid ? path : undefined)),
  );
  return owned.filter((path) => path !== undefined).map((path) => ({ path, token: path.slice(-TOKEN_LENGTH) }));
}

const TOKEN_LENGTH = 32;

async function listRunFolders(parent: string): Promise<readonly string[]> {
  const names = await readdir(parent).catch(() => []);
  return names.filter((name) => name.startsWith(RUN_DIRECTORY_PREFIX)).map((name) => join(parent, name));
}

async function ownerOf(path: string): Promise<number | undefined> {
  const text = await readFile(join(path, 'owner.json'), 'utf8').catch(() => '{}'); // It went while it was looked at.
  return (JSON.parse(text) as { readonly pid?: number }).pid;
}

/** Lists every process that carries the token, the sandbox's own among them; zombies are gone already. */
export async function processesWith(token: string): Promise<readonly ProcessSeen[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const seen = await Promise.all(pids.map(lookAt));
  const mark = `${GENERATION_ARGUMENT}${token}`;
  return seen.filter((each) => each !== undefined).filter(({ command }) => command.split(' ').includes(mark));
}

/** Lists the guests that a host has spawned itself. */
export async function guestsOf(token: string, hostPid: number = process.pid): Promise<readonly ProcessSeen[]> {
  const all = await processesWith(token);
  return all.filter((each) => each.parent === hostPid && !isWorkshop(each));
}

/** Tells whether it is the host's workshop, which reviews and bundles, and alone may start a process. */
export function isWorkshop({ command }: ProcessSeen): boolean {
  return command.includes('--allow-child-process');
}

/** Follows only children down from a spawned process to the Node process that runs the plugin. */
export async function innermost(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const child = Number(children.trim().split(' ')[0]);
  return child > 0 ? innermost(child) : pid;
}

async function lookAt(pid: number): Promise<ProcessSeen | undefined> {
  const [stat, command] = await Promise.all([read(`/proc/${pid}/stat`), read(`/proc/${pid}/cmdline`)]);
  if (stat === undefined || command === undefined || command === '') return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { pid, parent: Number(fields[1]), command: command.replaceAll('\0', ' ').trim() };
}

function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined); // It has ended.
}
