/**
 * The `stdio` driver: one sandbox is one MCP server that speaks JSON-RPC on its standard input and output. It starts processes,
 * ends every one of them when it is closed, and knows no release, tenant quota or registry. There are no spares: a server is what
 * its files are from its first line.
 */
import { LIMITS, callError, type CallError, type PinnedTool, type Receipt } from '@bulkhead/protocol';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { descendantsOf } from '../process/descendants.ts';
import type { HidePaths } from '../process/clean-text.ts';
import { dataLimitBytes } from '../process/command.ts';
import type { GuestLine, GuestSpeaker } from '../process/driver.ts';
import { spawnGuest, type GuestHandle } from '../process/guest-handle.ts';
import type { GuestGroups } from '../process/guest-groups.ts';
import { prepareLaunch, type PreparedLaunch } from '../process/launcher.ts';
import { createPluginLog, type SaidLine } from '../process/plugin-log.ts';
import type { PreparedSandbox } from '../process/prepare-sandbox.ts';
import type { Driver, SandboxOpening } from '../sandbox.ts';
import { watchTemp } from '../temp-watch.ts';
import { createWatchdog } from '../watchdog.ts';
import {
  ENVIRONMENT_FD,
  PROXY_ENVIRONMENT,
  environmentBytes,
  fillIn,
  serverCommand,
  serverObstacle,
  serverPaths,
  type ServerProgram,
  type ServerRequest,
} from './command.ts';
import { createProxyDoors, type OpenProxy, type ProxyDoor, type ProxyDoors } from './proxy-doors.ts';
import { ServerProcess } from './server-process.ts';
import { createServerTrees, type ReadTree } from './server-trees.ts';
import { STATE_BOUNDS, createStateFolders, type StateFolder, type StateFolders } from './state-folders.ts';

/** A server to open: whose it is, what runs, and what it is held to. */
export type StdioSpec = {
  readonly name: string;
  readonly tenant: string;
  /** Names the tree of files, which `readTree` gives. */
  readonly digest: string;
  readonly readTree: ReadTree;
  readonly program: ServerProgram;
  /** As the manifest has it; what the host's own variables are worth was put in. */
  readonly env: Readonly<Record<string, string>>;
  /** What it has to list; undefined where whoever starts it wants to know. */
  readonly tools: readonly PinnedTool[] | undefined;
  /** Its folder is its tenant's and stays; else it goes with it. */
  readonly keepsState: boolean;
  readonly allowChildren: boolean;
  /** Opens the host's end of its proxy; left out where it reaches no network. */
  readonly openProxy?: OpenProxy | undefined;
  readonly memoryMb: number;
  readonly cpuMsMax: number;
  readonly outputBytesMax: number;
  readonly initTimeoutMs: number;
};

/** What the driver is made of. */
export type StdioDriverOptions = {
  readonly prepared: Pick<PreparedSandbox, 'runDirectory' | 'toolset' | 'staged' | 'uids'>;
  readonly groups: GuestGroups | undefined;
  readonly receipt: Receipt;
  readonly clock: Clock;
  readonly log: Log;
  /** Where servers keep what outlives them; undefined where that is nowhere. */
  readonly stateRoot: string | undefined;
  readonly hidePaths: HidePaths;
  readonly onOpened: (durationMs: number) => void;
  readonly onDropped: () => void;
  /** Told of each line that a server logs or writes to its standard error, cleaned and bounded. */
  readonly onSaid: (speaker: GuestSpeaker, line: GuestLine) => void;
  /** Told of what a server says that went wrong, in its own words: what it was refused is there alone. */
  readonly onErrorText: (speaker: GuestSpeaker, text: string) => void;
};

/** The driver, what its servers keep, and its end. */
export type StdioDriver = Driver<StdioSpec> & {
  readonly state: StateFolders;
  /** Opens one to learn what it is; the sandbox is its whole self. */
  readonly openServer: (spec: StdioSpec) => Promise<OpenedServer>;
  /** Ends every server; what is opened afterwards is refused with HOST_CLOSED. */
  readonly close: () => Promise<void>;
};

/** A server that takes calls, or why there is none. */
export type OpenedServer =
  | { readonly ok: true; readonly sandbox: ServerProcess }
  | { readonly ok: false; readonly error: CallError; readonly stack: undefined };

/** A server opens many files of its own at once while it is loaded. */
const OPEN_FILES_MAX = 256;
/** Stacks of threads count as data: V8's own, and those that the server may start. */
const THREADS_MB = 64;

/** Makes the driver; nothing runs yet. */
export function createStdioDriver(options: StdioDriverOptions): StdioDriver {
  const { prepared, receipt, clock } = options;
  const { runDirectory } = prepared;
  const live = new Set<ServerProcess>();
  const leaving = new Set<Promise<void>>();
  const watchdog = createWatchdog();
  const trees = createServerTrees(runDirectory.path);
  const state = createStateFolders({ root: options.stateRoot, runDirectory });
  const doors = createProxyDoors(prepared);
  let isClosed = false;

  async function openServer(spec: StdioSpec): Promise<OpenedServer> {
    const obstacle = obstacleTo(spec, options);
    if (obstacle !== undefined) return refused(callError('SANDBOX_TOO_WEAK', { message: obstacle }));
    const startedAt = clock.now();
    const tree = await trees.place(spec.digest, spec.readTree);
    if (!tree.ok) return refused(tree.error);
    const started = await startServer(options, { spec, treeDir: tree.dir, state, doors, isClosed: () => isClosed });
    if (!started.ok) {
      tree.letGo();
      return refused(started.error);
    }
    const { server, release, handle } = started;
    live.add(server);
    const unwatch = watchdog.watch(watchedOf(server, handle, spec), {
      cpuMsMax: spec.cpuMsMax,
      memoryMb: spec.memoryMb,
    });
    void server.died.then(() => {
      unwatch();
      tree.letGo();
      live.delete(server);
      const left = release().finally(() => leaving.delete(left));
      leaving.add(left);
    });
    const opening = await server.opened;
    if (!opening.ok) {
      await server.died;
      return refused(opening.error);
    }
    options.onOpened(clock.now() - startedAt);
    return { ok: true, sandbox: server };
  }

  return {
    name: 'stdio',
    state,
    openServer,
    open: (spec): Promise<SandboxOpening> => openServer(spec),
    probe: () => Promise.resolve(receipt),
    close: async () => {
      isClosed = true;
      await Promise.all([...live].map((server) => server.close()));
      await Promise.all(leaving);
      trees.close();
      watchdog.close();
    },
  };
}

function obstacleTo(
  { allowChildren, openProxy }: StdioSpec,
  { receipt, prepared }: StdioDriverOptions,
): string | undefined {
  if (receipt.tier !== 'jail') {
    const wanted =
      openProxy === undefined ? 'child processes of an MCP server need' : 'the network of an MCP server needs';
    if (allowChildren || openProxy !== undefined) return `${wanted} tier "jail"; this machine has "${receipt.tier}"`;
  }
  return serverObstacle(receipt.tier, prepared.toolset);
}

/** What the watchdog looks at; where it may have children, theirs is its own. */
function watchedOf(server: ServerProcess, handle: GuestHandle, { allowChildren }: StdioSpec) {
  return {
    nodePid: () => server.nodePid(),
    ...(allowChildren && { morePids: () => descendantsOf(handle.nodePid()) }),
    callsInFlight: () => server.callsInFlight(),
    callsSent: () => server.callsSent(),
    sample: (cpuMs: number, rssBytes: number) => server.sample(cpuMs, rssBytes),
    hungriestCall: () => server.hungriestCall(),
    idleCpuMs: () => server.idleCpuMs(),
    kill: (error: CallError, culpritId?: number) => server.kill(error, culpritId),
  };
}

type Starting = {
  readonly spec: StdioSpec;
  readonly treeDir: string;
  readonly state: StateFolders;
  readonly doors: ProxyDoors;
  readonly isClosed: () => boolean;
};

type Started =
  | {
      readonly ok: true;
      readonly server: ServerProcess;
      readonly handle: GuestHandle;
      readonly release: () => Promise<void>;
    }
  | { readonly ok: false; readonly error: CallError };

/** A user, a folder that is that user's, and the process; what was taken is given back where a later step fails. */
async function startServer(options: StdioDriverOptions, starting: Starting): Promise<Started> {
  const { uids } = options.prepared;
  const uid = uids?.acquire();
  if (uids !== undefined && uid === undefined) return spawnFailed(options, 'every user id of this host is in use');
  const giveBack = (): void => (uid === undefined ? undefined : uids?.release(uid));
  const { spec, state, doors } = starting;
  const owner = spec.keepsState ? { plugin: spec.name, tenant: spec.tenant } : undefined;
  try {
    const taken = await state.take(owner, uid);
    if (!taken.ok) {
      giveBack();
      return taken;
    }
    const door = spec.openProxy === undefined ? undefined : await doors.open(spec.openProxy, uid);
    const spawned = await spawnServer(options, starting, { uid, folder: taken.folder, door });
    const leave = async (): Promise<void> => {
      await door?.close();
      giveBack();
    };
    if (spawned.ok) return { ...spawned, release: () => spawned.release().then(leave, leave) };
    await taken.folder.release();
    await leave();
    return spawned;
  } catch (error) {
    giveBack();
    return spawnFailed(options, String(error));
  }
}

type Place = {
  readonly uid: number | undefined;
  readonly folder: StateFolder;
  readonly door: ProxyDoor | undefined;
};

async function spawnServer(options: StdioDriverOptions, starting: Starting, place: Place): Promise<Started> {
  const { spec, treeDir, isClosed } = starting;
  const { uid, folder, door } = place;
  if (isClosed()) return { ok: false, error: callError('HOST_CLOSED') };
  const { prepared, groups, receipt } = options;
  const tier = receipt.tier === 'jail' ? 'jail' : 'confined'; // Nothing weaker has come so far.
  const { data } = serverPaths({ tier, dataDir: folder.dir, treeDir });
  const shape = {
    memoryMb: spec.memoryMb,
    dataLimitBytes: dataLimitBytes(prepared.staged.image.idleDataBytes, spec.memoryMb + THREADS_MB),
    openFilesMax: OPEN_FILES_MAX,
    fileSizeMaxBytes: LIMITS.state_file_bytes.value,
    ...(uid !== undefined && { uid }),
  };
  const request: Omit<ServerRequest, 'shape'> = {
    ...{ tier, toolset: prepared.toolset, staged: prepared.staged, program: spec.program },
    ...{ token: prepared.runDirectory.token, hostPid: process.pid, allowChildren: spec.allowChildren },
    ...{ treeDir, dataDir: folder.dir, mountedFrom: folder.mountedFrom, online: door?.online },
  };
  const launch = prepareLaunch({ tier, uids: undefined, groups }, shape, (whole) =>
    serverCommand({ ...request, shape: whole }),
  );
  const spawned = spawnGuest(launch);
  if (!spawned.ok) {
    launch.release();
    return spawnFailed(options, await spawned.reason);
  }
  const { handle } = spawned;
  const env = environmentOf(spec, { data, server: serverPaths({ tier, dataDir: folder.dir, treeDir }).server });
  handle
    .passed(ENVIRONMENT_FD)
    ?.on('error', () => undefined)
    .end(environmentBytes(request, env));
  const server = openProcess(options, spec, { handle, launch, data });
  watchTemp({
    measure: () => folder.measure(handle.nodePid()),
    callsInFlight: () => server.callsInFlight(),
    kill: (error) => server.kill(error),
    died: server.died,
    bounds: STATE_BOUNDS,
  });
  const release = async (): Promise<void> => {
    launch.release();
    await folder.release();
  };
  return { ok: true, server, handle, release };
}

/** What a program finds in its environment: its folder as its home, and what its manifest says. */
function environmentOf(
  { env, program, openProxy }: StdioSpec,
  paths: { readonly data: string; readonly server: string },
) {
  const given = Object.entries(env).map(([name, value]) => [name, fillIn(value, paths)] as const);
  return {
    HOME: paths.data,
    TMPDIR: paths.data,
    LANG: 'C.UTF-8',
    ...(program.command !== undefined && { PATH: '/usr/local/bin:/usr/bin:/bin' }),
    ...Object.fromEntries(given),
    ...(openProxy !== undefined && PROXY_ENVIRONMENT),
  };
}

type Spawned = { readonly handle: GuestHandle; readonly launch: PreparedLaunch; readonly data: string };

function openProcess(options: StdioDriverOptions, spec: StdioSpec, { handle, launch, data }: Spawned): ServerProcess {
  const { clock, log, hidePaths, receipt, onDropped, onSaid, onErrorText } = options;
  const instanceId = randomUUID();
  const speaker = { plugin: spec.name, tenant: spec.tenant, instanceId };
  const source = { plugin: spec.name, tenant: spec.tenant, instance_id: instanceId };
  const onLine = (line: SaidLine): void => onSaid(speaker, { source: 'logger', ...line });
  return new ServerProcess({
    ...{ instanceId, tier: receipt.tier, handle, clock, hidePaths, onDropped, dataDir: data },
    ...{ memoryMb: spec.memoryMb, tools: spec.tools, outputBytesMax: spec.outputBytesMax },
    initTimeoutMs: spec.initTimeoutMs,
    wasOutOfMemory: launch.wasOutOfMemory,
    onLog: createPluginLog({ log, clock, source, hidePaths, onLine }),
    onStderr: (text) => {
      onSaid(speaker, { source: 'stderr', level: null, text, fields: undefined });
      onErrorText(speaker, text);
    },
    onErrorText: (text) => onErrorText(speaker, text),
  });
}

function spawnFailed({ log, hidePaths }: StdioDriverOptions, reason: string): Started & { ok: false } {
  log.error({ reason }, 'an MCP server could not be started');
  const message = `an MCP server could not be started: ${hidePaths(reason)}`;
  return { ok: false, error: callError('HOST_SPAWN_FAILED', { message }) };
}

function refused(error: CallError): OpenedServer & { ok: false } {
  return { ok: false, error, stack: undefined };
}
