/**
 * Watches plugin folders and has the host read a folder again when its files have come to rest. Calls in flight end on the
 * release that they began with; that is the host's promise, so nothing waits for them here.
 *
 *   file event -> its plugin folder -> quiet for a while -> reload, install or withdraw, one at a time for each folder
 */
import { existsSync, realpathSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Log } from '@bulkhead/host';
import { watch, type FSWatcher } from 'chokidar';
import { FOR_DEFAULT, withdrawFolder, type FolderHome } from './plugin-folders.ts';

/** Editors write a file in several steps, and a checkout changes many. */
const QUIET_MS = 200;

/** What happened to a plugin folder. */
type Change = FolderHome & { readonly folder: string; readonly log: Log };

/** `close` ends it, after the reload that is under way. */
export type Watching = { readonly close: () => Promise<void> };

/** Starts to watch; resolves when every folder is. */
export async function watchPlugins(home: FolderHome, dirs: readonly string[], log: Log): Promise<Watching> {
  const didRest = (folder: string): Promise<void> => readAgain({ ...home, folder, log });
  return watchFolders(dirs, { quietMs: QUIET_MS, log, didRest });
}

/** What is done with a plugin folder whose files have come to rest; it must not reject. */
export type FolderWatch = {
  readonly quietMs: number;
  readonly log: Log;
  readonly didRest: (folder: string) => Promise<void>;
};

/** Watches plugin folders, or folders of them; resolves when every one is watched. */
export async function watchFolders(dirs: readonly string[], { quietMs, log, didRest }: FolderWatch): Promise<Watching> {
  const roots = dirs.filter((dir) => existsSync(dir)).map((dir) => realpathSync(dir));
  const queue = createQueue(didRest, quietMs);
  const watcher = watch(roots, {
    ignoreInitial: true,
    ignored: (path) => /(^|[/\\])(\.git|node_modules)([/\\]|$)/.test(path),
  });
  watcher.on('all', (_event, path) => {
    const folder = folderOf(roots, resolve(path));
    if (folder !== undefined) queue.add(folder);
  });
  watcher.on('error', (error) => log.warn({ err: error }, 'a plugin folder cannot be watched'));
  await ready(watcher);
  log.info({ folders: roots }, 'watching plugin folders');
  return {
    close: async () => {
      await watcher.close();
      await queue.close();
    },
  };
}

function ready(watcher: FSWatcher): Promise<void> {
  const { promise, resolve: arrive } = Promise.withResolvers<void>();
  watcher.once('ready', arrive);
  return promise;
}

/** The plugin folder that a changed path is in: a root that is a plugin itself, or the root's sub-folder. */
function folderOf(roots: readonly string[], path: string): string | undefined {
  const root = roots.find((one) => path === one || path.startsWith(one + sep));
  if (root === undefined) return undefined;
  if (existsSync(join(root, 'plugin.json'))) return root;
  const [name = ''] = relative(root, path).split(sep);
  return name === '' ? undefined : join(root, name);
}

type Queue = { readonly add: (folder: string) => void; readonly close: () => Promise<void> };

/** Runs a task for a folder once it is quiet, and never two at a time for the same one. */
function createQueue(run: (folder: string) => Promise<void>, quietMs: number): Queue {
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Map<string, Promise<void>>();
  const start = (folder: string): void => {
    timers.delete(folder);
    const turn = (running.get(folder) ?? Promise.resolve()).then(() => run(folder));
    running.set(folder, turn);
    void turn.finally(() => {
      if (running.get(folder) === turn) running.delete(folder);
    });
  };
  return {
    add: (folder) => {
      clearTimeout(timers.get(folder));
      timers.set(
        folder,
        setTimeout(() => start(folder), quietMs),
      );
    },
    close: async () => {
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}

/** Never rejects: what a folder is refused for is logged and listed, and what ran goes on running. */
async function readAgain({ host, dataDir, folder, log }: Change): Promise<void> {
  const name = host.registry.registered().find(({ place }) => place === folder)?.name;
  try {
    if (!existsSync(folder)) {
      if (name !== undefined) await withdrawFolder({ host, dataDir }, name);
      log.info({ plugin: name, folder }, 'plugin withdrawn: its folder is gone');
      return;
    }
    const release = name === undefined ? await host.install(folder, FOR_DEFAULT) : await host.reload(name);
    log.info(
      { plugin: release.name, version: release.version, state: release.state, reason: release.reason },
      'plugin reloaded',
    );
  } catch (error) {
    log.warn(
      { plugin: name, folder, reason: error instanceof Error ? error.message : String(error) },
      'plugin not reloaded',
    );
  }
}
