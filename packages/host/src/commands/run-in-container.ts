/**
 * One run of a command in a container of the docker daemon, from an empty folder to none. The host speaks with the daemon; the plugin
 * that asked, and what runs, see neither.
 *
 *   docker run -> stopwatch.pl, the first process -> program, on the files of its image
 *
 * CM1 and CM2 of run-once.ts hold, as far as the daemon answers: one that takes no container away within some seconds is left alone.
 * CM3: a container ends with its host: the stopwatch's standard input does, and it ends all of them; docker then removes it.
 */
import type { CommandRun, CommandStop } from '@bulkhead/protocol';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, open, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../base/host-error.ts';
import type { Log } from '../base/log.ts';
import { descendantsOf } from '../sandbox/process/descendants.ts';
import { measureFolder } from '../sandbox/process/measure-temp.ts';
import { findProcesses } from '../sandbox/process/process-table.ts';
import type { PreparedSandbox } from '../sandbox/process/prepare-sandbox.ts';
import { watchTemp } from '../sandbox/temp-watch.ts';
import { COMMAND_FOLDER_BOUNDS, collectCommandFiles, writeCommandFiles } from './command-folder.ts';
import { REPORT_CHARACTERS_MAX, parseCommandReport, type CommandReport } from './command-report.ts';
import { CONTAINER_FOLDER, containerArguments } from './container-arguments.ts';
import type { ContainerKit } from './container-kit.ts';
import { DOCKER_ENVIRONMENT, askDocker, unavailable, type DockerDaemon } from './docker-daemon.ts';
import { createOutputClip } from './output-clip.ts';
import type { RunRequest, RunResult } from './run-once.ts';

/** What runs are made with. */
export type ContainerPlace = {
  readonly runDirectory: PreparedSandbox['runDirectory'];
  readonly daemon: DockerDaemon;
  /** Id of it. */
  readonly image: string;
  readonly kit: ContainerKit;
  readonly log: Log;
};

/** The user that has nothing on a machine. */
const NOBODY = 65_534;
/** What a start may take on a machine that is busy, beside the program's own time; then the host ends it by itself. */
const START_MS_MAX = 60_000;
/** The stopwatch ends all and tells its figures within this; then the container is killed by its name. */
const LEAVE_MS_MAX = 5_000;
/** A daemon that does not take a container away within this is left alone. */
const END_MS_MAX = 15_000;
const END_AGAIN_MS = 100;
const SAID_CHARACTERS = 1_000;

/**
 * Runs it (CM1).
 *
 * @throws {HostError} `CALL_CANCELLED` where the signal is aborted, `COMMAND_UNAVAILABLE` where the daemon does not run it, or its image
 *   has no such program, and what writing or collecting files throws.
 */
export async function runInContainer(place: ContainerPlace, request: RunRequest): Promise<RunResult> {
  const { runDirectory } = place;
  const user = containerUser();
  const dir = runDirectory.makeTempDir(user.given);
  let own: OwnFiles | undefined;
  try {
    await writeCommandFiles(dir, request.files, user.given);
    own = await writeOwnFiles(dir, request, user.given);
    if (request.signal.aborted) throw new HostError('CALL_CANCELLED');
    const watched = await watchRun({ place, request, dir, own, user: user.name });
    if (request.signal.aborted) throw new HostError('CALL_CANCELLED');
    return { ...resultOf(place, watched), files: await collectCommandFiles(dir, request.collect) };
  } finally {
    await own?.report.close();
    await runDirectory.removeTempDir(dir);
  }
}

/** Only root can give a folder away; another host's containers run as its own user, without any right beside. */
function containerUser(): { readonly name: string; readonly given: number | undefined } {
  const [uid = 0, gid = uid] = [process.getuid?.(), process.getgid?.()];
  return uid === 0 ? { name: `${NOBODY}:${NOBODY}`, given: NOBODY } : { name: `${uid}:${gid}`, given: undefined };
}

/** Two files in the run's folder that the stopwatch opens and removes before the program begins; the host reads on. */
type OwnFiles = {
  readonly nonce: string;
  readonly input: string;
  readonly reportName: string;
  readonly report: FileHandle;
};

async function writeOwnFiles(dir: string, { stdin }: RunRequest, uid: number | undefined): Promise<OwnFiles> {
  const nonce = randomBytes(16).toString('hex');
  const [input, reportName] = [`.input-${nonce}`, `.report-${nonce}`];
  await writeFile(join(dir, input), stdin, { flag: 'wx', mode: 0o600 });
  const report = await open(join(dir, reportName), 'wx+', 0o600);
  try {
    if (uid !== undefined) await Promise.all([chown(join(dir, input), uid, uid), report.chown(uid, uid)]);
    return { nonce, input, reportName, report };
  } catch (error) {
    await report.close();
    throw error;
  }
}

type Running = {
  readonly place: ContainerPlace;
  readonly request: RunRequest;
  readonly dir: string;
  readonly own: OwnFiles;
  readonly user: string;
};

type Watched = {
  readonly report: CommandReport;
  readonly stoppedBy: CommandStop | undefined;
  readonly wallMs: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly isClipped: boolean;
  /** What docker said before the stopwatch did. */
  readonly dockerSaid: string;
};

/** Resolves when the container is gone and its last words read. */
async function watchRun(running: Running): Promise<Watched> {
  const { place, request, own } = running;
  const name = `bulkhead-${place.runDirectory.token}-${own.nonce.slice(0, 16)}`;
  const startedAt = performance.now();
  const client = startClient(running, name);
  const ended = whenEnded(client);
  let stoppedBy: CommandStop | undefined;
  let ending: Promise<void> | undefined;
  const end = (): void => void (ending ??= endContainer(place.daemon, { name, client, ended }));
  const stop = (why: CommandStop): void => {
    stoppedBy ??= why;
    end();
  };
  const output = createOutputClip(request.outputBytes, () => stop('output'));
  client.stdout.on('data', output.stdout);
  const docker = takeAfterMark(client, own.nonce, output.stderr);
  watchFolder(running, { hasBegun: docker.hasBegun, ended, stop });
  const timer = setTimeout(stop, request.timeoutMs + START_MS_MAX, 'timeout');
  request.signal.addEventListener('abort', end, { once: true });
  if (request.signal.aborted) end();
  const fault = await ended;
  clearTimeout(timer);
  request.signal.removeEventListener('abort', end);
  await ending;
  return {
    report: parseCommandReport(await readReport(own.report)),
    stoppedBy,
    wallMs: performance.now() - startedAt,
    ...output.texts(),
    dockerSaid: fault ?? docker.said(),
  };
}

function startClient(running: Running, name: string): ChildProcessWithoutNullStreams {
  const { place, request, dir, user } = running;
  const { daemon, image, kit } = place;
  const { memoryMb, pids } = request;
  const argv = [...kit.argv, ...stopwatchArguments(running)];
  const run = containerArguments({ name, image, user, dir, kit: kit.dir, memoryMb, pids, argv });
  const client = spawn(daemon.command, ['--host', daemon.address, ...run], { env: DOCKER_ENVIRONMENT, stdio: 'pipe' });
  client.stdin.on('error', () => undefined); // Its lifeline; nothing is said there.
  return client;
}

function stopwatchArguments({ place, request, own }: Running): readonly string[] {
  const { program, args, timeoutMs } = request;
  const at = (name: string): string => `${CONTAINER_FOLDER}/${name}`;
  return [
    ...[`generation=${place.runDirectory.token}`, `arch=${process.arch === 'arm64' ? 'arm64' : 'x64'}`],
    ...[`report=${at(own.reportName)}`, `input=${at(own.input)}`, `mark=${own.nonce}`, `limit=${timeoutMs}`],
    ...['alone=1', 'lifeline=1', 'whole=1', '--', program.startsWith('./') ? at(program.slice(2)) : program, ...args],
  ];
}

/** Resolves with what went wrong where the client could not be started at all. */
function whenEnded(client: ChildProcessWithoutNullStreams): Promise<string | undefined> {
  return new Promise((resolve) => {
    client.once('error', (error) => {
      if (client.pid === undefined) resolve(error.message);
    });
    client.once('close', () => resolve(undefined));
  });
}

type Ending = {
  readonly name: string;
  readonly client: ChildProcessWithoutNullStreams;
  readonly ended: Promise<unknown>;
};

/** By the end of its input, and then by its name, which the daemon may not know yet; resolves when its client has ended. */
async function endContainer(daemon: DockerDaemon, { name, client, ended }: Ending): Promise<void> {
  client.stdin.end();
  let isOver = false;
  const over = ended.then(() => (isOver = true));
  await Promise.race([over, pause(LEAVE_MS_MAX)]);
  const timer = setTimeout(() => client.kill('SIGKILL'), END_MS_MAX);
  while (!isOver) {
    await askDocker(daemon, ['kill', name]);
    await Promise.race([over, pause(END_AGAIN_MS)]);
  }
  clearTimeout(timer);
  if (client.signalCode !== null) await askDocker(daemon, ['rm', '--force', name]);
}

/** Never keeps the host alive. */
function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs).unref();
  });
}

type DockerWords = { readonly said: () => string; readonly hasBegun: () => boolean };

/** Passes on what stands behind the line of the mark, which the stopwatch says first; returns what tells of the rest. */
function takeAfterMark(
  client: ChildProcessWithoutNullStreams,
  mark: string,
  take: (chunk: Buffer) => void,
): DockerWords {
  let before: Buffer | undefined = Buffer.alloc(0);
  client.stderr.on('data', (chunk: Buffer) => {
    if (before === undefined) return take(chunk);
    before = Buffer.concat([before, chunk]);
    const at = before.indexOf(`${mark}\n`);
    if (at === -1) {
      before = before.subarray(-BEFORE_MARK_BYTES_MAX);
      return;
    }
    const rest = before.subarray(at + mark.length + 1);
    before = undefined;
    if (rest.length > 0) take(rest);
  });
  return { said: () => before?.toString('utf8') ?? '', hasBegun: () => before === undefined };
}

const BEFORE_MARK_BYTES_MAX = 16_384;

type FolderWatch = Pick<DockerWords, 'hasBegun'> & {
  readonly ended: Promise<unknown>;
  readonly stop: (why: CommandStop) => void;
};

/** Also what the program itself has removed and holds open: it is looked for a few times, and then not again. */
function watchFolder({ place, dir, own }: Running, { hasBegun, ended, stop }: FolderWatch): void {
  let program: number | undefined;
  let triesLeft = PROGRAM_TRIES_MAX;
  watchTemp({
    measure: async () => {
      if (program === undefined && hasBegun() && triesLeft > 0) {
        triesLeft -= 1;
        program = await findProgramPid(place.kit, own.nonce);
      }
      return measureFolder(dir, program, COMMAND_FOLDER_BOUNDS);
    },
    callsInFlight: () => 1,
    kill: () => stop('files'),
    died: ended,
    bounds: COMMAND_FOLDER_BOUNDS,
  });
}

const PROGRAM_TRIES_MAX = 3;

/** The first child of the stopwatch, as this machine numbers it. */
async function findProgramPid({ argv: [linker] }: ContainerKit, nonce: string): Promise<number | undefined> {
  const [stopwatch] = await findProcesses(({ argv }) => argv[0] === linker && argv.includes(`mark=${nonce}`));
  return descendantsOf(stopwatch, 1)[0];
}

async function readReport(report: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await report.read(Buffer.alloc(REPORT_CHARACTERS_MAX), 0, REPORT_CHARACTERS_MAX, 0);
  return buffer.toString('utf8', 0, bytesRead);
}

function resultOf(place: ContainerPlace, watched: Watched): Omit<RunResult, 'files'> {
  const { report, stoppedBy, stdout, stderr, isClipped } = watched;
  if (report.kind === 'refused')
    throw unavailable(
      `the program could not be started in its container (${report.why})`,
      'give the name of one that its image has',
    );
  if (report.kind === 'silent' && stoppedBy === undefined) throw notStarted(place, watched.dockerSaid);
  const run = report.kind === 'ended' ? measured(report, stoppedBy) : unmeasured(watched);
  return { run, stdout, stderr, isClipped };
}

function measured(
  { figures }: Extract<CommandReport, { kind: 'ended' }>,
  stoppedBy: CommandStop | undefined,
): CommandRun {
  const { exitCode, signal, isLate, wallMs, cpuMs, peakRssBytes, oomKills = 0 } = figures;
  const isMemory = signal === 'SIGKILL' && oomKills > 0;
  return {
    ...{ exit_code: exitCode, signal, timed_out: isLate },
    stopped_by: isLate ? 'timeout' : (stoppedBy ?? (isMemory ? 'memory' : null)),
    ...{ wall_ms: wallMs, cpu_ms: cpuMs, peak_rss_bytes: peakRssBytes },
  };
}

/** Nobody measured it to its end, so its figures are nobody's guess; the time is by the host's clock, with that of its start. */
function unmeasured({ stoppedBy = 'supervisor', wallMs }: Watched): CommandRun {
  return {
    ...{ exit_code: null, signal: 'SIGKILL', timed_out: stoppedBy === 'timeout', stopped_by: stoppedBy },
    ...{ wall_ms: wallMs, cpu_ms: null, peak_rss_bytes: null },
  };
}

function notStarted({ log, runDirectory }: ContainerPlace, said: string): HostError {
  const reason = said.trim().slice(-SAID_CHARACTERS).replaceAll(runDirectory.path, 'run');
  log.error({ reason }, 'a container for a command of a plugin could not be started');
  if (/bind source path does not exist/.test(said))
    return unavailable(
      'the docker daemon does not see the files of this server',
      'use the daemon of the same machine, or give both the same temp folder',
    );
  return unavailable(`docker did not start the container (${reason})`, 'mend what it names; its daemon’s log has more');
}
