/**
 * The host of a worker: its own, in memory, with the plugins whose handlers it has. It ends with the worker.
 */
import { createHost, HostError, type Host, type Log } from '@bulkhead/host';
import { discoverHandlers, type DiscoveredHandlers } from '@bulkhead/evolve/workers';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { pluginFoldersIn } from '../folders-in.ts';
import { installOwnHandlers } from '../tasks/own-handlers.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** A host with handlers; `refused` are folders that are no plugin that can be had, each with why. */
export type OpenHandlers = AsyncDisposable & {
  readonly host: Host;
  readonly handlers: DiscoveredHandlers;
  readonly refused: readonly string[];
};

/** Opens the host, installs the plugins, or our own where none are named, and finds their handlers. @throws {UsageError} for a folder without any. */
export async function openHandlers(
  { plugins, grants, allow }: Pick<WorkerSettings, 'plugins' | 'grants' | 'allow'>,
  log: Log,
): Promise<OpenHandlers> {
  const folders = (await Promise.all(plugins.map(pluginFoldersIn))).flat();
  await using cleanup = new AsyncDisposableStack();
  const host = cleanup.use(await createHost({ log, spareCount: 0, measured: 'lately', grants }));
  if (folders.length === 0) await installOwnHandlers(host);
  const refused = (await Promise.all(folders.map((folder) => install(host, folder)))).filter(
    (why) => why !== undefined,
  );
  const handlers = await discoverHandlers(host, { tenant: DEFAULT_TENANT, ...(allow !== undefined && { allow }) });
  const opened = cleanup.move();
  return { host, handlers, refused, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** One that is refused keeps no other from its work. */
async function install(host: Host, folder: string): Promise<string | undefined> {
  try {
    await host.install(folder, { mayRecallTrial: true });
    return undefined;
  } catch (error) {
    if (error instanceof HostError) return `${folder}: ${error.message} (${error.code})`;
    throw error;
  }
}
