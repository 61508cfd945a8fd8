/**
 * The command line that starts an MCP server: launch.pl with the locks of its tier around a program that knows nothing of us. Pure.
 *
 *   confined   launch.pl + Landlock + seccomp -> program       its files and its folder under the host's own paths
 *   jail       launch.pl -> bwrap + namespaces + seccomp -> program   the same under /bulkhead
 *
 *   jail, online  launch.pl -> bwrap + namespaces + seccomp -> online.pl -> program   the same, with a proxy on its loopback
 *
 *   descriptors   0, 1 JSON-RPC · 2 its log · 3 lifeline · 4 filter · then environment, and in the jail bubblewrap's status,
 *                 then the filter of a server with a proxy; of a plugin's command its report, and confined a filter for what it runs
 *
 * E1: the environment of the server reaches no program but the server: not the launcher, which may be root, nor bubblewrap.
 */
import { LIMITS, type Tier } from '@bulkhead/protocol';
import { assertInvariant } from '../../base/host-error.ts';
import {
  FIRST_PASSED_FD,
  GENERATION_ARGUMENT,
  JAILED_NODE,
  namespaceOptions,
  processOptions,
  type FilterName,
  type LaunchCommand,
  type LaunchFd,
  type LaunchRequest,
} from '../process/command.ts';
import type { Library, NodeImage } from '../process/node-image.ts';

/** What runs: Node with a file of the plugin, or a program of the machine; arguments and values as the manifest has them. */
export type ServerProgram = {
  /** Path in the plugin's files that Node runs; undefined for a program of the machine. */
  readonly main: string | undefined;
  /** Absolute path of the program; undefined for Node. */
  readonly command: string | undefined;
  readonly args: readonly string[];
};

/** One server to start. */
export type ServerRequest = Pick<LaunchRequest, 'toolset' | 'staged' | 'shape' | 'token' | 'hostPid'> & {
  readonly tier: 'confined' | 'jail';
  readonly program: ServerProgram;
  /** Its frozen files. */
  readonly treeDir: string;
  /** Its writable folder at a path that its user can reach. */
  readonly dataDir: string;
  /** What is shown there, where the folder itself cannot be reached. */
  readonly mountedFrom?: string | undefined;
  readonly allowChildren: boolean;
  /** In the jail alone: a proxy on its loopback, by which it reaches what the host lets it reach. */
  readonly online?: Online | undefined;
  /** It is a command of a plugin that is measured: see {@link reportFds}. */
  readonly isMeasured?: boolean;
};

/** What a proxy needs: the Unix socket of the host, and perl with its libraries. */
export type Online = { readonly socket: string; readonly perl: NodeImage };

/** Where a server sees its folder and its files. */
export type ServerPaths = { readonly data: string; readonly server: string };

/** Index in the spawned process of the pipe that carries the environment. */
export const ENVIRONMENT_FD = FIRST_PASSED_FD + 1;
/** Where a measured command's figures go, and the filter for the program itself where what measures it needs a wider one. */
export function reportFds(tier: 'confined' | 'jail'): { readonly report: number; readonly filter: number | undefined } {
  return tier === 'jail' ? { report: STATUS_FD + 1, filter: undefined } : { report: STATUS_FD, filter: STATUS_FD + 1 };
}

const LIFELINE_FD = 3;
const FILTER_FD = FIRST_PASSED_FD;
const STATUS_FD = ENVIRONMENT_FD + 1;
const ONLINE_FILTER_FD = STATUS_FD + 1;
const JAILED: ServerPaths = { data: '/bulkhead/data', server: '/bulkhead/server' };
/** Folders of programs and their libraries, which a program of the machine is shown as they are. */
export const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/alternatives', '/etc/ld.so.cache'];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/urandom'];

/** Says why no server can be started here, ending with what would change it; undefined where it can. */
export function serverObstacle(tier: Tier, { perl }: LaunchRequest['toolset']): string | undefined {
  if (tier !== 'jail' && tier !== 'confined') return `an MCP server needs tier "confined"; this machine has "${tier}"`;
  return perl.found ? undefined : `perl, which starts MCP servers, is not installed; ${perl.cure}`;
}

/** Returns the paths under which the server sees things. */
export function serverPaths({
  tier,
  dataDir,
  treeDir,
}: Pick<ServerRequest, 'tier' | 'dataDir' | 'treeDir'>): ServerPaths {
  return tier === 'jail' ? JAILED : { data: dataDir, server: treeDir };
}

/** Returns the command. The request must have no {@link serverObstacle}. */
export function serverCommand(request: ServerRequest): LaunchCommand {
  const { tier, toolset, staged, mountedFrom, dataDir } = request;
  assertInvariant(toolset.perl.found, 'the launcher was found');
  const isJail = tier === 'jail';
  const passed = passedFiles(request);
  const options = [
    ...processOptions(request, { lifelineFd: LIFELINE_FD, lastFd: FIRST_PASSED_FD - 1 + passed.length }),
    ...(mountedFrom === undefined ? [] : [`mount=${mountedFrom}`, `at=${dataDir}`]),
    ...(isJail ? [] : confinedOptions(request)),
  ];
  const program = isJail ? [...jail(request), ...programOf(request)] : programOf(request);
  return {
    file: toolset.perl.path,
    args: ['-w', staged.launcher, ...options, '--', ...program],
    env: {},
    cwd: '/',
    fds: passed,
  };
}

function passedFiles({ isMeasured, ...request }: ServerRequest): readonly LaunchFd[] {
  const files = passedToServer(request);
  if (isMeasured !== true) return files;
  const { tier, staged } = request;
  return [...files, REPORT, ...(tier === 'confined' ? [{ kind: 'file', path: staged.filters.confined } as const] : [])];
}

function passedToServer({ tier, staged, allowChildren, online }: ServerRequest): readonly LaunchFd[] {
  const filter = (name: FilterName): LaunchFd => ({ kind: 'file', path: staged.filters[name] });
  const children = allowChildren ? '-children' : '';
  if (tier === 'confined') return [filter(`confined${children}`), ENVIRONMENT];
  if (online === undefined) return [filter(`jail${children}`), ENVIRONMENT, STATUS];
  return [filter('jail-starter'), ENVIRONMENT, STATUS, filter(`jail-online${children}`)];
}

const ENVIRONMENT: LaunchFd = { kind: 'environment' };
const STATUS: LaunchFd = { kind: 'json_status' };
const REPORT: LaunchFd = { kind: 'report' };

/** Writes the environment as whoever gives it to the server reads it from {@link ENVIRONMENT_FD}: bubblewrap, or a program of ours. */
export function environmentBytes(
  { tier, online }: Pick<ServerRequest, 'tier' | 'online'>,
  env: Readonly<Record<string, string>>,
): Buffer {
  const isBubblewraps = tier === 'jail' && online === undefined;
  const parts = Object.entries(env).flatMap(([name, value]) =>
    isBubblewraps ? ['--setenv', name, value] : [`${name}=${value}`],
  );
  return Buffer.from(parts.map((part) => `${part}\0`).join(''));
}

function confinedOptions(request: ServerRequest): readonly string[] {
  const { staged, treeDir, dataDir, program } = request;
  const { loader, libraries } = staged.image;
  const run = [staged.node, ...(loader === undefined ? [] : [loader]), treeDir, ...shownFolders(program)];
  return [
    'capabilities=none',
    'landlock=1',
    ...run.map((path) => `run=${path}`),
    ...[...new Set(libraries.map(({ file }) => file)), '/proc/self'].map((path) => `read=${path}`),
    ...[...DEVICES, dataDir].map((path) => `write=${path}`),
    `chdir=${dataDir}`,
    `env=${ENVIRONMENT_FD}`,
    `seccomp=${FILTER_FD}`,
  ];
}

function jail(request: ServerRequest): readonly string[] {
  const { toolset, staged, treeDir, dataDir, program, online } = request;
  assertInvariant(toolset.bwrap.found, 'the tier was found possible');
  const { loader, libraries } = staged.image;
  const folders = shownFolders(program);
  const isShown = (path: string): boolean => folders.some((folder) => path.startsWith(`${folder}/`));
  const files = [
    ...libraries,
    ...(loader === undefined ? [] : [{ name: loader, file: loader }]),
    { name: JAILED_NODE, file: staged.node },
    { name: JAILED.server, file: treeDir },
    ...(online === undefined ? [] : onlineFiles(request, online)),
  ].filter(({ name }) => !isShown(name));
  return [
    toolset.bwrap.path,
    ...namespaceOptions(toolset),
    ...['--die-with-parent', '--cap-drop', 'ALL', '--clearenv', '--hostname', 'plugin'],
    // For the reaper, who knows processes by this argument; nothing is there, so nothing is shown.
    ...['--ro-bind-try', `${GENERATION_ARGUMENT}${request.token}`, '/bulkhead/nothing'],
    ...folders.flatMap((path) => ['--ro-bind-try', path, path]),
    ...files.flatMap(({ name, file }) => ['--ro-bind', file, name]),
    ...['--bind', dataDir, JAILED.data],

    // Of Node's programs none needs it; what it tells of the server's mounts is nobody's business.
    ...(program.command === undefined ? [] : ['--proc', '/proc']),
    ...DEVICES.flatMap((path) => ['--dev-bind', path, path]),
    ...['--remount-ro', '/', '--chdir', JAILED.data],
    ...(online === undefined ? ['--args', `${ENVIRONMENT_FD}`] : []),
    ...['--seccomp', `${FILTER_FD}`, '--json-status-fd', `${STATUS_FD}`],
    '--',
    ...(online === undefined ? [] : starter(request)),
  ];
}

const JAILED_PERL = '/bulkhead/perl';
const JAILED_STARTER = '/bulkhead/online.pl';
const JAILED_SOCKET = '/bulkhead/egress';
/** Any would do: the network namespace is this server's own. */
const PROXY_PORT = 3128;

function onlineFiles({ toolset, staged }: ServerRequest, { socket, perl }: Online): readonly Library[] {
  assertInvariant(toolset.perl.found, 'the launcher was found');
  return [
    ...perl.libraries.filter(({ name }) => !staged.image.libraries.some((library) => library.name === name)),
    { name: JAILED_PERL, file: toolset.perl.path },
    { name: JAILED_STARTER, file: staged.online },
    { name: JAILED_SOCKET, file: socket },
  ];
}

function starter({ toolset, token }: ServerRequest): readonly string[] {
  return [
    ...[JAILED_PERL, '-w', JAILED_STARTER],
    `${GENERATION_ARGUMENT}${token}`,
    `arch=${toolset.architecture ?? 'x64'}`,
    `port=${PROXY_PORT}`,
    `broker=${JAILED_SOCKET}`,
    `connections=${LIMITS.egress_tunnels.value}`,
    `env=${ENVIRONMENT_FD}`,
    `seccomp=${ONLINE_FILTER_FD}`,
    '--',
  ];
}

/** By which programs find their proxy; the last is what Node's own clients look for. */
export const PROXY_ENVIRONMENT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((name) => [name, `http://127.0.0.1:${PROXY_PORT}`]),
  ),
  NO_PROXY: '',
  no_proxy: '',
  NODE_USE_ENV_PROXY: '1',
};

function shownFolders({ command }: ServerProgram): readonly string[] {
  if (command === undefined) return [];
  const isShown = SYSTEM_FOLDERS.some((folder) => command.startsWith(`${folder}/`));
  return isShown ? SYSTEM_FOLDERS : [...SYSTEM_FOLDERS, command];
}

/** No permission model and no import rule: whatever the program does, the kernel judges it. */
const NODE_FLAGS = [
  '--single-threaded',
  '--v8-pool-size=1',
  '--disable-sigusr1',
  '--openssl-config=/nonexistent/openssl.cnf',
];

function programOf(request: ServerRequest): readonly string[] {
  const { tier, program, staged, shape, token, treeDir, dataDir } = request;
  const { main, command, args } = program;
  const paths = serverPaths({ tier, dataDir, treeDir });
  // What a plugin says of its command is text, and no path of ours stands for any of it.
  const given = request.isMeasured === true ? args : args.map((arg) => fillIn(arg, paths));
  if (command !== undefined) return [command, ...given];
  const node = tier === 'jail' ? JAILED_NODE : staged.node;
  // A condition that no package knows: it is the reaper's mark, and changes nothing.
  const mark = ['--conditions', `${GENERATION_ARGUMENT}${token}`];
  const heap = `--max-old-space-size=${shape.memoryMb}`;
  return [node, ...NODE_FLAGS, ...mark, heap, `${paths.server}/${main ?? ''}`, ...given];
}

/** Puts the paths in the place of `{data}` and `{server}`. */
export function fillIn(text: string, { data, server }: ServerPaths): string {
  return text.replaceAll(/\{(data|server)\}/g, (_, word: string) => (word === 'data' ? data : server));
}
