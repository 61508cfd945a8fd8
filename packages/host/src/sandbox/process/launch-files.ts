/**
 * Puts in place, once per host, every file that starting a guest needs: the Node binary, the built guest, the launcher
 * and the system call filters. Starts no guest.
 */
import { extname, isAbsolute } from 'node:path';
import { ownFile } from '../../base/own-files.ts';
import { FILTER_NAMES, NODE_FLAGS, type FilterName, type StagedFiles } from './command.ts';
import { noNotes, type MachineNotes } from './machine-notes.ts';
import { inspectNode, type NodeImage } from './node-image.ts';
import type { RunDirectory } from './run-directory.ts';
import { SELF_PID_MARK, seccompProgram } from './seccomp.ts';
import type { Architecture } from './syscall-numbers.ts';

/** What is put in place, and where. */
export type LaunchFilesOptions = {
  readonly runDirectory: RunDirectory;
  /** The guest, one self-contained built file. */
  readonly guestPath: string;
  /** Undefined where no filter is written for this machine; then the filters are empty, and no tier uses them. */
  readonly architecture: Architecture | undefined;
  readonly nodePath?: string;
  readonly launcherPath?: string;
  /** What was measured lately; without it the binary is started to be looked at. */
  readonly notes?: MachineNotes;
};

/** Stages the files and returns where they are; they go with the run directory. */
export async function stageLaunchFiles(options: LaunchFilesOptions): Promise<StagedFiles> {
  const { runDirectory, guestPath, notes = noNotes } = options;
  const nodePath = options.nodePath ?? process.execPath;
  const write = async (name: FilterName) =>
    [name, await runDirectory.write(`${name}.bpf`, filterProgram(name, options.architecture))] as const;
  const [image, node, guest, online, filters] = await Promise.all([
    imageOf(nodePath, NODE_FLAGS, notes),
    runDirectory.stage(nodePath, 'node'),
    runDirectory.stage(guestPath, `guest${extname(guestPath)}`),
    runDirectory.stage(ownFile('online.pl'), 'online.pl'),
    Promise.all(FILTER_NAMES.map(write)),
  ]);
  const launcher = options.launcherPath ?? ownFile('launch.pl');
  return { node, guest, launcher, online, image, filters: Object.fromEntries(filters) as StagedFiles['filters'] }; // All names.
}

/** Where the loader finds libraries; it is written anew where some are installed. */
const LOADER_CACHE = '/etc/ld.so.cache';

/** What a Node binary needs around it with these flags, as noted or as it is now. */
export function imageOf(nodePath: string, flags: readonly string[], notes: MachineNotes): Promise<NodeImage> {
  const named = flags.filter((flag) => isAbsolute(flag));
  return notes.recall(`node ${flags.join(' ')}`, [nodePath, LOADER_CACHE, ...named], () =>
    inspectNode(nodePath, flags),
  );
}

/** In bubblewrap's pid namespace its own helper is process 1 and the guest is process 2. */
const JAILED_PID = 2;

function filterProgram(name: FilterName, architecture: Architecture | undefined): Uint8Array {
  if (architecture === undefined) return new Uint8Array();
  const selfPid = name.startsWith('jail') ? JAILED_PID : SELF_PID_MARK;
  const isStarter = name === 'jail-starter';
  const sockets = isStarter ? 'serve' : name.startsWith('jail-online') ? 'connect' : undefined;
  const allowChildren = isStarter || name.endsWith('-children');
  return seccompProgram({ architecture, selfPid, allowChildren, ...(sockets !== undefined && { sockets }) });
}
