/**
 * `bulkhead worker add`: workers that go on when this command has ended, each with a log of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { columns, plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { WorkerCommand } from '../worker/run-spawner.ts';
import { workerCommand } from '../worker/worker-command.ts';
import { folderOf, listWorkerFiles } from '../worker/worker-files.ts';
import { newWorkerId } from '../worker/worker-process.ts';
import { readWorkerSettings, type WorkerStartOptions } from '../worker/worker-settings.ts';

type Added = { readonly id: string; readonly pid: number | undefined; readonly log: string; readonly is_up: boolean };

/** Starts them and waits until each is ready, or has ended; exit code 1 where one did not come up. */
export async function addWorkers(count: number, options: WorkerStartOptions, terminal: Terminal): Promise<number> {
  const { dataDir } = await readWorkerSettings(options, process.env);
  await mkdir(folderOf(dataDir), { recursive: true, mode: 0o700 });
  const done = terminal.progress(`starting ${count} workers`);
  const added = await Promise.all(Array.from({ length: count }, () => addOne(options, dataDir))).finally(done);
  if (options.json === true) terminal.result(JSON.stringify(added));
  else for (const line of columns(added.map(rowOf))) terminal.result(line);
  const down = added.filter(({ is_up: isUp }) => !isUp);
  for (const { id, log } of down) terminal.say(plain(`${id} did not come up: ${await lastLine(log)}`));
  return down.length === 0 ? EXIT_OK : EXIT_FAILED;
}

async function addOne(options: WorkerStartOptions, dataDir: string): Promise<Added> {
  const id = newWorkerId();
  const log = join(folderOf(dataDir), `${id}.log`);
  const child = await startDetached(workerCommand(options, ['--id', id, '--json']), log);
  const isUp = await isReady(child, id, dataDir);
  child.unref();
  return { id, pid: child.pid, log, is_up: isUp };
}

async function startDetached({ args, env }: WorkerCommand, log: string): Promise<ChildProcess> {
  await using file = await open(log, 'a', 0o600);
  return spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], {
    ...{ detached: true, stdio: ['ignore', file.fd, file.fd] },
    env: { ...process.env, ...env },
  });
}

const LOOK_EVERY_MS = 25;

/** It has a file as soon as it is ready. */
async function isReady(child: ChildProcess, id: string, dataDir: string): Promise<boolean> {
  const ended = once(child, 'exit').then(
    () => true,
    () => true,
  );
  for (;;) {
    if ((await listWorkerFiles(dataDir)).some((worker) => worker.id === id)) return true;
    const hasEnded = await Promise.race([ended, sleep(LOOK_EVERY_MS, false)]);
    if (hasEnded) return false;
  }
}

function rowOf({ id, pid, log, is_up: isUp }: Added): readonly string[] {
  return [id, isUp ? `pid ${pid ?? ''}` : 'ended', log];
}

async function lastLine(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').at(-1) ?? '';
}
