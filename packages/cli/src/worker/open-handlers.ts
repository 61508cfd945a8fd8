/**
 * The host of a worker: its own, in memory, with the plugins whose handlers it has. It ends with the worker.
 */
import { createHost, HostError, type Host, type HostOptions, type Log } from '@bulkhead/host';
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

/** Opens the host, installs the plugins, and our own where none of them has a handler, and finds their handlers. @throws {UsageError} for a folder without any. */
export async function openHandlers(
  { plugins, grants, allow, models }: Pick<WorkerSettings, 'plugins' | 'grants' | 'allow' | 'models'>,
  log: Log,
): Promise<OpenHandlers> {
  const folders = (await Promise.all(plugins.map(pluginFoldersIn))).flat();
  await using cleanup = new AsyncDisposableStack();
  const host = cleanup.use(
    await createHost({ log, spareCount: 0, measured: 'lately', grants, ...modelOptions(models) }),
  );
  if (folders.length === 0) await installOwnHandlers(host);
  const refused = (await Promise.all(folders.map((folder) => install(host, folder)))).filter(
    (why) => why !== undefined,
  );
  // Plugins without a handler, such as those of a model alone, are there for our own.
  if (folders.length > 0 && refused.length === 0 && !(await hasHandlers(host))) await installOwnHandlers(host);
  const handlers = await discoverHandlers(host, { tenant: DEFAULT_TENANT, ...(allow !== undefined && { allow }) });
  const opened = cleanup.move();
  return { host, handlers, refused, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function hasHandlers(host: Host): Promise<boolean> {
  const { offers, unavailable } = await discoverHandlers(host, { tenant: DEFAULT_TENANT });
  return offers.length + unavailable.length > 0;
}

function modelOptions({ backends, privateHosts, pluginHosts }: WorkerSettings['models']): Partial<HostOptions> {
  return { privateHosts, pluginHosts, ...(backends.length > 0 && { llm: { backends } }) };
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
