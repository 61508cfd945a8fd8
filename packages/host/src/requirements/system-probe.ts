/**
 * Answers the questions about requirements from the real machine. Reads at most 16 bytes of any file and runs one
 * command, nvidia-smi, without arguments; no package manager, no script of the plugin's.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, stat, type FileHandle } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { systemCodeOf } from '../base/host-error.ts';
import type { FileFault, RequirementProbe } from './check-requirements.ts';

/** Where the probe looks. */
export type SystemProbeOptions = {
  /** The plugin folder. */
  readonly dir: string;
  /** The server's environment; PATH is of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long nvidia-smi may take (X001-6). */
  readonly gpuTimeoutMs?: number;
};

const GPU_TIMEOUT_MS = 5_000;

/** Makes the probe of a plugin folder. */
export function createSystemProbe(options: SystemProbeOptions): RequirementProbe {
  const path = options.env['PATH'] ?? '';
  const timeoutMs = options.gpuTimeoutMs ?? GPU_TIMEOUT_MS;
  const find = (name: string): Promise<string | undefined> => findCommand(name, path);
  return {
    hasModule: (name) => isReadable(join(options.dir, 'node_modules', name, 'package.json')),
    hasCommand: async (name) => (await find(name)) !== undefined,
    faultOfFile: (file) => faultOfFile(isAbsolute(file) ? file : resolve(options.dir, file)),
    hasEnv: (name) => (options.env[name] ?? '') !== '',
    faultOfGpu: async () => faultOfGpu({ command: await find('nvidia-smi'), path, timeoutMs }),
  };
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/** Finds an executable file on a PATH; undefined where none of its folders has it. */
export async function findCommand(name: string, path: string): Promise<string | undefined> {
  // A relative entry would make the answer depend on where the server was started.
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const candidate = join(folder, name);
    const found = await stat(candidate).catch(() => undefined);
    const isExecutable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found?.isFile() === true && isExecutable) return candidate;
  }
  return undefined;
}

const HEAD_BYTES = 16;
/** What a file in Git LFS begins with where only its pointer was fetched. */
const LFS_HEAD = 'version https://';

async function faultOfFile(path: string): Promise<FileFault | undefined> {
  let file: FileHandle;
  try {
    // Without waiting, so that a named pipe cannot hold the host.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '') ? 'absent' : 'unreadable';
  }
  try {
    return await faultOfOpenFile(file);
  } catch {
    return 'unreadable';
  } finally {
    await file.close();
  }
}

async function faultOfOpenFile(file: FileHandle): Promise<FileFault | undefined> {
  const about = await file.stat();
  if (!about.isFile()) return 'not_a_file';
  if (about.size === 0) return 'empty';
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
  if (bytesRead < Math.min(about.size, HEAD_BYTES)) return 'unreadable';
  return head.toString('latin1') === LFS_HEAD ? 'lfs_pointer' : undefined;
}

type GpuProbe = { readonly command: string | undefined; readonly path: string; readonly timeoutMs: number };

/** The whole group is ended with it, because the command may be a script that waits for another. */
function faultOfGpu({ command, path, timeoutMs }: GpuProbe): Promise<string | undefined> {
  if (command === undefined) return Promise.resolve('is not on the server’s PATH');
  return new Promise((answer) => {
    const child = spawn(command, [], { env: { PATH: path }, stdio: 'ignore', detached: true });
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      answer(`did not answer within ${timeoutMs} ms`);
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      answer(`could not be started (${systemCodeOf(error) ?? error.message})`);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      answer(code === 0 ? undefined : `answered with ${code === null ? `signal ${signal}` : `exit code ${code}`}`);
    });
  });
}
