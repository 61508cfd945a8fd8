/**
 * The command line that starts a guest at a given tier: the one place that says which flag, limit and lock a guest
 * gets. Pure; staging, opening files and spawning are the driver's. Spawn it with `detached: true` and `cwd: '/'`.
 *
 *   process, uid   launch.pl -> node              (nice, choom, prlimit, setpriv -> node where there is no perl)
 *   confined       launch.pl + Landlock + seccomp -> node
 *   jail           launch.pl -> bwrap + namespaces + seccomp -> node
 */
import { extname } from 'node:path';
import { LIMITS, type Tier } from '@bulkhead/protocol';
import { assertInvariant } from '../../base/host-error.ts';
import { LAUNCH_NICENESS } from '../standing.ts';
import type { Library, NodeImage } from './node-image.ts';
import type { Tool, Toolset } from './toolset.ts';

/** Files at paths that the guest's user can reach, and what the Node binary is. */
export type StagedFiles = {
  readonly node: string;
  readonly guest: string;
  /** launch.pl; read before the change of user. */
  readonly launcher: string;
  /** online.pl; read in the jail. */
  readonly online: string;
  /** The filter programs that {@link filterName} names. */
  readonly filters: Readonly<Record<FilterName, string>>;
  readonly image: NodeImage;
};

/**
 * One program per way of starting and per right to have child processes; `online` are those of servers with a proxy, and `starter` of
 * what starts both.
 */
export const FILTER_NAMES = [
  ...(['confined', 'confined-children', 'jail', 'jail-children'] as const),
  ...(['jail-starter', 'jail-online', 'jail-online-children'] as const),
] as const;
/** Name of a filter program. */
export type FilterName = (typeof FILTER_NAMES)[number];

/** What differs between guests; two guests of equal shape are started by the same command. */
export type LaunchShape = {
  /** V8's heap; typed arrays and the like are bounded by `dataLimitBytes`. */
  readonly memoryMb: number;
  /** RLIMIT_DATA, see {@link dataLimitBytes}. */
  readonly dataLimitBytes: number;
  readonly openFilesMax: number;
  readonly fileSizeMaxBytes: number;
  /** The guest's own user, and group of the same number: where the host is root, at every tier but `process`. */
  readonly uid?: number;
  /** A folder that the guest may read and write: {@link JAILED_TEMP_DIR}, or one that is there under the same path. */
  readonly tempDir?: string;
  /** Files by which the guest enters its control groups, one for each hierarchy; only where there is perl. */
  readonly groupEntries?: readonly string[];
};

/** One guest to start. */
export type LaunchRequest = {
  readonly tier: Tier;
  readonly toolset: Toolset;
  readonly staged: StagedFiles;
  readonly shape: LaunchShape;
  /** Generation token of the host; visible in the arguments of every process of the guest. */
  readonly token: string;
  readonly hostPid: number;
  /** For our own toolchain, never for a plugin: more to read (and with children, to execute). */
  readonly readablePaths?: readonly string[];
  readonly allowChildren?: boolean;
  readonly allowAddons?: boolean;
  readonly allowHelperThreads?: boolean;
  /**
   * For the self-test alone: leaves out Node's permission model and nothing else, so that what is then refused was
   * refused by the operating system.
   */
  readonly withoutPermissionModel?: boolean;
  /** For `bulkhead debug DIR` alone: one more socket, which the guest's inspector speaks on, and the thread that carries it. */
  readonly isDebugged?: boolean;
};

/** What the driver passes to spawn. `fds[0]` becomes the guest's fd 4, and so on; 0 to 3 are as everywhere. */
export type LaunchCommand = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: '/';
  readonly fds: readonly LaunchFd[];
};

/**
 * `file`: opened for reading anew at each start, because its position is shared with whoever inherits it.
 * `json_status`: a pipe on which bubblewrap writes `{"child-pid": N}`, the pid namespace's first process; the Node
 * process is its only child. `inspector`: a duplex socket. `environment`: a pipe to which the driver writes. `report`: one from which
 * it reads.
 */
export type LaunchFd =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'json_status' }
  | { readonly kind: 'inspector' }
  | { readonly kind: 'environment' }
  | { readonly kind: 'report' };

/** Prefix of the argument that marks a process as one of a host's guests. */
export const GENERATION_ARGUMENT = 'generation=';

/**
 * What holds for guests and our own toolchain.
 *
 * `--disable-proto=delete` rather than `throw`: both end pollution through `__proto__`, but libraries that read it to
 * tell plain objects apart would crash under the latter.
 */
const COMMON_FLAGS: readonly string[] = [
  '--disallow-code-generation-from-strings',
  '--disable-proto=delete',
  '--no-experimental-sqlite',
  '--disable-sigusr1',
  // OpenSSL would read the machine's file, and load the modules it names; a path that is nowhere is no error.
  '--openssl-config=/nonexistent/openssl.cnf',
];

/**
 * No helper threads for compiler and collector: 3 MB less after 1,000 calls, no slower on our calls, and a plugin that allocates
 * without end keeps one core busy instead of all.
 */
const ONE_CORE_FLAGS: readonly string[] = ['--single-threaded', '--v8-pool-size=1'];

/** Flags of every guest, whatever its shape; `--permission` and its exceptions come with the request. */
export const NODE_FLAGS: readonly string[] = [...COMMON_FLAGS, ...ONE_CORE_FLAGS];

/** Room above the budget for the young generation and thread stacks, so that V8's own clear report comes first. */
const DATA_MARGIN_BYTES = 64 * 1024 * 1024;

/** Returns the RLIMIT_DATA that leaves a guest `memoryMb` above what Node takes at start (SANDBOX C3). */
export function dataLimitBytes(idleDataBytes: number, memoryMb: number): number {
  return idleDataBytes + memoryMb * 1024 * 1024 + DATA_MARGIN_BYTES;
}

/** Says why guests cannot be started at that tier here, ending with what would change it; undefined where they can. */
export function tierObstacle(tier: Tier, toolset: Toolset): string | undefined {
  const { perl, setpriv, bwrap } = toolset;
  switch (tier) {
    case 'process':
      return undefined;
    case 'uid':
      if (!toolset.isRoot) return 'only root can give each guest a user id of its own; start the host as root';
      return perl.found || setpriv.found ? undefined : `setpriv is not installed; ${cureOf(setpriv)}`;
    case 'confined':
      if (toolset.architecture === undefined) return NO_FILTER;
      return perl.found ? undefined : `perl, which applies Landlock and seccomp, is not installed; ${cureOf(perl)}`;
    case 'jail':
      if (toolset.architecture === undefined) return NO_FILTER;
      if (!bwrap.found) return `bubblewrap is not installed; ${cureOf(bwrap)}`;
      if (!toolset.isRoot || perl.found || setpriv.found) return undefined;
      return `setpriv, which gives up root before bubblewrap, is not installed; ${cureOf(setpriv)}`;
  }
}

const NO_FILTER = 'system calls are filtered on Linux with x86_64 or aarch64 only; run the host there';

function cureOf(tool: Tool): string {
  return tool.found ? '' : tool.cure;
}

/** Returns the command. The request must have no {@link tierObstacle}, and name a user wherever the tier needs one. */
export function launchCommand(request: LaunchRequest): LaunchCommand {
  const { tier, toolset, shape } = request;
  assertInvariant(tierObstacle(tier, toolset) === undefined, `tier ${tier} can be started here`);
  // Bubblewrap started by root keeps root's user id whatever it is told, so no guest above `process` is without its own.
  const needsUid = toolset.isRoot && tier !== 'process';
  assertInvariant((shape.uid !== undefined) === needsUid && shape.uid !== 0, `tier ${tier} has the user that it needs`);
  const program = tier === 'jail' ? [...jail(request), ...node(request)] : node(request);
  const [file = '', ...args] = toolset.perl.found
    ? [toolset.perl.path, '-w', request.staged.launcher, ...launcherOptions(request), '--', ...program]
    : [...separateTools(request), ...program];
  return { file, args, env: {}, cwd: '/', fds: passedFds(request) };
}

/** Where what is passed on begins in a guest. */
export const FIRST_PASSED_FD = 4;
/** Standard input: a guest is told nothing there, so whatever happens to it is the end of the host. */
const LIFELINE_FD = 0;
const STACK_BYTES = 8 * 1024 * 1024;
/** The kernel, short of memory, ends guests first, never the host. */
const OOM_SCORE_ADJUSTMENT = 1000;

function passedFds(request: LaunchRequest): readonly LaunchFd[] {
  const filter: LaunchFd = { kind: 'file', path: request.staged.filters[filterName(request)] };
  const inspector: readonly LaunchFd[] = request.isDebugged === true ? [{ kind: 'inspector' }] : [];
  if (request.tier === 'jail') return [filter, { kind: 'json_status' }, ...inspector];
  return [...(request.tier === 'confined' ? [filter] : []), ...inspector];
}

function filterName({ tier, allowChildren }: LaunchRequest): FilterName {
  const base = tier === 'jail' ? 'jail' : 'confined';
  return allowChildren === true ? `${base}-children` : base;
}

function limits(shape: LaunchShape): Readonly<Record<string, number>> {
  return {
    data: shape.dataLimitBytes,
    nofile: shape.openFilesMax,
    fsize: shape.fileSizeMaxBytes,
    stack: STACK_BYTES,
    core: 0,
  };
}

function launcherOptions(request: LaunchRequest): readonly string[] {
  const { tier } = request;
  return [
    ...processOptions(request, { lifelineFd: LIFELINE_FD, lastFd: FIRST_PASSED_FD - 1 + passedFds(request).length }),
    // Bubblewrap needs them to map root in a container that has no other user, and drops them itself.
    ...(tier === 'jail' ? [] : ['capabilities=none']),
    ...(tier === 'confined' ? [...landlockOptions(request), `seccomp=${FIRST_PASSED_FD}`] : []),
  ];
}

/** What launch.pl is told of any process that is to be a guest, whatever runs in it; its locks are the caller's to add. */
export function processOptions(
  { shape, toolset, token, hostPid }: Pick<LaunchRequest, 'shape' | 'toolset' | 'token' | 'hostPid'>,
  { lifelineFd, lastFd }: { readonly lifelineFd: number; readonly lastFd: number },
): readonly string[] {
  return [
    `${GENERATION_ARGUMENT}${token}`,
    `arch=${toolset.architecture ?? 'x64'}`,
    `parent=${hostPid}`,
    `lifeline=${lifelineFd}`,
    `keep=${lastFd}`,
    ...(shape.groupEntries ?? []).map((path) => `cgroup=${path}`),
    `nice=${LAUNCH_NICENESS.process}`,
    `session=${LAUNCH_NICENESS.session}`,
    `oom=${OOM_SCORE_ADJUSTMENT}`,
    ...Object.entries(limits(shape)).map(([name, value]) => `${name}=${value}`),
    ...(shape.uid === undefined ? [] : [`uid=${shape.uid}`]),
  ];
}

/** /proc/self is what process.memoryUsage() reads; the launcher's process id stays the guest's. */
function landlockOptions({ staged, shape, ...request }: LaunchRequest): readonly string[] {
  const { loader, libraries } = staged.image;
  const libraryFiles = [...new Set(libraries.map(({ file }) => file))];
  const extra = request.readablePaths ?? [];
  return [
    'landlock=1',
    `run=${staged.node}`,
    ...(loader === undefined ? [] : [`run=${loader}`]),
    ...[...libraryFiles, staged.guest, '/proc/self'].map((path) => `read=${path}`),
    ...extra.map((path) => `${request.allowChildren === true ? 'run' : 'read'}=${path}`),
    ...(request.allowChildren === true ? ['write=/dev/null'] : []),
    ...(shape.tempDir === undefined ? [] : [`write=${shape.tempDir}`]),
  ];
}

/** The same without perl, one exec a tool; a tool that is absent leaves its layer out, and the self-test says so. */
function separateTools({ toolset, shape }: LaunchRequest): readonly string[] {
  const limitFlags = Object.entries(limits(shape)).map(([name, value]) => `--${name}=${value}:${value}`);
  const user = shape.uid === undefined ? [] : [`--reuid=${shape.uid}`, `--regid=${shape.uid}`, '--clear-groups'];
  return [
    ...withTool(toolset.nice, ['-n', `${LAUNCH_NICENESS.process}`]),
    ...withTool(toolset.choom, ['-n', `${OOM_SCORE_ADJUSTMENT}`, '--']),
    ...withTool(toolset.prlimit, limitFlags),
    ...withTool(toolset.setpriv, [...user, '--no-new-privs', '--pdeathsig=KILL', '--']),
  ];
}

function withTool(tool: Tool, args: readonly string[]): readonly string[] {
  return tool.found ? [tool.path, ...args] : [];
}

/** Where Node is in a jail. */
export const JAILED_NODE = '/bulkhead/node';

/** In the jail alone: a folder in memory of bounded size, which goes with the guest's last process. */
export const JAILED_TEMP_DIR = '/bulkhead/temp';

/** Options of bubblewrap for every jail. `--unshare-all` alone would silently leave out the user namespace where there is none to be had. */
export function namespaceOptions({ bwrapOptions }: Toolset): readonly string[] {
  return ['--unshare-user', '--unshare-all', ...(bwrapOptions.has('--disable-userns') ? ['--disable-userns'] : [])];
}

const BARE = ['--die-with-parent', '--cap-drop', 'ALL', '--clearenv', '--hostname', 'plugin', '--chdir', '/'];
/** libuv keeps /dev/null open, and takes the root folder where there is none. No other device is there. */
const KERNEL_VIEWS = ['--proc', '/proc', '--dev-bind', '/dev/null', '/dev/null', '--remount-ro', '/'];
const PASSED_FDS = ['--seccomp', `${FIRST_PASSED_FD}`, '--json-status-fd', `${FIRST_PASSED_FD + 1}`];

/** A bare view: the libraries, Node, the guest, an own /proc, and nothing that can be written. */
function jail({ toolset, staged, shape, ...request }: LaunchRequest): readonly string[] {
  const { bwrap } = toolset;
  assertInvariant(bwrap.found, 'the tier was found possible');
  const { loader, libraries } = staged.image;
  const files: readonly Library[] = [
    ...libraries,
    ...(loader === undefined ? [] : [{ name: loader, file: loader }]),
    { name: JAILED_NODE, file: staged.node },
    { name: guestPathInside('jail', staged), file: staged.guest },
    ...(request.readablePaths ?? []).map((path) => ({ name: path, file: path })),
  ];
  return [
    bwrap.path,
    ...namespaceOptions(toolset),
    ...BARE,
    // The launcher has made the guest's session; a second one would take it out of the group that the host kills.
    ...(toolset.perl.found ? [] : ['--new-session']),
    ...files.flatMap(({ name, file }) => ['--ro-bind', file, name]),
    ...tempMount(shape),
    ...KERNEL_VIEWS,
    ...PASSED_FDS,
    '--',
  ];
}

function tempMount({ tempDir }: LaunchShape): readonly string[] {
  if (tempDir === undefined) return [];
  if (tempDir !== JAILED_TEMP_DIR) return ['--bind', tempDir, tempDir];
  return ['--perms', '0700', '--size', `${LIMITS.temp_bytes.value}`, '--tmpfs', tempDir];
}

/** Returns the path of the guest's own file as the guest sees it; its ending decides how Node reads it. */
export function guestPathInside(tier: Tier, staged: StagedFiles): string {
  return tier === 'jail' ? `/bulkhead/guest${extname(staged.guest)}` : staged.guest;
}

function node({ tier, staged, shape, token, ...request }: LaunchRequest): readonly string[] {
  const guest = guestPathInside(tier, staged);
  return [
    tier === 'jail' ? JAILED_NODE : staged.node,
    ...COMMON_FLAGS,
    ...(request.allowHelperThreads === true ? [] : ONE_CORE_FLAGS),
    `--max-old-space-size=${shape.memoryMb}`,
    ...(request.allowAddons === true ? [] : ['--no-addons']),
    ...(request.withoutPermissionModel === true ? [] : permissionFlags(guest, shape, request)),
    guest,
    `${GENERATION_ARGUMENT}${token}`,
    ...inspectorArguments({ tier, staged, shape, token, ...request }),
  ];
}

/** The guest is told which of its descriptors the socket is. */
function inspectorArguments(request: LaunchRequest): readonly string[] {
  const at = passedFds(request).findIndex(({ kind }) => kind === 'inspector');
  return at === -1 ? [] : [`inspector=${FIRST_PASSED_FD + at}`];
}

type Rights = Pick<LaunchRequest, 'readablePaths' | 'allowChildren' | 'allowAddons' | 'isDebugged'>;

function permissionFlags(guest: string, { tempDir }: LaunchShape, rights: Rights): readonly string[] {
  const readable = [guest, ...(rights.readablePaths ?? []), ...(tempDir === undefined ? [] : [tempDir])];
  return [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...(tempDir === undefined ? [] : [`--allow-fs-write=${tempDir}`]),
    ...(rights.allowChildren === true ? ['--allow-child-process', '--disable-warning=SecurityWarning'] : []),
    ...(rights.allowAddons === true ? ['--allow-addons'] : []),
    ...(rights.isDebugged === true ? ['--allow-worker', '--allow-inspector', '--disable-warning=SecurityWarning'] : []),
  ];
}
