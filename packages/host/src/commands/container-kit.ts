/**
 * What measures a command in a container, whatever its image has: the stopwatch, and the machine's perl with what it links, in a
 * folder that containers see and cannot change.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { ownFile } from '../base/own-files.ts';
import type { PreparedSandbox } from '../sandbox/process/prepare-sandbox.ts';
import { CONTAINER_KIT } from './container-arguments.ts';
import { unavailable } from './docker-daemon.ts';

/** The folder, and the arguments that begin the stopwatch inside. */
export type ContainerKit = { readonly dir: string; readonly argv: readonly string[] };

const run = promisify(execFile);
/** What the dynamic linker says: `libc.so.6 => /lib/libc.so.6 (0x…)`, and itself without a name before it. */
const LINKED = /^\s*(?:(\S+) => )?(\/\S+) \(0x[0-9a-f]+\)$/gm;

/**
 * Makes the folder in the run folder of the host.
 *
 * @throws {HostError} `COMMAND_UNAVAILABLE` where the machine has no perl, or one that is not linked as glibc does it.
 */
export async function makeContainerKit({
  runDirectory,
  toolset: { perl },
}: Pick<PreparedSandbox, 'runDirectory' | 'toolset'>): Promise<ContainerKit> {
  if (!perl.found) throw unavailable('the machine has no perl, which measures what runs in a container', perl.cure);
  const files = await linkedBy(perl.path);
  const linker = files.find(({ isLinker }) => isLinker);
  if (linker === undefined)
    throw unavailable(`${perl.path} is not linked to glibc`, 'install the perl of a system with glibc');
  const { stdout: strict } = await run(perl.path, ['-e', 'use strict; print $INC{"strict.pm"}'], { env: {} });
  const dir = join(runDirectory.path, 'container');
  await mkdir(dir, { recursive: true });
  const all = [
    ...files,
    { name: 'perl', path: perl.path },
    { name: 'strict.pm', path: strict },
    { name: 'stopwatch.pl', path: ownFile('stopwatch.pl') },
  ];
  for (const { name, path } of all) await copyForAll(path, join(dir, name));
  await chmod(dir, 0o755);
  const at = (name: string): string => `${CONTAINER_KIT}/${name}`;
  const argv = [at(linker.name), '--library-path', CONTAINER_KIT, at('perl'), `-I${CONTAINER_KIT}`, at('stopwatch.pl')];
  return { dir, argv };
}

type LinkedFile = { readonly name: string; readonly path: string; readonly isLinker: boolean };

/** By the name under which the linker looks for each. */
async function linkedBy(program: string): Promise<readonly LinkedFile[]> {
  const { stdout } = await run(program, ['-e', '0'], { env: { LD_TRACE_LOADED_OBJECTS: '1' } });
  return [...stdout.matchAll(LINKED)].map(([, name, path = '']) => ({
    name: name ?? basename(path),
    path,
    isLinker: name === undefined,
  }));
}

async function copyForAll(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o755);
}
