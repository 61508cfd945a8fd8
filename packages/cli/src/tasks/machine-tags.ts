/**
 * What this machine can do, as capability tags, for a task that is run here and not by a worker: nobody has said it, so it is looked for.
 * Nothing is started to find out; whether a docker daemon is there, its socket is asked.
 */
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { isCapabilityTag, withImpliedTags } from '@bulkhead/host';
import { UsageError } from '../usage-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Commands that bear a tag out; any of them does. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  python: ['python3'],
  rust: ['rustc'],
  gcc13: ['gcc-13'],
};

/**
 * The tags of this machine, with what they imply, sorted: `cpu` and `node`, which are here; `internet`, which a plugin has only where it
 * was granted as well; what commands of PATH bear out; and those that were typed.
 *
 * @throws {UsageError} for what is no tag.
 */
export async function machineTags(typed: string | undefined, env: Environment): Promise<readonly string[]> {
  const given = typed === undefined ? [] : typed.split(',').map((tag) => tag.trim());
  const wrong = given.find((tag) => !isCapabilityTag(tag));
  if (wrong !== undefined)
    throw new UsageError(
      `--tags has ${JSON.stringify(wrong)}, which is no capability tag`,
      'Such as --tags cpu,docker.',
    );
  const found = Object.entries(COMMANDS).flatMap(([tag, commands]) =>
    commands.some((command) => isOnPath(command, env)) ? [tag] : [],
  );
  const docker = (await hasDocker(env)) ? ['docker'] : [];
  return withImpliedTags(['cpu', 'node', 'internet', ...docker, ...found, ...given]);
}

const DOCKER_ADDRESS = 'unix:///var/run/docker.sock';
const UNIX = 'unix://';
const CONNECT_MS_MAX = 1_000;

/** The command, and a daemon behind its socket; one of another machine is taken at its word. */
async function hasDocker(env: Environment): Promise<boolean> {
  if (!isOnPath('docker', env)) return false;
  const given = env['DOCKER_HOST'] ?? '';
  const address = given === '' ? DOCKER_ADDRESS : given;
  return !address.startsWith(UNIX) || isListening(address.slice(UNIX.length));
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const answer = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(CONNECT_MS_MAX, () => answer(false));
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}

function isOnPath(command: string, env: Environment): boolean {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // It is not there, or not ours to run: the same to whoever wants it run.
  }
}
