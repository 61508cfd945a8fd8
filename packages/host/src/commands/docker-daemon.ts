/**
 * The docker daemon of this machine: finds its command and its address, and judges whether it holds a container to what is asked, and
 * whether it has an image. Nothing is ever fetched: an image that a plugin could name freely would be a way out, and fills a disk.
 */
import { execFile } from 'node:child_process';
import { HostError } from '../base/host-error.ts';
import { findCommand } from '../requirements/system-probe.ts';

/** The environment of the host; of it docker's own variables count. */
type Environment = Readonly<Record<string, string | undefined>>;

/** One that answers, by its docker command. */
export type DockerDaemon = {
  /** Absolute path of the command. */
  readonly command: string;
  /** Of a socket on this machine, such as `unix:///var/run/docker.sock`. */
  readonly address: string;
};

/** How a docker command ended; `code` is null where it could not be started, or took too long. */
export type DockerAnswer = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** A name of an image, with its registry, tag or digest: never an option of docker's. */
export const IMAGE_PATTERN = String.raw`^[a-z0-9](?:[\w./:@-]{0,253}\w)?$`;

/** Nothing of the operator's settings reaches a container, such as addresses of proxies, which may hold a password. */
export const DOCKER_ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  DOCKER_CONFIG: '/nonexistent',
};

const ANSWER_MS_MAX = 20_000;
const ANSWER_BYTES_MAX = 1024 * 1024;
const SAID_CHARACTERS = 400;
/** Where docker's client looks for the address. */
const ADDRESS_VARIABLES = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'HOME'];

/**
 * Finds the daemon whose address the host's environment has, `DOCKER_HOST` for one, and asks it.
 *
 * @throws {HostError} `COMMAND_UNAVAILABLE` with the cure: no docker command, no daemon that answers, one of another machine, or one
 *   that cannot hold a container to its bounds.
 */
export async function findDockerDaemon(env: Environment): Promise<DockerDaemon> {
  const command = await findCommand('docker', DOCKER_ENVIRONMENT.PATH);
  if (command === undefined)
    throw unavailable('there is no docker command in /usr/local/bin, /usr/bin or /bin', INSTALL_CURE);
  const daemon = { command, address: await findAddress(command, env) };
  const { code, stdout, stderr } = await askDocker(daemon, ['info', '--format', '{{json .}}']);
  const about = code === 0 ? objectOf(stdout) : undefined;
  if (about === undefined) throw unanswered(daemon, stderr);
  const weakness = weaknessOf(about);
  if (weakness === undefined) return daemon;
  throw unavailable(`the docker daemon ${weakness.what}`, weakness.cure);
}

/**
 * Returns the id of an image that the daemon has.
 *
 * @throws {HostError} `COMMAND_UNAVAILABLE` with the cure where it has none of that name, or one with volumes.
 */
export async function findImage(daemon: DockerDaemon, image: string): Promise<string> {
  const format = '{"id":{{json .Id}},"volumes":{{json .Config.Volumes}}}';
  const { code, stdout, stderr } = await askDocker(daemon, ['image', 'inspect', '--format', format, image]);
  const found = code === 0 ? objectOf(stdout) : undefined;
  const { id, volumes } = found ?? {};
  if (typeof id === 'string' && /^sha256:[0-9a-f]{64}$/.test(id)) {
    if (isEmpty(volumes)) return id;
    throw unavailable(
      `the image "${image}" declares volumes, in which nothing bounds what is written`,
      'build one without',
    );
  }
  if (!/no such image/i.test(stderr)) throw unanswered(daemon, stderr);
  throw unavailable(
    `the docker daemon has no image "${image}", and none is fetched for a plugin`,
    `docker pull ${image}, as whoever runs this server`,
  );
}

/** Asks by the docker command, with no environment of the host's; never rejects. */
export function askDocker({ command, address }: DockerDaemon, args: readonly string[]): Promise<DockerAnswer> {
  return askCommand(command, ['--host', address, ...args], DOCKER_ENVIRONMENT);
}

/** Makes the refusal; `cure` is what an operator does about it. */
export function unavailable(what: string, cure: string): HostError {
  return new HostError('COMMAND_UNAVAILABLE', { message: `${what}. To cure: ${cure}` });
}

const INSTALL_CURE = 'install Docker, such as by apt-get install docker.io, and start its daemon';

/** The client's own answer, so that variables, contexts and defaults count as for whoever types `docker`. */
async function findAddress(command: string, env: Environment): Promise<string> {
  const own = ADDRESS_VARIABLES.flatMap((name) => {
    const value = env[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  const args = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'];
  const { code, stdout, stderr } = await askCommand(command, args, {
    PATH: DOCKER_ENVIRONMENT.PATH,
    ...Object.fromEntries(own),
  });
  const address = stdout.trim();
  if (code !== 0 || address === '')
    throw unavailable(
      `docker does not tell where its daemon is: ${shortOf(stderr)}`,
      'mend DOCKER_HOST or its context',
    );
  if (address.startsWith('unix://')) return address;
  const elsewhere = JSON.stringify(address.replace(/\/\/[^/]*@/, '//').slice(0, 200));
  throw unavailable(
    `the docker daemon is at ${elsewhere}; a command needs one that shares the files of this machine`,
    'set DOCKER_HOST to a socket of this machine, such as unix:///var/run/docker.sock',
  );
}

type Weakness = { readonly what: string; readonly cure: string };

function weaknessOf(about: Readonly<Record<string, unknown>>): Weakness | undefined {
  const { OSType: system, MemoryLimit: hasMemory, PidsLimit: hasPids, SecurityOptions: security } = about;
  const options = JSON.stringify(security ?? []);
  if (system !== 'linux') return { what: 'runs no containers of Linux', cure: 'use one that does' };
  if (hasMemory !== true || hasPids !== true)
    return { what: 'cannot bound memory and processes', cure: 'give it the control groups memory and pids' };
  // A user of such a container is nobody to whom a folder of ours can be given.
  if (/name=(?:rootless|userns)/.test(options))
    return { what: 'maps its users to others (rootless or userns-remap)', cure: 'use one that does not' };
  return undefined;
}

function unanswered({ address }: DockerDaemon, said: string): HostError {
  const cure = `start it (systemctl start docker, or dockerd), let the user of this server use its socket, or set DOCKER_HOST`;
  return unavailable(`no docker daemon answers at ${address} (${shortOf(said)})`, cure);
}

function shortOf(said: string): string {
  return said.trim().replaceAll(/\s+/g, ' ').slice(0, SAID_CHARACTERS) || 'it said nothing';
}

function isEmpty(volumes: unknown): boolean {
  return (
    volumes === undefined || volumes === null || (typeof volumes === 'object' && Object.keys(volumes).length === 0)
  );
}

function objectOf(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // Whoever answered is no docker.
  }
}

function askCommand(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return new Promise<DockerAnswer>((resolve) => {
    const options = { env, timeout: ANSWER_MS_MAX, killSignal: 'SIGKILL', maxBuffer: ANSWER_BYTES_MAX } as const;
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr: stderr === '' && error !== null ? error.message : stderr });
    });
  });
}
