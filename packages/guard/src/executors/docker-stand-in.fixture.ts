/**
 * For tests where no docker daemon is: a program in place of the docker command, which runs what would run in the container as a
 * process of this machine, and ends it by its name. It isolates nothing.
 */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program, and the arguments that it was called with so far. */
export type DockerStandIn = AsyncDisposable & {
  readonly command: string;
  readonly calls: () => Promise<readonly (readonly string[])[]>;
};

const PROGRAM = `#!${process.execPath}
const { spawn } = require('node:child_process');
const { appendFileSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const [verb, ...args] = process.argv.slice(2);
appendFileSync(join(__dirname, 'calls'), JSON.stringify([verb, ...args]) + '\\n');
const fileOf = (name) => join(__dirname, name + '.pid');
if (verb === 'kill') {
  try {
    process.kill(-Number(readFileSync(fileOf(args[0]), 'utf8')), 'SIGKILL');
  } catch {
    console.error('Error response from daemon: No such container: ' + args[0]);
    process.exitCode = 1;
  }
} else {
  const name = args[args.indexOf('--name') + 1];
  const at = args.indexOf('--entrypoint');
  const child = spawn(process.execPath, args.slice(at + 3), { stdio: 'inherit', detached: true, env: { TMPDIR: join(__dirname, 'tmp') } });
  writeFileSync(fileOf(name), String(child.pid));
  child.on('exit', (code, signal) => {
    rmSync(fileOf(name));
    // With its first process a container ends.
    try { process.kill(-child.pid, 'SIGKILL'); } catch {}
    process.exitCode = signal === null ? code : 137;
  });
}
`;

/** Writes the program into a folder of its own, which goes when it is disposed. */
export async function createDockerStandIn(): Promise<DockerStandIn> {
  const dir = await mkdtemp(join(tmpdir(), 'guard-docker-'));
  const command = join(dir, 'docker');
  await mkdir(join(dir, 'tmp'));
  await writeFile(join(dir, 'package.json'), '{"type":"commonjs"}');
  await writeFile(command, PROGRAM);
  await chmod(command, 0o755);
  await writeFile(join(dir, 'calls'), '');
  return {
    command,
    calls: async () => {
      const lines = (await readFile(join(dir, 'calls'), 'utf8')).split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as string[]); // The program wrote them.
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}
