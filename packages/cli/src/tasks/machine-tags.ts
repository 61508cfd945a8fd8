/**
 * What this machine can do, as capability tags, for a task that is run here and not by a worker: nobody has said it, so it is looked for.
 * Nothing is started to find out.
 */
import { accessSync, constants, existsSync } from 'node:fs';
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
export function machineTags(typed: string | undefined, env: Environment): readonly string[] {
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
  const docker = hasDocker(env) ? ['docker'] : [];
  return withImpliedTags(['cpu', 'node', 'internet', ...docker, ...found, ...given]);
}

const DOCKER_SOCKET = '/var/run/docker.sock';

/** The command, and a daemon that it would ask. */
function hasDocker(env: Environment): boolean {
  return isOnPath('docker', env) && ((env['DOCKER_HOST'] ?? '') !== '' || existsSync(DOCKER_SOCKET));
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
