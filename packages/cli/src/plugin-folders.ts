/**
 * The folders of `--plugins`: installs what is in them for the built-in tenant (DESIGN 9), and remembers in the data
 * directory which plugins came from where, so that one whose folder was deleted while no server ran does not run on.
 */
import { existsSync, realpathSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { HostError, toDataFault, type Host } from '@bulkhead/host';
import { DEFAULT_TENANT, isJsonObject } from '@bulkhead/protocol';
import type { Terminal } from './terminal.ts';

/** Whom a folder of `--plugins` is installed for. */
export const FOR_DEFAULT = { tenant: DEFAULT_TENANT } as const;
/** Who withdraws a plugin whose folder is gone, in the audit log. */
export const FOLDERS_ACTOR = 'serve';

/** What is refused is listed by the host; a folder that is not there holds no plugins, which is said and not fatal. */
export async function installFolders(host: Host, dirs: readonly string[], terminal: Terminal): Promise<void> {
  if (dirs.length === 0) terminal.say('no --plugins: installing none');
  for (const dir of dirs) {
    if (!existsSync(dir)) terminal.say(`${dir} is not there: it holds no plugins`);
    const done = terminal.progress(`installing the plugins of ${dir}`);
    try {
      await (isPluginFolder(dir) ? installOne(host, dir) : host.installAll(dir, AT_START));
    } finally {
      done();
    }
  }
}

/**
 * Withdraws plugins of earlier starts whose folder is gone, says which go on though `--plugins` no longer names them, and
 * remembers those of this start.
 *
 * @throws {HostError} `DATA_UNUSABLE`.
 */
export async function settleFolders(
  host: Host,
  { dirs, dataDir }: { readonly dirs: readonly string[]; readonly dataDir: string },
  terminal: Terminal,
): Promise<void> {
  const file = join(dataDir, 'plugin-folders.json');
  const given = givenFolders(host, dirs);
  const kept = new Map<string, string>();
  for (const [name, folder] of await readFolders(file)) {
    if (given.has(name)) continue;
    if (existsSync(folder)) {
      kept.set(name, folder);
      terminal.say(`${name} is of an earlier start, and serves on as it is registered; --plugins does not name it`);
    } else {
      await host.withdraw(name, DEFAULT_TENANT, FOLDERS_ACTOR);
      terminal.say(`${name} is disabled for ${DEFAULT_TENANT}: its folder ${folder} is gone`);
    }
  }
  await writeFolders(file, dataDir, new Map([...kept, ...given]));
}

const AT_START = { ...FOR_DEFAULT, mayRecallTrial: true } as const;

function isPluginFolder(dir: string): boolean {
  return existsSync(join(dir, 'plugin.json'));
}

async function installOne(host: Host, dir: string): Promise<void> {
  try {
    await host.install(dir, AT_START);
  } catch (error) {
    if (!(error instanceof HostError)) throw error; // A refusal is listed by the host itself.
  }
}

/** Plugins below the folders that are there, by name; a refused one counts, since its folder is given. */
function givenFolders(host: Host, dirs: readonly string[]): ReadonlyMap<string, string> {
  const roots = dirs.filter((dir) => existsSync(dir)).map((dir) => realpathSync(dir));
  const isBelow = (place: string): boolean => roots.some((root) => place === root || place.startsWith(root + sep));
  const registered = host.registry.registered().map(({ name, place }) => [name, place ?? ''] as const);
  const refused = host.refused().map(({ name, path }) => [name, path] as const);
  return new Map([...refused, ...registered].filter(([, place]) => isBelow(place) && existsSync(place)));
}

/** A file that cannot be read as ours remembers nothing: then nothing is withdrawn. */
async function readFolders(file: string): Promise<readonly (readonly [string, string])[]> {
  try {
    const read: unknown = JSON.parse(await readFile(file, 'utf8'));
    const entries = isJsonObject(read) ? Object.entries(read) : [];
    return entries.flatMap(([name, folder]) => (typeof folder === 'string' ? [[name, folder] as const] : []));
  } catch {
    return [];
  }
}

async function writeFolders(file: string, dataDir: string, folders: ReadonlyMap<string, string>): Promise<void> {
  try {
    await writeFile(`${file}.new`, `${JSON.stringify(Object.fromEntries(folders), null, 2)}\n`);
    await rename(`${file}.new`, file);
  } catch (error) {
    throw toDataFault(dataDir, error);
  }
}
