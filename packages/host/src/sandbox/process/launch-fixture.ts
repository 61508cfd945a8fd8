/**
 * For tests: starts real guests by the real commands, with a guest of a few lines in place of the built one. It takes
 * one JSON line on fd 3, `{code, input}`, runs the module's default export and answers with one line.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Tier } from '@bulkhead/protocol';
import type { ProbeInput, ProbeResult } from '../../self-test/probe.ts';
import { openProbeTargets } from '../../self-test/targets.ts';
import {
  GENERATION_ARGUMENT,
  dataLimitBytes,
  guestPathInside,
  launchCommand,
  type LaunchCommand,
  type LaunchRequest,
  type LaunchShape,
  type StagedFiles,
} from './command.ts';
import { stageLaunchFiles } from './launch-files.ts';
import { closePassedFiles, openPassedFiles } from './launcher.ts';
import { findProcesses } from './process-table.ts';
import { parseProbeResults, type ProbeReport } from './receipt.ts';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';
import { findToolset, type Toolset } from './toolset.ts';

const GUEST = `
import net from 'node:net';
import { createInterface } from 'node:readline';
const socket = new net.Socket({ fd: 3, readable: true, writable: true });
socket.on('error', () => process.exit(1)).on('close', () => process.exit(0));
createInterface({ input: socket }).on('line', async (line) => {
  const { code, input } = JSON.parse(line);
  const answer = await import('data:text/javascript,' + encodeURIComponent(code))
    .then((module) => module.default(input))
    .then((value) => ({ value }), (error) => ({ error: String(error?.code ?? error) }));
  socket.write(JSON.stringify(answer) + '\\n');
});
socket.write('"ready"\\n');
`;

/** A host's launch files, and guests started from them by the real commands. */
export type LaunchFixture = {
  readonly toolset: Toolset;
  readonly runDirectory: RunDirectory;
  readonly staged: StagedFiles;
  readonly command: (tier: Tier, change?: Partial<LaunchRequest>) => LaunchCommand;
  /** `inherited` is an open file of the host that spawn hands on as fd 9, as one without close-on-exec would be. */
  readonly start: (command: LaunchCommand, inherited?: number) => Promise<LiveGuest>;
  /** Runs the self-test in guests started by that command, with and without Node's permission model. */
  readonly probe: (tier: Tier, change?: ProbeChange) => Promise<ProbeReport>;
  readonly shapeOf: (tier: Tier) => LaunchShape;
  readonly close: () => Promise<void>;
};

/** What a mutation test changes of a command before the self-test runs. */
export type ProbeChange = {
  readonly request?: Partial<LaunchRequest>;
  readonly mutate?: (command: LaunchCommand) => LaunchCommand;
};

/** A guest that was started and answered once. */
export type LiveGuest = {
  readonly child: ChildProcess;
  /** What it wrote to stderr, complete when it has ended. */
  readonly stderr: () => string;
  /** Runs the default export of a module inside the guest. */
  readonly ask: (code: string, input?: unknown) => Promise<unknown>;
  /** Kills its process group, and resolves when it is gone. */
  readonly end: () => Promise<void>;
};

/** Returns the processes that carry the host's generation token. */
export function findGuests(token: string): Promise<readonly number[]> {
  return findProcesses(({ argv }) => argv.includes(`${GENERATION_ARGUMENT}${token}`));
}

/** A user that owns nothing; tests of one process lease no ids. */
const TEST_UID = 0x7000_0000 + 512 * 1_024;
const MEMORY_MB = 128;
const OPEN_FILES_MAX = 64;

/**
 * Stages the files of a host of its own; `close` removes them and ends every guest.
 *
 * @param nodePath - Another Node binary than that of this process.
 */
export async function openLaunchFixture(nodePath?: string): Promise<LaunchFixture> {
  const toolset = await findToolset();
  const runDirectory = await openRunDirectory({ forOtherUsers: toolset.isRoot });
  // As in a checkout below a folder that nobody else can enter: the guest's file, and Node's where it is given.
  const checkout = join(runDirectory.path, 'checkout');
  await mkdir(checkout, { mode: 0o700 });
  const guestPath = join(checkout, 'built.mjs');
  await writeFile(guestPath, GUEST);
  const files = { runDirectory, guestPath, architecture: toolset.architecture };
  const staged = await stageLaunchFiles(nodePath === undefined ? files : { ...files, nodePath });
  const guests = new Set<LiveGuest>();
  const shape = {
    memoryMb: MEMORY_MB,
    dataLimitBytes: dataLimitBytes(staged.image.idleDataBytes, MEMORY_MB),
    openFilesMax: OPEN_FILES_MAX,
    fileSizeMaxBytes: 8 * 1024 * 1024,
  };

  const shapeOf = (tier: Tier): LaunchShape =>
    toolset.isRoot && tier !== 'process' ? { ...shape, uid: TEST_UID } : shape;
  const command = (tier: Tier, change: Partial<LaunchRequest> = {}): LaunchCommand => {
    const request = { tier, toolset, staged, token: runDirectory.token, hostPid: process.pid, shape: shapeOf(tier) };
    return launchCommand({ ...request, ...change });
  };
  const start: LaunchFixture['start'] = async (launch, inherited) => {
    const guest = await startGuest(launch, inherited);
    guests.add(guest);
    return guest;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...guests].map((guest) => guest.end()));
    await runDirectory.close();
  };
  const probe: LaunchFixture['probe'] = (tier, { request = {}, mutate = unchanged } = {}) => {
    const run = async (input: ProbeInput, withoutPermissionModel: boolean): Promise<readonly ProbeResult[]> => {
      const guest = await start(mutate(command(tier, { ...request, withoutPermissionModel })));
      const results = parseProbeResults(await guest.ask(await probeSource(), input));
      await guest.end();
      if (results === undefined) throw new Error('the self-test gave no results');
      return results;
    };
    return probeBothWays(runDirectory, guestPathInside(tier, staged), run);
  };
  return { toolset, runDirectory, staged, command, start, probe, shapeOf, close };
}

const unchanged = (command: LaunchCommand): LaunchCommand => command;

async function probeBothWays(
  { path, token }: RunDirectory,
  guestPath: string,
  run: (input: ProbeInput, withoutPermissionModel: boolean) => Promise<readonly ProbeResult[]>,
): Promise<ProbeReport> {
  const targets = await openProbeTargets(path, token);
  const guest = { guest_path: guestPath, memory_mb: MEMORY_MB, open_files_max: OPEN_FILES_MAX };
  const input: ProbeInput = { ...targets.input, ...guest };
  try {
    const [production, kernel] = await Promise.all([run(input, false), run(input, true)]);
    return { production, kernel };
  } finally {
    await targets.close();
    await rm(join(path, 'targets'), { recursive: true });
  }
}

/** The self-test as a guest gets it: JavaScript text. */
async function probeSource(): Promise<string> {
  return stripTypeScriptTypes(await readFile(new URL('../../self-test/probe.ts', import.meta.url), 'utf8'));
}

const INHERITED_FD = 9;

async function startGuest(command: LaunchCommand, inherited: number | undefined): Promise<LiveGuest> {
  const passed = openPassedFiles(command);
  const between = Array.from({ length: INHERITED_FD - 4 - passed.length }, () => 'ignore' as const);
  const child = spawn(command.file, [...command.args], {
    env: { ...command.env },
    cwd: command.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...passed, ...(inherited === undefined ? [] : [...between, inherited])],
  });
  closePassedFiles(passed);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close');
  const channel = child.stdio[3] as Socket; // The fourth is 'pipe', which spawn makes a socket.
  channel.on('error', () => undefined); // A guest that is killed breaks it; `closed` tells.
  const lines = createInterface({ input: channel })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the guest ended: ${JSON.stringify(await closed)} ${stderr}`);
    return JSON.parse(line.value);
  };
  const ask = async (code: string, input?: unknown): Promise<unknown> => {
    channel.write(`${JSON.stringify({ code, input })}\n`);
    const answer = (await next()) as { readonly value?: unknown; readonly error?: string }; // As GUEST writes it.
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  };
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, 'SIGKILL');
    await closed;
  };
  await next();
  return { child, stderr: () => stderr, ask, end };
}
