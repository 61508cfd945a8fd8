/**
 * `bulkhead worker start`: a worker in the foreground, or a spawner of workers.
 */
import type { Terminal } from '../terminal.ts';
import { runSpawner } from '../worker/run-spawner.ts';
import { runWorker } from '../worker/run-worker.ts';
import { workerCommand } from '../worker/worker-command.ts';
import { insistOnWorkerId, newWorkerId } from '../worker/worker-process.ts';
import { readWorkerSettings, type WorkerStartOptions } from '../worker/worker-settings.ts';

/** Runs it to its end; `version` is the command's. @throws {UsageError} for what is wrong with its settings. */
export async function startWorker(
  options: WorkerStartOptions & { readonly id?: string; readonly version: string },
  terminal: Terminal,
): Promise<number> {
  const settings = await readWorkerSettings(options, process.env);
  const id = options.id === undefined ? newWorkerId() : insistOnWorkerId(options.id);
  const name = { id, version: options.version };
  const { spawner } = settings;
  if (spawner === undefined) return runWorker(settings, name, terminal);
  const command = workerCommand(options, ['--once', '--json']);
  return runSpawner({ ...settings, spawner }, { name, command }, terminal);
}
