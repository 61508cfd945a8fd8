/**
 * Arguments of docker that run one command of a plugin in a container, where its run folder is the only place that can be written. Pure.
 */
import { LIMITS } from '@bulkhead/protocol';

/** A container to run. */
export type ContainerRun = {
  /** That the host chose, and by which it ends it. */
  readonly name: string;
  /** Id of an image that is there. */
  readonly image: string;
  /** Who it is, such as `65534:65534`; never root. */
  readonly user: string;
  /** The run's folder, and that of the stopwatch, as the machine has them. */
  readonly dir: string;
  readonly kit: string;
  readonly memoryMb: number;
  readonly pids: number;
  /** Program and arguments inside. */
  readonly argv: readonly string[];
};

/** Where a container has its run folder: absolute, and its working directory. */
export const CONTAINER_FOLDER = '/work';
/** Where it has the stopwatch and what that is run with. */
export const CONTAINER_KIT = '/bulkhead';

/** Less than this docker does not take, or does not start with. */
const MEMORY_MB_MIN = 16;
const PIDS_MIN = 16;
const OPEN_FILES_MAX = 1_024;

/**
 * Makes them, beginning with `run`.
 *
 * @see X000-17; docs.docker.com/reference/cli/docker/container/run.
 */
export function containerArguments(run: ContainerRun): readonly string[] {
  const memory = `${Math.max(run.memoryMb, MEMORY_MB_MIN)}m`;
  const [program = '', ...args] = run.argv;
  return [
    ...['run', '--rm', '--interactive', '--sig-proxy=false', '--pull', 'never', '--name', run.name],
    ...['--network', 'none', '--pids-limit', String(Math.max(run.pids, PIDS_MIN))],
    ...['--memory', memory, '--memory-swap', memory, '--ipc', 'none'],
    ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', run.user],
    ...['--ulimit', `fsize=${LIMITS.command_file_bytes.value}`, '--ulimit', 'core=0'],
    ...['--ulimit', `nofile=${OPEN_FILES_MAX}`, '--log-driver', 'none', '--no-healthcheck'],
    ...['--mount', bindOf(run.dir, CONTAINER_FOLDER), '--mount', `${bindOf(run.kit, CONTAINER_KIT)},readonly`],
    ...['--workdir', CONTAINER_FOLDER, '--env', `HOME=${CONTAINER_FOLDER}`, '--env', `TMPDIR=${CONTAINER_FOLDER}`],
    ...['--env', 'LANG=C.UTF-8', '--entrypoint', program, run.image, ...args],
  ];
}

/** The option is a line of comma-separated values: what holds a comma is quoted. */
function bindOf(source: string, target: string): string {
  return `type=bind,"source=${source.replaceAll('"', '""')}",target=${target}`;
}
