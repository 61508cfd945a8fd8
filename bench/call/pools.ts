/**
 * The two worker pools that a call is compared with: threads that share the host's process, and child processes with
 * Node's own ipc. Both are told to run as many tasks at once as the guest may, which for tinypool is not its default.
 */
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';

/** Something to be run again and again, whose answer is checked each time. */
export type Task = { readonly run: () => Promise<unknown>; readonly check: (answer: unknown) => void };

/** A pool with one worker. */
export type WorkerPool = Task & { readonly close: () => Promise<void> };

const filename = new URL('pool-worker.mjs', import.meta.url).href;
const PARAMS = { a: 20, b: 22 };
const check = (answer: unknown): void => {
  if (answer !== 42) throw new Error(`a pool answered ${String(answer)}`);
};

/** One worker thread of piscina. */
export function openPiscina(tasksAtOnce: number): WorkerPool {
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: tasksAtOnce });
  return { run: () => pool.run(PARAMS), check, close: () => pool.destroy() };
}

/** One child process of tinypool. */
export function openTinypool(tasksAtOnce: number): WorkerPool {
  const pool = new Tinypool({
    filename,
    runtime: 'child_process',
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: tasksAtOnce,
  });
  return { run: () => pool.run(PARAMS), check, close: () => pool.destroy() };
}
