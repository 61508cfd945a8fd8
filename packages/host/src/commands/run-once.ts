/**
 * One run of a command, from an empty folder to none: a user, the folder with its files, a sandbox like that of an MCP server, and
 * stopwatch.pl in it, which runs the program and measures it.
 *
 *   launch.pl -> bwrap + namespaces + seccomp -> stopwatch.pl -> program      in the jail: with processes of its own
 *   launch.pl + Landlock + seccomp -> stopwatch.pl -> seccomp -> program      confined: it may start none
 *
 * CM1: when the promise settles every process is dead, and folder, user and control group are given back, whatever happened.
 * CM2: what the program says is kept to a bound, and read on beyond it, so that it is not held up.
 */
import { LIMITS, type CommandRun, type CommandStop } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Log } from '../base/log.ts';
import type { HidePaths } from '../sandbox/process/clean-text.ts';
import { dataLimitBytes, JAILED_NODE } from '../sandbox/process/command.ts';
import { descendantsOf } from '../sandbox/process/descendants.ts';
import type { GuestGroups } from '../sandbox/process/guest-groups.ts';
import { spawnGuest, type GuestHandle } from '../sandbox/process/guest-handle.ts';
import { prepareLaunch, type PreparedLaunch } from '../sandbox/process/launcher.ts';
import { measureFolder } from '../sandbox/process/measure-temp.ts';
import type { PreparedSandbox } from '../sandbox/process/prepare-sandbox.ts';
import { ENVIRONMENT_FD, environmentBytes, reportFds, serverCommand, serverPaths } from '../sandbox/stdio/command.ts';
import { watchTemp } from '../sandbox/temp-watch.ts';
import type { Watchdog } from '../sandbox/watchdog.ts';
import { COMMAND_FOLDER_BOUNDS, collectCommandFiles, writeCommandFiles, type CommandFile } from './command-folder.ts';
import { REPORT_CHARACTERS_MAX, parseCommandReport, type CommandReport } from './command-report.ts';
import { createOutputClip } from './output-clip.ts';

/** What runs are made with, the same for all of them. */
export type RunPlace = {
  readonly prepared: Pick<PreparedSandbox, 'runDirectory' | 'toolset' | 'staged' | 'uids'>;
  readonly groups: GuestGroups | undefined;
  readonly tier: 'confined' | 'jail';
  /** Where stopwatch.pl is staged. */
  readonly stopwatch: string;
  readonly watchdog: Watchdog;
  readonly log: Log;
  readonly hidePaths: HidePaths;
};

/** One run. Everything is within its bounds. */
export type RunRequest = {
  /** `node`, a path in the folder that begins with `./`, or the absolute path of a program that the sandbox shows. */
  readonly program: string;
  readonly args: readonly string[];
  readonly files: readonly CommandFile[];
  readonly stdin: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly pids: number;
  readonly outputBytes: number;
  readonly collect: readonly string[];
  readonly signal: AbortSignal;
};

/** What came of it. */
export type RunResult = {
  readonly run: CommandRun;
  readonly stdout: string;
  readonly stderr: string;
  readonly isClipped: boolean;
  readonly files: Readonly<Record<string, string | null>>;
};

const OPEN_FILES_MAX = 1_024;
/** Stacks of threads count as data: V8's own, and those that the program may start. */
const THREADS_MB = 64;
/** Node itself and the margins of the other bounds, so that their clearer reports come first. */
const BASE_MEMORY_MB = 160;
const MIB = 1024 * 1024;
/** bubblewrap's two processes and the stopwatch. */
const OWN_PROCESSES = 3;
/** What starting may take beside the program's own time, on a machine that is busy; then the host ends it by itself. */
const START_MS_MAX = 10_000;

/**
 * Runs it (CM1).
 *
 * @throws {HostError} `CALL_CANCELLED` where the signal is aborted, `COMMAND_UNAVAILABLE` where the program cannot be started,
 *   `HOST_SPAWN_FAILED` where the sandbox cannot, and what writing or collecting files throws.
 */
export async function runOnce(place: RunPlace, request: RunRequest): Promise<RunResult> {
  const { runDirectory, uids } = place.prepared;
  const uid = uids?.acquire();
  if (uids !== undefined && uid === undefined) throw spawnFailed(place, 'every user id of this host is in use');
  let dir: string | undefined;
  try {
    dir = runDirectory.makeTempDir(uid);
    await writeCommandFiles(dir, request.files, uid);
    if (request.signal.aborted) throw new HostError('CALL_CANCELLED');
    const ended = await runIn(place, request, { dir, uid });
    return { ...ended, files: await collectCommandFiles(dir, request.collect) };
  } finally {
    // The next process of that user could enter the folder, so its id is free only when the folder is gone.
    if (dir !== undefined) await runDirectory.removeTempDir(dir);
    if (uid !== undefined) uids?.release(uid);
  }
}

type Folder = { readonly dir: string; readonly uid: number | undefined };

async function runIn(place: RunPlace, request: RunRequest, folder: Folder): Promise<Omit<RunResult, 'files'>> {
  const launch = prepare(place, request, folder);
  try {
    const spawned = spawnGuest(launch);
    if (!spawned.ok) throw spawnFailed(place, await spawned.reason);
    const watched = await watchRun({ place, request, launch, handle: spawned.handle, dir: folder.dir });
    if (request.signal.aborted) throw new HostError('CALL_CANCELLED');
    return resultOf(place, launch, watched);
  } finally {
    launch.release();
  }
}

function prepare(place: RunPlace, request: RunRequest, { dir, uid }: Folder): PreparedLaunch {
  const { tier, prepared, stopwatch } = place;
  const { toolset, staged, runDirectory } = prepared;
  const { memoryMb, pids } = request;
  const shape = {
    memoryMb,
    dataLimitBytes: dataLimitBytes(staged.image.idleDataBytes, memoryMb + THREADS_MB),
    openFilesMax: OPEN_FILES_MAX,
    fileSizeMaxBytes: LIMITS.command_file_bytes.value,
    ...(uid !== undefined && { uid }),
  };
  const groupLimits = { memoryBytes: (memoryMb + BASE_MEMORY_MB) * MIB, processesMax: pids + OWN_PROCESSES };
  return prepareLaunch({ tier, uids: undefined, groups: place.groups, groupLimits }, shape, (whole) =>
    serverCommand({
      ...{ tier, toolset, staged, shape: whole, token: runDirectory.token, hostPid: process.pid },
      program: { main: undefined, command: perlOf(toolset), args: stopwatchArguments(place, request, dir) },
      ...{ treeDir: stopwatch, dataDir: dir, allowChildren: true, isMeasured: true },
    }),
  );
}

function perlOf({ perl }: PreparedSandbox['toolset']): string {
  return perl.found ? perl.path : 'perl'; // That it is there was found before.
}

function stopwatchArguments({ tier, prepared, stopwatch }: RunPlace, request: RunRequest, dir: string) {
  const { report, filter } = reportFds(tier);
  const { data, server } = serverPaths({ tier, dataDir: dir, treeDir: stopwatch });
  const { program, args, timeoutMs, pids } = request;
  const node = tier === 'jail' ? JAILED_NODE : prepared.staged.node;
  const path = program === 'node' ? node : program.startsWith('./') ? `${data}/${program.slice(2)}` : program;
  return [
    ...['-w', server, `generation=${prepared.runDirectory.token}`, `arch=${prepared.toolset.architecture ?? 'x64'}`],
    ...[`report=${report}`, `limit=${timeoutMs}`, `pids=${pids}`],
    ...(tier === 'jail' ? ['alone=1'] : []),
    ...(filter === undefined ? [] : [`seccomp=${filter}`]),
    ...['--', path, ...(program === 'node' ? [NO_OPENSSL_FILE] : []), ...args],
  ];
}

/** Node would read the machine's file, and end where it may not. */
const NO_OPENSSL_FILE = '--openssl-config=/nonexistent/openssl.cnf';

type Running = {
  readonly place: RunPlace;
  readonly request: RunRequest;
  readonly launch: PreparedLaunch;
  readonly handle: GuestHandle;
  readonly dir: string;
};

type Watched = {
  readonly report: CommandReport;
  readonly stoppedBy: CommandStop | undefined;
  readonly wallMs: number;
  readonly sampled: { readonly cpuMs: number; readonly peakRssBytes: number } | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly isClipped: boolean;
};

/** Resolves when the processes are gone and their last words read. */
async function watchRun(running: Running): Promise<Watched> {
  const { place, request, handle, dir } = running;
  const startedAt = performance.now();
  const ended = new Promise<void>((resolve) => handle.onEnd(() => resolve()));
  let stoppedBy: CommandStop | undefined;
  const stop = (why: CommandStop): void => {
    stoppedBy ??= why;
    handle.kill();
  };
  const output = createOutputClip(request.outputBytes, () => stop('output'));
  handle.stdout.on('data', output.stdout);
  handle.stderr.on('data', output.stderr);
  const report = readReport(handle, reportFds(place.tier).report);
  giveInput(running);
  const usage = watchUsage(running, stop);
  watchTemp({
    measure: () => measureFolder(dir, handle.nodePid(), COMMAND_FOLDER_BOUNDS),
    callsInFlight: () => 1,
    kill: () => stop('files'),
    died: ended,
    bounds: COMMAND_FOLDER_BOUNDS,
  });
  const timer = setTimeout(stop, request.timeoutMs + START_MS_MAX, 'timeout');
  const cancel = (): void => handle.kill();
  request.signal.addEventListener('abort', cancel, { once: true });
  if (request.signal.aborted) cancel();
  handle.onExit(() => undefined); // What it left in its group ends with it.
  await ended;
  clearTimeout(timer);
  request.signal.removeEventListener('abort', cancel);
  handle.channel.destroy();
  return {
    report: parseCommandReport(report()),
    stoppedBy,
    wallMs: performance.now() - startedAt,
    sampled: usage.end(),
    ...output.texts(),
  };
}

function readReport(handle: GuestHandle, fd: number): () => string {
  let text = '';
  const pipe = handle.passed(fd);
  pipe?.on('error', () => undefined); // The end of the process says the rest.
  pipe?.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < REPORT_CHARACTERS_MAX) text += chunk;
  });
  return () => text;
}

function giveInput({ place, request, handle, dir }: Running): void {
  const { tier, stopwatch } = place;
  const { data } = serverPaths({ tier, dataDir: dir, treeDir: stopwatch });
  const path = ['/usr/local/bin', '/usr/bin', '/bin', ...(tier === 'jail' ? ['/bulkhead'] : [])].join(':');
  const env = { PATH: path, HOME: data, TMPDIR: data, LANG: 'C.UTF-8' };
  handle
    .passed(ENVIRONMENT_FD)
    ?.on('error', () => undefined)
    .end(environmentBytes({ tier, online: undefined }, env));
  handle.channel.on('error', () => undefined).resume(); // Its lifeline; nothing is said there.
  handle.stdin.end(request.stdin);
}

/** The kernel's own figures come with the report; these are for a run that has none, and for its end. */
function watchUsage({ place, request, launch, handle }: Running, stop: (why: CommandStop) => void) {
  let sampled: Watched['sampled'];
  const unwatch = place.watchdog.watch(
    {
      nodePid: handle.nodePid,
      morePids: () => descendantsOf(handle.nodePid(), LIMITS.command_pids.value),
      callsInFlight: () => 1,
      callsSent: () => 1,
      sample: (cpuMs, rssBytes) => {
        const before = sampled ?? { cpuMs: 0, peakRssBytes: 0 };
        sampled = {
          cpuMs: Math.max(before.cpuMs, cpuMs),
          peakRssBytes: Math.max(before.peakRssBytes, rssBytes),
        };
        // Older kernels end one process of a group that is full, and the others go on.
        if (launch.wasOutOfMemory()) stop('memory');
      },
      hungriestCall: () => undefined,
      idleCpuMs: () => 0,
      kill: () => stop('memory'),
    },
    { cpuMsMax: Infinity, memoryMb: request.memoryMb },
  );
  return {
    end: (): Watched['sampled'] => {
      unwatch();
      return sampled;
    },
  };
}

function resultOf(place: RunPlace, launch: PreparedLaunch, watched: Watched): Omit<RunResult, 'files'> {
  const { report, stdout, stderr, isClipped } = watched;
  if (report.kind === 'refused') throw unstarted(place, report.why);
  if (report.kind === 'silent' && watched.stoppedBy === undefined) throw spawnFailed(place, stderr.slice(0, 1_000));
  const run = report.kind === 'ended' ? measured(report, launch, watched) : unmeasured(launch, watched);
  return { run, stdout: place.hidePaths(stdout), stderr: place.hidePaths(stderr), isClipped };
}

function measured(
  { figures }: Extract<CommandReport, { kind: 'ended' }>,
  launch: PreparedLaunch,
  { stoppedBy }: Watched,
): CommandRun {
  const { exitCode, signal, isLate, wallMs, cpuMs, peakRssBytes } = figures;
  const why = isLate ? 'timeout' : (stoppedBy ?? (isMemory(launch, signal) ? 'memory' : null));
  return {
    ...{ exit_code: exitCode, signal, timed_out: isLate, stopped_by: why },
    ...{ wall_ms: wallMs, cpu_ms: cpuMs, peak_rss_bytes: peakRssBytes },
  };
}

function isMemory(launch: PreparedLaunch, signal: string | null): boolean {
  return signal === 'SIGKILL' && launch.wasOutOfMemory();
}

/** The host ended it, or the program the process that measures it. */
function unmeasured(launch: PreparedLaunch, { stoppedBy, wallMs, sampled }: Watched): CommandRun {
  const why = stoppedBy ?? (launch.wasOutOfMemory() ? 'memory' : 'supervisor');
  return {
    ...{ exit_code: null, signal: 'SIGKILL', timed_out: why === 'timeout', stopped_by: why, wall_ms: wallMs },
    ...{ cpu_ms: sampled?.cpuMs ?? null, peak_rss_bytes: sampled?.peakRssBytes ?? null },
  };
}

function unstarted({ hidePaths }: RunPlace, why: string): HostError {
  const message = `the program could not be started in its sandbox (${hidePaths(why)}); give one that this machine can execute`;
  return new HostError('COMMAND_UNAVAILABLE', { message });
}

function spawnFailed({ log, hidePaths }: RunPlace, reason: string): HostError {
  log.error({ reason }, 'a command of a plugin could not be started');
  const message = `a command of a plugin could not be started: ${hidePaths(reason)}`;
  return new HostError('HOST_SPAWN_FAILED', { message });
}
