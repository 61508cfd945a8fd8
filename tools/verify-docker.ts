/**
 * Runs the tests that ask for a docker daemon: `npm run verify:docker`. Where none answers it starts one of its own, below a temporary folder
 * and without a network, which takes root and Debian's package docker.io. The image is made of the pinned Node and what it links, so that
 * nothing is fetched.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const IMAGE = 'node:26';
const START_MS = 30_000;
const PAUSE_MS = 200;
const SAID_CHARACTERS = 2_000;

type Daemon = { readonly address: string | undefined; readonly stop: () => Promise<void> };

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-docker-'));
const daemon = await openDaemon(join(folder, 'daemon'));
try {
  const env = { ...process.env, ...(daemon.address !== undefined && { DOCKER_HOST: daemon.address }) };
  if (spawnSync('docker', ['image', 'inspect', IMAGE], { env, stdio: 'ignore' }).status !== 0) makeImage(env);
  const tests = spawnSync(process.execPath, [vitest(), 'run', '--config', 'vitest.docker.config.ts'], {
    env,
    stdio: 'inherit',
  });
  process.exitCode = tests.status ?? 1;
} finally {
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
}

function vitest(): string {
  return join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
}

/** The daemon that answers already, or one of our own. */
async function openDaemon(home: string): Promise<Daemon> {
  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0) {
    return { address: undefined, stop: () => Promise.resolve() };
  }
  if (spawnSync('dockerd', ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new Error(
      'no docker daemon answers, and there is no dockerd to start. Install one: apt-get install docker.io',
    );
  }
  mkdirSync(home);
  const address = `unix://${join(home, 'socket')}`;
  const log = join(home, 'log');
  const child = spawn('dockerd', daemonArgs(home, address), { stdio: ['ignore', 'ignore', openSync(log, 'w')] });
  await whenAnswering(child, { address, log });
  return { address, stop: () => stop(child) };
}

function daemonArgs(home: string, address: string): readonly string[] {
  return [
    ...['--host', address, '--data-root', join(home, 'data'), '--exec-root', join(home, 'exec')],
    ...['--pidfile', join(home, 'pid'), '--log-level', 'error', '--storage-driver', 'vfs'],
    ...['--bridge', 'none', '--iptables=false', '--ip6tables=false'],
  ];
}

async function whenAnswering(
  child: ChildProcess,
  { address, log }: { readonly address: string; readonly log: string },
): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS && child.exitCode === null; waitedMs += PAUSE_MS) {
    if (spawnSync('docker', ['--host', address, 'info'], { stdio: 'ignore' }).status === 0) return;
    await pause(PAUSE_MS);
  }
  await stop(child);
  const said = readFileSync(log, 'utf8').slice(-SAID_CHARACTERS);
  throw new Error(`dockerd does not answer; it takes root and the rights to mount. It says: ${said}`);
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  return ended;
}

/** Node as it is pinned, the libraries that it links, and nothing else. */
function makeImage(env: NodeJS.ProcessEnv): void {
  const root = join(folder, 'image');
  const linked = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const [from, to] of [[process.execPath, '/usr/local/bin/node'], ...linked.map((path) => [path, path])]) {
    if (from === undefined || to === undefined || !existsSync(from)) continue;
    mkdirSync(join(root, dirname(to)), { recursive: true });
    copyFileSync(from, join(root, to));
  }
  mkdirSync(join(root, 'tmp'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'nobody:x:65534:65534::/:/bin/false\n');
  const archive = join(folder, 'image.tar');
  execFileSync('tar', ['--directory', root, '--create', '--file', archive, '.']);
  execFileSync('docker', ['import', archive, IMAGE], { env, stdio: 'ignore' });
}
