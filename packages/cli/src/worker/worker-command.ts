/**
 * How a worker is started as a process: the same command with the same options, and its token where others on the machine cannot see it.
 */
import type { WorkerCommand } from './run-spawner.ts';
import type { WorkerStartOptions } from './worker-settings.ts';

/** Writes the arguments of `worker start` for the options, without those of a spawner; `more` goes behind. */
export function workerCommand(options: WorkerStartOptions, more: readonly string[]): WorkerCommand {
  const { tags, plugins = [], allow, grant = [], concurrency, idleExit, maxUptime, leaseMs } = options;
  const named = { tags: tags?.join(','), allow: allow?.join(','), concurrency, 'idle-exit': idleExit };
  const others = { 'max-uptime': maxUptime, 'lease-ms': leaseMs, server: options.server, data: options.data };
  const args = Object.entries({ ...named, ...others, config: options.config }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const lists = [...plugins.flatMap((dir) => ['--plugins', dir]), ...grant.flatMap((word) => ['--grant', word])];
  return {
    args: ['worker', 'start', ...args, ...lists, ...more],
    env: options.token === undefined ? {} : { BULKHEAD_TOKEN: options.token },
  };
}
