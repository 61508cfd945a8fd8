/**
 * Commands of plugins, each in a sandbox or a container of its own (ADR 47): says whether this machine can, finds the program, lets each
 * tenant have a few at once, and repeats what is to be measured, each time in a new folder. Knows no permission and no plugin.
 */
import { LIMITS, type CommandAnswer, type CommandRun, type Receipt } from '@bulkhead/protocol';
import { realpath } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { Log } from '../base/log.ts';
import { ownFile } from '../base/own-files.ts';
import { createWaitingCalls, type Patience, type WaitingCalls } from '../base/waiting-calls.ts';
import { findCommand } from '../requirements/system-probe.ts';
import { createPathHider } from '../sandbox/process/clean-text.ts';
import type { GuestGroups } from '../sandbox/process/guest-groups.ts';
import type { PreparedSandbox } from '../sandbox/process/prepare-sandbox.ts';
import { SYSTEM_FOLDERS, serverObstacle } from '../sandbox/stdio/command.ts';
import { createWatchdog } from '../sandbox/watchdog.ts';
import { makeContainerKit, type ContainerKit } from './container-kit.ts';
import { findDockerDaemon, findImage } from './docker-daemon.ts';
import { runInContainer } from './run-in-container.ts';
import { runOnce, type RunPlace, type RunRequest, type RunResult } from './run-once.ts';

/** A command to run. Everything is within its bounds. */
export type CommandRequest = Omit<RunRequest, 'program'> & {
  readonly tenant: string;
  /** `node`, the name of a program in a folder that the sandbox shows, or a path in its folder that begins with `./`. */
  readonly command: string;
  /** Where it is given the command runs in a container of it, by the docker daemon, and is a program of the image. */
  readonly image?: string | undefined;
  /** How often, at least once. */
  readonly repeats: number;
  /** On the host's clock: it is over then, also where it still waits for its turn. */
  readonly deadline: number;
};

/** The commands of one host. */
export type Commands = {
  /**
   * Runs it as often as asked, and not again after a run that did not exit with 0.
   *
   * @throws {HostError} `COMMAND_UNAVAILABLE` where this machine or its docker daemon cannot, or has no such program or image; `HOST_OVERLOADED` where too many
   *   wait; `CALL_TIMEOUT` and `CALL_CANCELLED` where it is over before a run is; and what a run throws.
   */
  readonly run: (request: CommandRequest) => Promise<CommandAnswer>;
  /** Ends what runs and waits, and resolves when all of it is gone. */
  readonly close: () => Promise<void>;
};

/** What they are made of. */
export type CommandsOptions = {
  readonly prepared: Pick<PreparedSandbox, 'runDirectory' | 'toolset' | 'staged' | 'uids'>;
  readonly groups: GuestGroups | undefined;
  readonly receipt: Pick<Receipt, 'tier'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the host; a sandbox that would show it shows nothing at all. */
  readonly dataDir: string | undefined;
  /** Of the host, where docker's client finds the address of its daemon. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what each run used of its tenant's quota. */
  readonly charge: (tenant: string, use: { readonly cpuMs: number; readonly memoryMbMs: number }) => void;
};

/** Where programs of the machine are looked for. */
const PROGRAM_PATH = '/usr/local/bin:/usr/bin:/bin';
const MIB = 1024 * 1024;

/** Makes them; nothing runs yet. */
export function createCommands(options: CommandsOptions): Commands {
  const closing = new AbortController();
  const turns = createTenantTurns(options.clock);
  const watchdog = createWatchdog();
  const running = new Set<Promise<unknown>>();
  const openInSandbox = sandboxOpener(options, watchdog);
  const openInContainer = containerOpener(options);

  async function begin(request: CommandRequest): Promise<CommandAnswer> {
    const { image, command } = request;
    const program = image === undefined ? await findInSandbox(options, command) : command;
    const signal = AbortSignal.any([request.signal, closing.signal]);
    const leave = await turns.take(request.tenant, { deadline: request.deadline, signal });
    try {
      const runIt = await (image === undefined ? openInSandbox() : openInContainer(image));
      return await repeat(options, runIt, { ...request, signal, program });
    } finally {
      leave();
    }
  }

  return {
    run: (request) => {
      const job = begin(request);
      const settled = job.catch(() => undefined);
      running.add(settled);
      void settled.then(() => running.delete(settled));
      return job;
    },
    close: async () => {
      closing.abort();
      await Promise.all(running);
      watchdog.close();
    },
  };
}

/** Runs it once, wherever that is. */
type RunIt = (request: RunRequest) => Promise<RunResult>;

function sandboxOpener(options: CommandsOptions, watchdog: RunPlace['watchdog']): () => Promise<RunIt> {
  let opened: Promise<RunPlace> | undefined;
  return async () => {
    const place = await (opened ??= openPlace(options, watchdog));
    return (request) => runOnce(place, request);
  };
}

/** The daemon is asked each time: it may have been stopped, or started, since. */
function containerOpener({ prepared, env, log }: CommandsOptions): (image: string) => Promise<RunIt> {
  const { runDirectory } = prepared;
  let made: Promise<ContainerKit> | undefined;
  return async (name) => {
    const daemon = await findDockerDaemon(env);
    const image = await findImage(daemon, name);
    made ??= makeContainerKit(prepared);
    const kit = await made.catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return (request) => runInContainer({ runDirectory, daemon, image, kit, log }, request);
  };
}

async function findInSandbox({ receipt, prepared, dataDir }: CommandsOptions, command: string): Promise<string> {
  const obstacle = commandObstacle(receipt.tier, prepared.toolset) ?? (await shownData(dataDir));
  if (obstacle !== undefined) throw new HostError('COMMAND_UNAVAILABLE', { message: obstacle });
  return findProgram(command);
}

/** Says why no command can be run here, ending with what would change it; undefined where one can. */
function commandObstacle(tier: Receipt['tier'], toolset: PreparedSandbox['toolset']): string | undefined {
  if (serverObstacle(tier, toolset) === undefined) return undefined;
  const { bwrap, perl } = toolset;
  const missing = [bwrap, perl].flatMap((tool) => (tool.found ? [] : [tool.cure]));
  const cure = missing.length > 0 ? missing.join('; then ') : 'allow unprivileged user namespaces to bubblewrap';
  return `a command of a plugin is run at tier "confined" or "jail"; this machine has "${tier}". To cure: ${cure}`;
}

/** What lies among the machine's programs cannot be hidden from them. */
async function shownData(dataDir: string | undefined): Promise<string | undefined> {
  if (dataDir === undefined) return undefined;
  const path = await realpath(dataDir).catch(() => dataDir);
  if (!isShown(path)) return undefined;
  return 'the data directory of this server is below a folder that every command sees. To cure: move it out of /usr';
}

function isShown(path: string): boolean {
  return SYSTEM_FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}

async function findProgram(command: string): Promise<string> {
  if (command === 'node' || command.startsWith('./')) return command;
  const found = await findCommand(command, PROGRAM_PATH);
  const real = found === undefined ? undefined : await realpath(found).catch(() => undefined);
  if (found !== undefined && real !== undefined && isShown(real)) return found;
  const where = PROGRAM_PATH.replaceAll(':', ', ');
  const what = found === undefined ? 'is not in' : 'leads out of';
  const message = `the command "${command}" ${what} the folders that a sandbox shows (${where}). To cure: install ${command} there, such as by the packages of the system`;
  throw new HostError('COMMAND_UNAVAILABLE', { message });
}

async function openPlace(options: CommandsOptions, watchdog: RunPlace['watchdog']): Promise<RunPlace> {
  const { prepared, groups, receipt, log } = options;
  const { runDirectory, staged } = prepared;
  const hidePaths = createPathHider(
    new Map([
      [runDirectory.path, 'run'],
      [process.execPath, 'node'],
      [staged.node, 'node'],
      [staged.launcher, 'launcher'],
    ]),
  );
  const tier = receipt.tier === 'jail' ? 'jail' : 'confined'; // Nothing weaker has come so far.
  const stopwatch = await runDirectory.stage(ownFile('stopwatch.pl'), 'stopwatch.pl');
  return { prepared, groups, tier, stopwatch, watchdog, log, hidePaths };
}

async function repeat(
  { charge, clock }: CommandsOptions,
  runIt: RunIt,
  request: CommandRequest & RunRequest,
): Promise<CommandAnswer> {
  const runs: CommandRun[] = [];
  let last: RunResult;
  do {
    const leftMs = Math.floor(request.deadline - clock.now());
    if (leftMs < 1) throw new HostError('CALL_TIMEOUT');
    last = await runIt({ ...request, timeoutMs: Math.min(request.timeoutMs, leftMs) });
    charge(request.tenant, useOf(last.run));
    runs.push(last.run);
  } while (runs.length < request.repeats && last.run.exit_code === 0);
  const { run, stdout, stderr, isClipped, files } = last;
  return { ...run, stdout, stderr, is_clipped: isClipped, runs, files };
}

function useOf({ cpu_ms: cpuMs, wall_ms: wallMs, peak_rss_bytes: peakBytes }: CommandRun) {
  return { cpuMs: cpuMs ?? 0, memoryMbMs: ((peakBytes ?? 0) / MIB) * wallMs };
}

type TenantTurns = { readonly take: (tenant: string, patience: Patience) => Promise<() => void> };

type Lane = { count: number; readonly waiting: WaitingCalls<Patience, HostError | undefined> };

/** So many of a tenant at once; the others wait in turn. A lane is there while somebody is in it. */
function createTenantTurns({ now }: Clock): TenantTurns {
  const lanes = new Map<string, Lane>();

  function leave(tenant: string, lane: Lane): void {
    const next = lane.waiting.takeFirst();
    if (next !== undefined) return next.resolve(undefined); // Its place goes over.
    lane.count -= 1;
    if (lane.count === 0) lanes.delete(tenant);
  }

  async function take(tenant: string, patience: Patience): Promise<() => void> {
    const lane = lanes.get(tenant) ?? { count: 0, waiting: createWaitingCalls() };
    lanes.set(tenant, lane);
    if (lane.count < LIMITS.commands_at_once.value) lane.count += 1;
    else {
      if (lane.waiting.size() >= LIMITS.commands_waiting.value) throw tooMany(lane.waiting.size() + 1);
      const refusal = await lane.waiting.add(patience, {
        queuedAt: now(),
        onLate: () => new HostError('CALL_TIMEOUT'),
        onAbort: () => new HostError('CALL_CANCELLED'),
      });
      if (refusal !== undefined) throw refusal;
    }
    let isLeft = false;
    return () => {
      if (!isLeft) leave(tenant, lane);
      isLeft = true;
    };
  }

  return { take };
}

function tooMany(observed: number): HostError {
  const allowed = LIMITS.commands_waiting.value;
  return new HostError('HOST_OVERLOADED', {
    message: `the tenant has ${allowed} commands waiting for their turn already; await some before asking again`,
    limit: { name: 'commands_waiting', allowed, observed, unit: 'commands' },
  });
}
