/**
 * What this machine offers for sandboxes: the programs, each with its path or with what would bring it, and the rights
 * of this process. Looked up once at boot, in system folders only: the caller's PATH may lead into a plugin's folder.
 * Never decides on a tier; an absent tool only means that its layer will be measured as not holding.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Architecture } from './syscall-numbers.ts';
import { blocksOf } from './uid-lease.ts';

/** A program that is there, by its absolute path, or one that is not, with the step that installs it. */
export type Tool = { readonly found: true; readonly path: string } | { readonly found: false; readonly cure: string };

/** Programs that a launch may use. */
export type ToolName = keyof typeof CURES;

/** What this machine and this user have for starting guests. */
export type Toolset = Readonly<Record<ToolName, Tool>> & {
  /** Options that the installed bubblewrap knows, such as `--disable-userns` (0.8.0); empty without it. */
  readonly bwrapOptions: ReadonlySet<string>;
  /**
   * True where guests can be given user ids of their own: root, with the capabilities for it, in a user namespace that
   * has ids to give. Root of a container may lack either, and is then as any other user here.
   */
  readonly isRoot: boolean;
  /** Undefined where no system call filter is written for this machine: another architecture, or not Linux. */
  readonly architecture: Architecture | undefined;
};

/** What an operator does about a tool that is absent; Debian's names, which most distributions share. */
const CURES = {
  bwrap: 'apt-get install bubblewrap',
  perl: 'apt-get install perl-base',
  prlimit: 'apt-get install util-linux',
  setpriv: 'apt-get install util-linux',
  choom: 'apt-get install util-linux',
  nice: 'apt-get install coreutils',
} as const;

const SYSTEM_DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin'];

/**
 * Returns what is there.
 *
 * @param directories - Where to look, in order; of the system, not of the caller's environment.
 */
export async function findToolset(directories: readonly string[] = SYSTEM_DIRECTORIES): Promise<Toolset> {
  const find = (name: ToolName): Promise<Tool> => findTool(name, directories);
  const [bwrap, perl, prlimit, setpriv, choom, nice] = await Promise.all([
    find('bwrap'),
    find('perl'),
    find('prlimit'),
    find('setpriv'),
    find('choom'),
    find('nice'),
  ]);
  const bwrapOptions = await optionsOf(bwrap);
  const isRoot = process.getuid?.() === 0 && (await canGiveUsers());
  return { bwrap, perl, prlimit, setpriv, choom, nice, bwrapOptions, isRoot, architecture: architecture() };
}

async function findTool(name: ToolName, directories: readonly string[]): Promise<Tool> {
  for (const directory of directories) {
    const path = join(directory, name);
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return { found: true, path };
  }
  return { found: false, cure: CURES[name] };
}

/** Asks the program itself, because distributions patch options in and out; a program that fails knows none. */
async function optionsOf(tool: Tool): Promise<ReadonlySet<string>> {
  if (!tool.found) return new Set();
  const help = await promisify(execFile)(tool.path, ['--help'], { env: {}, timeout: 5_000 }).then(
    ({ stdout }) => stdout,
    () => '',
  );
  return new Set(help.match(/--[a-z][a-z0-9-]+/g) ?? []);
}

/** CAP_CHOWN, CAP_KILL, CAP_SETGID and CAP_SETUID: to own a temp folder, end a guest, and become its user. */
const NEEDED_CAPABILITIES = (1n << 0n) | (1n << 5n) | (1n << 6n) | (1n << 7n);

async function canGiveUsers(): Promise<boolean> {
  const read = (name: string): Promise<string> => readFile(`/proc/self/${name}`, 'utf8').catch(() => '');
  const [status, uidMap] = await Promise.all([read('status'), read('uid_map')]);
  const effective = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return (effective & NEEDED_CAPABILITIES) === NEEDED_CAPABILITIES && blocksOf(uidMap).length > 0;
}

function architecture(): Architecture | undefined {
  if (process.platform !== 'linux') return undefined;
  return process.arch === 'x64' || process.arch === 'arm64' ? process.arch : undefined;
}
