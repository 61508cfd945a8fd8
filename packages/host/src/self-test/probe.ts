/**
 * The self-test that runs inside a guest, in place of a plugin, and tries what a sandbox must refuse. It is told where
 * the host left targets that can be reached without a sandbox, so that "refused" is never mistaken for "not there".
 * Imports nothing of the host; every built-in is imported where it is tried. Harms nothing where nothing is refused.
 */

/** What the host laid out for the probe. Paths are as seen without a sandbox. */
export type ProbeInput = {
  readonly host_pid: number;
  /** Field 22 of the host's /proc stat: tells the host from another process of the same number in a pid namespace. */
  readonly host_start_time: number;
  readonly host_uid: number;
  readonly host_hostname: string;
  /** What the host's links in /proc/self/ns say, by name: user, pid, net, ipc, mnt, uts. */
  readonly host_namespaces: Readonly<Record<string, string>>;
  /** A file that every user may read, and its text. */
  readonly secret_path: string;
  readonly secret_text: string;
  /** A link to `secret_path`. */
  readonly link_path: string;
  /** A folder that every user may write to. */
  readonly writable_path: string;
  /** Listeners of the host on 127.0.0.1, on a path and on an abstract name. */
  readonly tcp_port: number;
  readonly udp_port: number;
  readonly unix_path: string;
  readonly abstract_name: string;
  /** The one file that a guest may read: its own code. */
  readonly guest_path: string;
  /** The guest's shape. */
  readonly memory_mb: number;
  readonly open_files_max: number;
};

/** One thing tried. `got` is an error code, or what was obtained; `refused` says that the sandbox held. */
export type ProbeResult = {
  readonly name: string;
  readonly expected: string;
  readonly got: string;
  readonly refused: boolean;
};

/** Tries everything, one after the other, and returns what came of it. Never rejects. */
export default async function probe(input: ProbeInput): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const attempt of ATTEMPTS) results.push(await judge(attempt, input));
  return results;
}

/** `run` throws where it is refused, and else returns what it obtained; `undefined` is a refusal without an error. */
type Attempt = {
  readonly name: string;
  readonly expected: string;
  readonly run: (input: ProbeInput) => unknown;
};

async function judge({ name, expected, run }: Attempt, input: ProbeInput): Promise<ProbeResult> {
  try {
    const got = await run(input);
    return {
      name,
      expected,
      got: got === undefined ? 'nothing' : shown(got).slice(0, 200),
      refused: got === undefined,
    };
  } catch (error) {
    return { name, expected, got: describe(error), refused: !(error instanceof NotTried) };
  }
}

/** The guest lacks what the attempt needs, so that its failure says nothing about the sandbox. */
class NotTried extends Error {}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('info' in error && isRecord(error.info) && typeof error.info['code'] === 'string') return error.info['code'];
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message.slice(0, 200);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const MIB = 1024 * 1024;
const CONNECT_PATIENCE_MS = 500;

const ATTEMPTS: readonly Attempt[] = [
  // Files.
  { name: 'read-etc-passwd', expected: 'refused', run: async () => (await fs()).readFileSync('/etc/passwd').length },
  { name: 'read-secret', expected: 'refused', run: (input) => readSecret(input, input.secret_path) },
  { name: 'read-through-link', expected: 'refused', run: (input) => readSecret(input, input.link_path) },
  { name: 'list-root', expected: 'no folder of the system', run: listRoot },
  { name: 'resolve-user-by-name', expected: 'no user database', run: resolveUserByName },
  { name: 'write-root', expected: 'refused', run: () => writeIn('/') },
  { name: 'write-tmp', expected: 'refused', run: () => writeIn('/tmp') },
  { name: 'write-dev-shm', expected: 'refused', run: () => writeIn('/dev/shm') },
  { name: 'write-shared-folder', expected: 'refused', run: (input) => writeIn(input.writable_path) },
  { name: 'sqlite-file', expected: 'refused', run: openDatabase },
  // Other processes.
  { name: 'read-host-environ', expected: 'refused', run: readHostEnviron },
  { name: 'list-processes', expected: 'at most its own', run: listProcesses },
  { name: 'signal-host', expected: 'refused', run: (input) => signal(input.host_pid, input) },
  { name: 'signal-parent', expected: 'refused', run: () => processMethod('kill')(process.ppid, 0) },
  { name: 'signal-everyone', expected: 'refused', run: () => processMethod('kill')(-1, 0) },
  { name: 'renice-host', expected: 'refused', run: renice },
  { name: 'spawn', expected: 'refused', run: spawnChild },
  { name: 'become-root', expected: 'refused', run: () => becomeRoot() },
  { name: 'own-user', expected: 'not the host’s user', run: (input) => sameUser(input) },
  // Network.
  { name: 'tcp-connect', expected: 'refused', run: (input) => connect({ port: input.tcp_port, host: '127.0.0.1' }) },
  { name: 'unix-connect', expected: 'refused', run: (input) => connect({ path: input.unix_path }) },
  { name: 'abstract-connect', expected: 'refused', run: (input) => connect({ path: `\0${input.abstract_name}` }) },
  { name: 'tcp-listen', expected: 'refused', run: () => listen() },
  { name: 'udp-send', expected: 'refused', run: (input) => sendDatagram(input.udp_port) },
  { name: 'dns-lookup', expected: 'refused', run: async () => (await dns()).lookup('localhost').then(shown) },
  { name: 'interfaces', expected: 'none', run: listInterfaces },
  { name: 'hostname', expected: 'not the host’s', run: (input) => sameHostname(input) },
  // Namespaces and mounts.
  { name: 'namespaces', expected: 'none shared with the host', run: sharedNamespaces },
  { name: 'writable-mounts', expected: 'none', run: writableMounts },
  // The language and native code.
  { name: 'eval', expected: 'refused', run: evaluate },
  { name: 'worker', expected: 'refused', run: startWorker },
  { name: 'dlopen', expected: 'refused', run: loadAddon },
  { name: 'process-binding', expected: 'refused', run: () => typeof processMethod('binding')('spawn_sync') },
  { name: 'environment', expected: 'PWD at most', run: () => keysOtherThan(process.env, ['PWD']) },
  // Bounds.
  { name: 'descriptors', expected: '0, 1, 2 and 3', run: strayDescriptors },
  { name: 'memory', expected: 'refused near the budget', run: (input) => exceedMemory(input.memory_mb) },
  { name: 'open-files', expected: 'refused at the limit', run: exceedOpenFiles },
  // What the kernel says of this process; readable only where Node's permission model is off.
  { name: 'status-capabilities', expected: 'CapEff 0', run: () => statusOtherThan('CapEff', /^0+$/) },
  { name: 'status-no-new-privileges', expected: 'NoNewPrivs 1', run: () => statusOtherThan('NoNewPrivs', /^1$/) },
  { name: 'status-seccomp', expected: 'Seccomp 2', run: () => statusOtherThan('Seccomp', /^2$/) },
  { name: 'limit-core', expected: '0', run: () => coreLimit() },
  { name: 'limit-file-size', expected: 'limited', run: () => fileSizeLimit() },
];

// Built-ins, imported where they are tried: at the top of the module one refusal would hide every other answer.
const fs = () => import('node:fs');
const os = () => import('node:os');
const dns = () => import('node:dns/promises');

async function readSecret(input: ProbeInput, path: string): Promise<string | undefined> {
  const text = (await fs()).readFileSync(path, 'utf8');
  return text === input.secret_text ? `read ${text.length} characters` : undefined;
}

/** A jail may list its own bare root; a folder of the machine in it is what must not be. */
async function listRoot(): Promise<string | undefined> {
  const names = (await fs()).readdirSync('/');
  const telling = names.filter((name) => ['etc', 'home', 'root', 'var', 'boot', 'srv', 'opt'].includes(name));
  return telling.length === 0 ? undefined : `saw ${telling.join(', ')}`;
}

/** The C library reads /etc/passwd for this, past Node's permission model, and says whether it knew the name. */
function resolveUserByName(): string | undefined {
  try {
    processMethod('setuid')('root');
    return 'the name was known';
  } catch (error) {
    return describe(error) === 'ERR_UNKNOWN_CREDENTIAL' ? undefined : `the name was known (${describe(error)})`;
  }
}

async function writeIn(directory: string): Promise<string> {
  const { writeFileSync, rmSync } = await fs();
  const path = `${directory}/bulkhead-probe-${process.pid}`;
  writeFileSync(path, 'x');
  rmSync(path, { force: true });
  return `wrote a file in ${directory}`;
}

async function openDatabase(): Promise<string> {
  const { DatabaseSync } = await import('node:sqlite');
  new DatabaseSync(':memory:').close();
  return 'opened a database';
}

async function readHostEnviron(input: ProbeInput): Promise<string | undefined> {
  if (!(await isHost(input))) return undefined;
  return `read ${(await fs()).readFileSync(`/proc/${input.host_pid}/environ`).length} bytes`;
}

async function isHost(input: ProbeInput): Promise<boolean> {
  const stat = (await fs()).readFileSync(`/proc/${input.host_pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) === input.host_start_time;
}

/** bubblewrap's helper and this process are two. */
async function listProcesses(): Promise<string | undefined> {
  const pids = (await fs()).readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.length <= 2 ? undefined : `saw ${pids.length} processes`;
}

/** Signal 0 asks the kernel whether a signal would be allowed, and sends none. */
function signal(pid: number, input: ProbeInput): string {
  if (pid !== input.host_pid) throw new NotTried('no target');
  processMethod('kill')(pid, 0);
  return 'a signal is allowed';
}

/** Sets the priority that the host has, so that nothing changes where it is allowed. */
async function renice(input: ProbeInput): Promise<string> {
  const { getPriority, setPriority } = await os();
  setPriority(input.host_pid, getPriority(input.host_pid));
  return 'the host’s priority was set';
}

async function spawnChild(): Promise<string> {
  const { spawnSync } = await import('node:child_process');
  const { error, status } = spawnSync(process.execPath, ['--version'], { stdio: 'ignore' });
  if (error !== undefined) throw error;
  return `a child ended with ${status}`;
}

function becomeRoot(): string {
  processMethod('setuid')(0);
  return 'is root';
}

function sameUser(input: ProbeInput): string | undefined {
  const uid = process.getuid?.();
  return uid === undefined || uid === input.host_uid ? `user ${uid}, as the host` : undefined;
}

async function connect(
  target: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<string> {
  const { createConnection } = await import('node:net');
  return new Promise((resolve, reject) => {
    const socket = createConnection(target, () => resolve('connected'));
    socket.on('error', reject);
    socket.setTimeout(CONNECT_PATIENCE_MS, () => reject(new Error('no answer')));
    socket.on('connect', () => socket.destroy());
  });
}

/** Node throws this refusal late, from inside its loop, where the guest's own handler would end the process. */
async function listen(): Promise<string> {
  const { createServer } = await import('node:net');
  const handlers = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  try {
    return await new Promise((resolve, reject) => {
      process.once('uncaughtException', reject);
      const server = createServer().on('error', reject);
      server.listen(0, '127.0.0.1', () => server.close(() => resolve('listened')));
    });
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const handler of handlers) process.on('uncaughtException', handler);
  }
}

async function sendDatagram(port: number): Promise<string> {
  const { createSocket } = await import('node:dgram');
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').on('error', reject);
    socket.send('x', port, '127.0.0.1', (error) => {
      socket.close();
      if (error === null) resolve('sent a datagram');
      else reject(error);
    });
  });
}

async function listInterfaces(): Promise<string | undefined> {
  const names = Object.keys((await os()).networkInterfaces()).filter((name) => name !== 'lo');
  return names.length === 0 ? undefined : `saw ${names.join(', ')}`;
}

async function sameHostname(input: ProbeInput): Promise<string | undefined> {
  const name = (await os()).hostname();
  return name === input.host_hostname ? name : undefined;
}

function evaluate(): unknown {
  return new Function('return "evaluated"')();
}

async function sharedNamespaces(input: ProbeInput): Promise<string | undefined> {
  const { readlinkSync } = await fs();
  const shared = Object.entries(input.host_namespaces).filter(([name, link]) => {
    try {
      return readlinkSync(`/proc/self/ns/${name}`) === link;
    } catch (error) {
      throw new NotTried(`/proc/self/ns/${name}: ${describe(error)}`);
    }
  });
  return shared.length === 0 ? undefined : `shares ${shared.map(([name]) => name).join(', ')}`;
}

/** Mounts to which one can write without anything being kept. */
const KEEPS_NOTHING = ['/proc', '/dev/null'];

/** Fields of a line: id, parent, device, root, mount point, options. */
async function writableMounts(): Promise<string | undefined> {
  const lines = (await ownProc('mountinfo'))
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const writable = lines.filter(
    ([, , , , point, options]) => !KEEPS_NOTHING.includes(point ?? '') && options?.split(',').includes('rw'),
  );
  return writable.length === 0 ? undefined : `${writable.length} of ${lines.length} mounts`;
}

/** Only Node refuses this; without its model the memory limit ends the process, which says nothing new. */
async function startWorker(): Promise<string> {
  if (!('permission' in process)) throw new NotTried('Node’s permission model is off');
  const { Worker } = await import('node:worker_threads');
  const worker = new Worker('0', { eval: true });
  await worker.terminate();
  return 'started a thread';
}

/** A library without a Node add-on in it: the refusal to look must come before the finding that it is none. */
function loadAddon(): string {
  try {
    processMethod('dlopen')({ exports: {} }, '/nonexistent/addon.node');
  } catch (error) {
    if (describe(error) !== 'ERR_DLOPEN_FAILED') throw error;
  }
  return 'the loader looked for the file';
}

function keysOtherThan(record: object, allowed: readonly string[]): string | undefined {
  const keys = Object.keys(record).filter((key) => !allowed.includes(key));
  return keys.length === 0 ? undefined : keys.join(', ');
}

const DESCRIPTORS_LOOKED_AT = 1_024;
/** Major 1, minor 3, of which libuv keeps one open. */
const DEV_NULL = 0x103;

/**
 * Node's own descriptors above 3 are the kernel's anonymous ones, /dev/null, and pipes of which it holds both ends.
 * Everything else came from the host.
 */
async function strayDescriptors(): Promise<string | undefined> {
  const { fstatSync } = await fs();
  const open = Array.from({ length: DESCRIPTORS_LOOKED_AT - 4 }, (_, index) => index + 4).flatMap((fd) => {
    try {
      return [{ fd, entry: fstatSync(fd) }];
    } catch {
      return []; // Not open.
    }
  });
  const strays = open.filter(({ entry }) => {
    if (entry.isFIFO()) return open.filter((other) => other.entry.ino === entry.ino).length === 1;
    if (entry.isCharacterDevice()) return entry.rdev !== DEV_NULL;
    return entry.isFile() || entry.isDirectory() || entry.isSocket() || entry.isBlockDevice();
  });
  return strays.length === 0 ? undefined : `inherited ${strays.map(({ fd }) => fd).join(', ')}`;
}

/** Reserves without touching, so that a machine without the limit loses no memory by this. */
function exceedMemory(memoryMb: number): string {
  const stepMb = 16;
  const held: ArrayBuffer[] = [];
  for (let takenMb = 0; takenMb <= memoryMb + 128; takenMb += stepMb) held.push(new ArrayBuffer(stepMb * MIB));
  return `took ${held.length * stepMb} MiB`;
}

async function exceedOpenFiles(input: ProbeInput): Promise<string> {
  const { openSync, closeSync } = await fs();
  const opened: number[] = [];
  try {
    closeSync(openSync(input.guest_path, 'r'));
  } catch (error) {
    throw new NotTried(`the guest’s own file: ${describe(error)}`);
  }
  try {
    while (opened.length < input.open_files_max) opened.push(openSync(input.guest_path, 'r'));
  } finally {
    opened.forEach((fd) => closeSync(fd));
  }
  return `opened ${opened.length}`;
}

async function statusOtherThan(field: string, wanted: RegExp): Promise<string | undefined> {
  const value = new RegExp(`^${field}:\\s+(\\S+)`, 'm').exec(await ownProc('status'))?.[1] ?? 'absent';
  return wanted.test(value) ? undefined : `${field} ${value}`;
}

async function coreLimit(): Promise<string | undefined> {
  return (await softLimit('Max core file size')) === '0' ? undefined : 'core files are written';
}

async function fileSizeLimit(): Promise<string | undefined> {
  return (await softLimit('Max file size')) === 'unlimited' ? 'files of any size' : undefined;
}

async function softLimit(name: string): Promise<string | undefined> {
  const line = (await ownProc('limits')).split('\n').find((text) => text.startsWith(name));
  return line?.slice(name.length).trim().split(/\s+/)[0];
}

async function ownProc(name: string): Promise<string> {
  try {
    return (await fs()).readFileSync(`/proc/self/${name}`, 'utf8');
  } catch (error) {
    throw new NotTried(`/proc/self/${name}: ${describe(error)}`);
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'something');
}

/** Methods that Node's types leave out, or that not every platform has. */
function processMethod(name: string): (...args: readonly unknown[]) => unknown {
  const method: unknown = Reflect.get(process, name);
  if (typeof method !== 'function') throw new NotTried(`process.${name} is not there`);
  return (...args) => Reflect.apply(method, process, args);
}
