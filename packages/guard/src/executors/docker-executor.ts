/**
 * Runs implementations in containers of a docker daemon: without a network, on a file system that cannot be written, without any
 * capability. A container is kept warm for each implementation, and runs one case at a time.
 *
 *   execute -> lane of (content, memory): one after another -> container -> frame -> execution
 *
 * What holds: what an implementation prints is never taken for its result, because results come as frames with a nonce over a pipe that
 * it has no end of: it runs in a child of the program that holds both, without a standard input, an environment, or (by Node's
 * permission model) files, `/proc` among them, child processes, workers and addons. A frame is taken for the case that was asked, once.
 * What does not: an implementation is asked case after case in one process, and may remember; code that breaks out of Node's permission
 * model, which is no wall against code made to do so, may read the nonce from its parent's memory and lie, also about time, and what it
 * says of its processor time and memory is its own word anyway. The container holds either way. `timeout_s` holds the load of an
 * implementation, where it is not warm.
 */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { StartTimer } from '@bulkhead/host';
import { GuardError } from '../guard-error.ts';
import { startContainer, type Container, type ContainerReply } from './container.ts';
import { CONTAINER_RUNNER } from './container-runner.ts';
import { failed, type Execution, type Executor } from './executor.ts';
import { normalizeExecution, RESULT_BYTES_MAX } from './normalize.ts';
import { IMPLEMENTATION_BYTES_MAX, readImplementation, type Implementation } from './read-implementation.ts';
import { calledOff, RunEnd, settledRun, type RunClock, type RunRequest } from './settled-run.ts';

/**
 * How containers are run.
 *
 * @public
 */
export type DockerExecutorOptions = {
  readonly clock: RunClock;
  readonly startTimer: StartTimer;
  /** Makes texts that nobody can guess, of letters and digits: 32 random hexadecimal digits, for one. Never seeded. */
  readonly createNonce: () => string;
  /** With Node 24 or later; `node:26` where not said. */
  readonly image?: string;
  /** Path of the docker command; `docker` where not said. */
  readonly command?: string;
  /** Containers that are kept; 4 where not said. */
  readonly warmMax?: number;
  readonly resultBytesMax?: number;
  /** Whoever opens it says that the same code answers the same to the same; false where not said. */
  readonly isDeterministic?: boolean;
  /** Milliseconds that a container has to start, and its image to be fetched; 120,000 where not said. */
  readonly startMs?: number;
};

type Settings = Required<DockerExecutorOptions>;

/** Cases of one implementation, one after another. */
type Lane = { tail: Promise<unknown>; waiting: number; isClosed: boolean; container: Container | undefined };

/** By content and memory. */
type Lanes = { readonly open: Map<string, Lane>; isClosed: boolean };

/** Holds what came, or what ended the wait. */
type Ended = ContainerReply | { readonly kind: 'timeout' } | { readonly kind: 'cancelled' };

/**
 * Opens the executor; no container is started before the first case. `close` takes all of them away.
 *
 * Who is blamed: the implementation for what it throws, for the end of its process (`process_exit`, or `out_of_memory` where the kernel
 * or V8 ended it), for the deadline, and for a result that is no JSON or too large; the executor where there is no docker command or
 * daemon (`unavailable`, with the cure), or a container does not start (`infrastructure`).
 *
 * @throws {GuardError} `EXECUTOR_INVALID` where the image is no name of one.
 * @see X002-12.
 * @public
 */
export function createDockerExecutor(options: DockerExecutorOptions): Executor {
  const settings = settingsOf(options);
  const lanes: Lanes = { open: new Map(), isClosed: false };
  return {
    about: {
      name: 'docker',
      config: { image: settings.image, result_bytes_max: settings.resultBytesMax },
      isDeterministic: settings.isDeterministic,
    },
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: (filePath, funcName, args, timeoutS, memMb, { signal } = {}) => {
      const request = { filePath, funcName, args, timeoutS, memMb, signal };
      return settledRun(settings.clock, request, () => runInLane(settings, lanes, request));
    },
    close: async () => {
      const all = [...lanes.open.values()];
      lanes.isClosed = true;
      lanes.open.clear();
      for (const lane of all) lane.isClosed = true;
      await Promise.all(all.map(async ({ container }) => container?.end()));
    },
  };
}

function settingsOf(options: DockerExecutorOptions): Settings {
  const defaults = {
    image: 'node:26',
    command: 'docker',
    warmMax: 4,
    resultBytesMax: RESULT_BYTES_MAX,
    startMs: 120_000,
    isDeterministic: false,
  };
  const settings = { ...defaults, ...options };
  // A name that begins with a hyphen would be an option of docker's.
  if (/^[a-z0-9][\w./:@-]{0,255}$/i.test(settings.image)) return settings;
  const shown = JSON.stringify(settings.image.slice(0, 80));
  throw new GuardError('EXECUTOR_INVALID', `option image is ${shown}; expected the name of an image, such as node:26`);
}

/**
 * Arguments of docker that run a container for an implementation of `memMb` MiB. Beside it Node itself and the supervisor have room.
 *
 * @see X002-12; docs.docker.com/reference/cli/docker/container/run.
 */
export function dockerRunArgs(run: {
  readonly name: string;
  readonly image: string;
  readonly memMb: number;
}): readonly string[] {
  const memory = `${Math.ceil(run.memMb) + OWN_MEMORY_MB}m`;
  return [
    ...['run', '--interactive', '--rm', '--name', run.name],
    ...['--network', 'none', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...['--pids-limit', '128', '--memory', memory, '--memory-swap', memory, '--user', '65534:65534'],
    ...['--tmpfs', '/tmp:rw,noexec,nosuid,nodev,uid=65534,size=16m', '--workdir', '/tmp', '--log-driver', 'none'],
    ...['--entrypoint', 'node', run.image, '-e', CONTAINER_RUNNER],
  ];
}

const OWN_MEMORY_MB = 128;
/** A frame's texts as JSON, beside its result: control characters take six bytes. */
const FRAME_BYTES = 1_048_576;

async function runInLane(settings: Settings, lanes: Lanes, request: RunRequest): Promise<Execution> {
  const implementation = await readProgram(request.filePath);
  if (lanes.isClosed) throw new RunEnd('unavailable', 'the executor was closed; open another');
  const key = keyOf(implementation, request.memMb);
  const lane = lanes.open.get(key) ?? { tail: Promise.resolve(), waiting: 0, isClosed: false, container: undefined };
  lanes.open.delete(key); // The one that was asked last is the last to go.
  lanes.open.set(key, lane);
  lane.waiting += 1;
  const running = lane.tail.then(() => runOne(settings, lane, { request, implementation }));
  lane.tail = running.catch(() => undefined); // Its own caller is told.
  try {
    return await running;
  } finally {
    lane.waiting -= 1;
    await evict(lanes.open, settings.warmMax);
  }
}

/** A name of nothing is not run as a program, which would hold a slip of whoever evaluates against the implementation. */
async function readProgram(filePath: string): Promise<Implementation> {
  const implementation = await readImplementation(filePath);
  const most = `${IMPLEMENTATION_BYTES_MAX} bytes`;
  if (implementation.isDoubtful)
    throw new RunEnd('invalid_input', `no file ${JSON.stringify(filePath.slice(0, 200))} of at most ${most} is there`);
  if (Buffer.byteLength(implementation.content) <= IMPLEMENTATION_BYTES_MAX) return implementation;
  throw new RunEnd('invalid_input', `the implementation is larger than ${most}`);
}

function keyOf({ content, path }: Implementation, memMb: number): string {
  const about = JSON.stringify([fileNameOf(path), memMb, content]);
  return createHash('sha256').update(about).digest('hex');
}

/** Content may be TypeScript; a file says by its name what it is. */
function fileNameOf(path: string | undefined): string {
  const ending = path === undefined ? '.mts' : extname(path).toLowerCase();
  if (ending === '.cjs') return 'implementation.cjs';
  return ending === '.ts' || ending === '.mts' ? 'implementation.mts' : 'implementation.mjs';
}

async function evict(lanes: Map<string, Lane>, warmMax: number): Promise<void> {
  const idle = [...lanes].filter(([, { waiting }]) => waiting === 0);
  const over = idle.slice(0, Math.max(0, lanes.size - warmMax));
  for (const [key] of over) lanes.delete(key);
  await Promise.all(over.map(async ([, { container }]) => container?.end()));
}

type Job = { readonly request: RunRequest; readonly implementation: Implementation };

async function runOne(settings: Settings, lane: Lane, job: Job): Promise<Execution> {
  const { signal } = job.request;
  if (signal?.aborted === true || lane.isClosed) throw calledOff();
  lane.container ??= startFor(settings, job);
  const { container } = lane;
  const ready = await within(settings.startTimer, container.ready, { ms: settings.startMs, signal });
  if (ready.kind !== 'frame') {
    await drop(lane);
    if (lane.isClosed) throw calledOff();
    throw notStarted(settings, ready);
  }
  const startedAt = settings.clock.now();
  const { funcName: func_name, args } = job.request;
  const asked = container.ask({
    id: settings.createNonce(),
    func_name,
    args,
    result_bytes_max: settings.resultBytesMax,
  });
  const ended = await within(settings.startTimer, asked, { ms: job.request.timeoutS * 1_000, signal });
  const durationMs = settings.clock.now() - startedAt;
  if (ended.kind !== 'frame' || ended.frame['kind'] !== 'answered') await drop(lane);
  if (lane.isClosed && ended.kind === 'gone') throw calledOff(); // It was taken away, and did not end.
  return executionOf(ended, { durationMs, request: job.request, resultBytesMax: settings.resultBytesMax });
}

function startFor(settings: Settings, { request, implementation }: Job): Container {
  const { image, command, createNonce, resultBytesMax, startTimer } = settings;
  const name = `bulkhead-guard-${createNonce()}`;
  const hello = {
    code: implementation.content,
    file: fileNameOf(implementation.path),
    mem_mb: Math.ceil(request.memMb),
  };
  const args = dockerRunArgs({ name, image, memMb: request.memMb });
  const frameBytesMax = 2 * resultBytesMax + FRAME_BYTES; // The result is JSON in JSON.
  return startContainer({ command, args, name, nonce: createNonce(), hello, frameBytesMax, startTimer });
}

async function drop(lane: Lane): Promise<void> {
  const { container } = lane;
  lane.container = undefined;
  await container?.end();
}

async function within(
  startTimer: StartTimer,
  reply: Promise<ContainerReply>,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal | undefined },
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const cancel = startTimer(ms, () => resolve({ kind: 'timeout' }));
  const onAbort = (): void => resolve({ kind: 'cancelled' });
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    return await Promise.race([reply, promise]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Why there is no container, with what to do. */
function notStarted({ command, image, startMs }: Settings, ended: Exclude<Ended, { readonly kind: 'frame' }>): RunEnd {
  if (ended.kind === 'cancelled') return calledOff();
  if (ended.kind === 'timeout' || ended.kind === 'too_large')
    return new RunEnd('infrastructure', `the container of image "${image}" was not ready within ${startMs} ms`);
  const said = ended.stderr.trim();
  if (ended.isMissing)
    return new RunEnd(
      'unavailable',
      `there is no docker command "${command}" (${said}). Install docker, or choose another executor.`,
    );
  // Of the daemon, or of docker itself: docs.docker.com/engine/containers/run#exit-status.
  if (ended.code === 125)
    return new RunEnd(
      'unavailable',
      `docker runs no container: ${said}. Start the docker daemon, and look whether image "${image}" is there.`,
    );
  return new RunEnd(
    'infrastructure',
    `the container of image "${image}" ended with exit code ${ended.code} before it was ready: ${said}`,
  );
}

type Measured = { readonly durationMs: number; readonly request: RunRequest; readonly resultBytesMax: number };

function executionOf(ended: Ended, measured: Measured): Execution {
  switch (ended.kind) {
    case 'timeout':
      return failed('timeout', `it was not done within ${measured.request.timeoutS} s`, measured);
    case 'cancelled':
      throw calledOff();
    case 'too_large':
      return failed('parse_error', 'the result is larger than it may be', measured);
    case 'gone':
      return ended.code === 137
        ? outOfMemory(measured, '')
        : exited(`the container ended with exit code ${ended.code}`, measured);
    case 'frame':
      return ended.frame['kind'] === 'answered' ? answered(ended.frame, measured) : childExited(ended.frame, measured);
  }
}

function answered(frame: Readonly<Record<string, unknown>>, measured: Measured): Execution {
  const { json, error, error_type: claimed, ...told } = frame;
  // The child tells it, in which the implementation runs: it may blame nobody else.
  const error_type = claimed === 'parse_error' ? claimed : 'exception';
  if (typeof json !== 'string') return normalizeExecution({ ...told, success: false, error, error_type }, measured);
  try {
    return normalizeExecution({ ...told, success: true, result: JSON.parse(json) as unknown }, measured);
  } catch {
    return failed('parse_error', 'the result is no JSON', measured);
  }
}

function childExited(
  { code, signal, stdout, stderr }: Readonly<Record<string, unknown>>,
  measured: Measured,
): Execution {
  const printed = normalizeExecution({ success: false, stdout, stderr }, measured);
  const texts = { ...measured, stdout: printed.stdout, stderr: printed.stderr };
  // Nobody but the kernel kills it with this; V8 says so itself, and aborts.
  const isMemory = signal === 'SIGKILL' || (signal === 'SIGABRT' && /heap out of memory/.test(printed.stderr));
  if (isMemory) return outOfMemory(texts, printed.stderr);
  return exited(
    typeof signal === 'string'
      ? `signal ${signal} ended its process`
      : `its process ended with exit code ${String(code)}`,
    texts,
  );
}

function outOfMemory(measured: Measured & { readonly stdout?: string }, stderr: string): Execution {
  return failed('out_of_memory', `it used more than ${measured.request.memMb} MiB`, { ...measured, stderr });
}

function exited(what: string, measured: Measured): Execution {
  return failed('process_exit', what, measured);
}
