/**
 * How a server that the command line started comes to its end: at the first signal it drains, at the second it is gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import type { FlushingLog, Server } from '@bulkhead/server';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const SIGNAL_EXIT_BASE = 128;
const SIGNAL_NUMBERS: Readonly<Record<(typeof SIGNALS)[number], number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/** Resolves at the first signal. The second ends the process at once, whatever still drains; guests end with it. */
export function nextSignal(log: FlushingLog): Promise<string> {
  const { promise, resolve: arrive } = Promise.withResolvers<string>();
  let count = 0;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      count += 1;
      if (count > 1) {
        log.flush();
        process.exit(SIGNAL_EXIT_BASE + SIGNAL_NUMBERS[signal]);
      }
      arrive(signal);
    });
  }
  return promise;
}

/** What drains; the queue of tasks is closed before the host, with which its database goes. */
export type Draining = { readonly server: Server; readonly host: Host; readonly tasks?: AsyncDisposable };

/**
 * Calls in flight may end, and workers hand in what they have; those that outlast the drain time are answered HOST_CLOSED when the host closes, and a client
 * that still dribbles then is cut off.
 */
export async function drain({ server, host, tasks }: Draining): Promise<void> {
  host.nodes.drain();
  const closed = server.close();
  await Promise.race([closed, sleep(LIMITS.drain_ms.value, undefined, { ref: false })]);
  await tasks?.[Symbol.asyncDispose]();
  await host.close();
  await Promise.race([closed, sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
  server.dropConnections();
  await closed;
}

/** For answers that are written already to leave. */
const LAST_ANSWERS_MS = 1_000;
