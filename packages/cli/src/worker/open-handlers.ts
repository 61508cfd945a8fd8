/**
 * The host of a worker: its own, in memory, with the plugins whose handlers it has. It ends with the worker.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPackageJSON } from 'node:module';
import { createHost, HostError, type Host, type Log } from '@bulkhead/host';
import { discoverHandlers, type DiscoveredHandlers } from '@bulkhead/evolve';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { pluginFoldersIn } from '../folders-in.ts';
import { UsageError } from '../usage-error.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** A host with handlers; `refused` are folders that are no plugin that can be had, each with why. */
export type OpenHandlers = AsyncDisposable & {
  readonly host: Host;
  readonly handlers: DiscoveredHandlers;
  readonly refused: readonly string[];
};

/** Handlers that come with the command, by the folders of their plugins. */
const OWN_HANDLERS = ['render', 'patch_mutator', 'evaluate', 'execute'] as const;

/** Opens the host, installs the plugins for every tenant, and finds their handlers. @throws {UsageError} where there is no plugin. */
export async function openHandlers(
  { plugins, grants, allow }: Pick<WorkerSettings, 'plugins' | 'grants' | 'allow'>,
  log: Log,
): Promise<OpenHandlers> {
  const folders = plugins.length === 0 ? ownFolders() : (await Promise.all(plugins.map(pluginFoldersIn))).flat();
  await using cleanup = new AsyncDisposableStack();
  const host = cleanup.use(await createHost({ log, spareCount: 0, measured: 'lately', grants }));
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
    await host.install(folder);
    return undefined;
  } catch (error) {
    if (error instanceof HostError) return `${folder}: ${error.message} (${error.code})`;
    throw error;
  }
}

/** Beside the command where it was built, else in the checkout. */
function ownFolders(): readonly string[] {
  const home = dirname(findPackageJSON(import.meta.url) ?? '');
  const places = [join(home, 'dist'), join(home, '../../plugins')];
  const found = OWN_HANDLERS.flatMap((name) => {
    const place = places.map((dir) => join(dir, name)).find((dir) => existsSync(join(dir, 'plugin.json')));
    return place ?? [];
  });
  if (found.length > 0) return found;
  throw new UsageError('there are no plugins with handlers', 'Name plugin folders with --plugins.');
}
