/**
 * A worker that stops for good at one place, which it names in a line, so that a test can kill it there: the worker, host and queue of the
 * command line, with a gate before each step of the task that is meant.
 *
 *   claimed    the task is its own, and nothing of it has run       complete   the result is there, and the queue has not heard of it
 *   dispatch   the handler is asked whether it takes it             completed  the queue has it, and the worker does not know
 *   handle     the handler works on it
 */
import { createWorker, discoverHandlers, runTask, workerKinds } from '@bulkhead/evolve';
import { createHost } from '@bulkhead/host';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { openDatabase, openTaskQueue } from '@bulkhead/store';

/** Where it stops. */
export const PHASES = ['claimed', 'dispatch', 'handle', 'complete', 'completed'] as const;

/** What it is told, as JSON in its only argument. `dies`: it kills itself there in place of stopping. */
export type WorkerRequest = {
  readonly url: string;
  readonly id: string;
  readonly plugin: string;
  readonly phase: (typeof PHASES)[number];
  readonly taskId: string;
  readonly leaseMs: number;
  readonly dies?: boolean;
};

if (import.meta.main) await work(JSON.parse(process.argv[2] ?? '') as WorkerRequest); // The test's own.

async function work(request: WorkerRequest): Promise<void> {
  const { url, id, plugin, phase, taskId, leaseMs, dies = false } = request;
  const gate = async (at: (typeof PHASES)[number], task: string): Promise<void> => {
    if (at !== phase || task !== taskId) return;
    process.stdout.write(`${JSON.stringify({ at })}\n`);
    if (dies) process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  };
  const host = await createHost({ spareCount: 0, tierMax: 'process' });
  await host.install(plugin);
  const queue = await openTaskQueue(await openDatabase({ kind: 'server', url }));
  const handlers = await discoverHandlers(host, { tenant: DEFAULT_TENANT });
  const tags = ['cpu'];
  const callEntry: typeof host.callEntry = async (call) => {
    const [task] = call.args ?? [];
    const { id: called } = task as { readonly id: string }; // runTask's only argument.
    const running = host.callEntry(call); // The guest has it, or will at once.
    await gate(call.method === 'dispatch' ? 'dispatch' : 'handle', called);
    return running;
  };
  const worker = createWorker({
    ...{ workerId: id, tags, kinds: workerKinds(handlers.offers, tags), leaseMs },
    queue: {
      claim: (claim) => queue.claim(claim),
      heartbeat: (lease, ms) => queue.heartbeat(lease, ms),
      complete: async (lease, result) => {
        await gate('complete', result.task_id);
        const answer = await queue.complete(lease, result);
        await gate('completed', result.task_id);
        return answer;
      },
    },
    runTask: async (task, whose) => {
      await gate('claimed', task.id);
      return runTask(task, {
        ...{ host: { callEntry }, ...handlers, ...whose, workerTags: tags, workerId: id, imageTag: 'test' },
        clock: { now: () => Date.now() },
      });
    },
    clock: {
      now: () => performance.now(),
      startTimer: (delayMs, didElapse) => {
        const timer = setTimeout(didElapse, delayMs);
        return () => clearTimeout(timer);
      },
    },
  });
  await worker.run(new AbortController().signal);
}
