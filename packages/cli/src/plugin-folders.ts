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
import { UsageError } from './usage-error.ts';

/** Whom a folder of `--plugins` is installed for. */
export const FOR_DEFAULT = { tenant: DEFAULT_TENANT } as const;
/** Who withdraws a plugin whose folder is gone, in the audit log. */
const FOLDERS_ACTOR = 'serve';

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

/** Installs them all. @throws {UsageError} where one is refused: whoever asks needs it. */
export async function installOrRefuse(host: Host, dirs: readonly string[], terminal: Terminal): Promise<void> {
  await installFolders(host, dirs, terminal);
  const [refused] = host.refused();
  if (refused === undefined) return;
  throw new UsageError(
    `the plugin ${refused.name} of ${refused.path} is refused (${refused.code})`,
    'See `bulkhead check` of its folder.',
  );
}

/** A host, and the data directory that remembers its folders. */
export type FolderHome = { readonly host: Host; readonly dataDir: string };

/**
 * Withdraws plugins of earlier starts whose folder is gone, brings back those whose folder has returned, says which go on
 * though `--plugins` no longer names them, and remembers all that.
 *
 * @throws {HostError} `DATA_UNUSABLE`.
 */
export async function settleFolders(
  { host, dataDir }: FolderHome,
  dirs: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const given = givenFolders(host, dirs);
  const { served, withdrawn } = await readMemory(dataDir);
  const left = [...served].filter(([name]) => !given.has(name));
  const gone = left.filter(([, folder]) => !existsSync(folder));
  for (const [name, folder] of gone) {
    await host.withdraw(name, DEFAULT_TENANT, FOLDERS_ACTOR);
    terminal.say(`${name} is disabled for ${DEFAULT_TENANT}: its folder ${folder} is gone`);
  }
  const back = withdrawn.filter((name) => given.has(name));
  for (const name of back) await bringBack(host, name);
  const kept = left.filter(([, folder]) => existsSync(folder));
  for (const [name] of kept)
    terminal.say(`${name} is of an earlier start, and serves on as it is registered; --plugins does not name it`);
  const away = [...withdrawn, ...gone.map(([name]) => name)].filter((name) => !given.has(name));
  await writeMemory(dataDir, { served: new Map([...kept, ...given]), withdrawn: [...new Set(away)] });
}

/** Withdraws a plugin whose folder has gone while the server runs. @throws {HostError} `DATA_UNUSABLE`. */
export async function withdrawFolder({ host, dataDir }: FolderHome, name: string): Promise<void> {
  await host.withdraw(name, DEFAULT_TENANT, FOLDERS_ACTOR);
  const { served, withdrawn } = await readMemory(dataDir);
  const rest = [...served].filter(([other]) => other !== name);
  await writeMemory(dataDir, { served: new Map(rest), withdrawn: [...new Set([...withdrawn, name])] });
}

/** It was disabled by us, and not by an administrator. One that was refused has nothing to enable. */
async function bringBack(host: Host, name: string): Promise<void> {
  try {
    await host.registrations.enable(name, { tenant: DEFAULT_TENANT, by: FOLDERS_ACTOR });
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'PLUGIN_NOT_FOUND') throw error;
  }
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

type Memory = { readonly served: ReadonlyMap<string, string>; readonly withdrawn: readonly string[] };

const fileOf = (dataDir: string): string => join(dataDir, 'plugin-folders.json');

/** A file that cannot be read as ours remembers nothing: then nothing is withdrawn. */
async function readMemory(dataDir: string): Promise<Memory> {
  const text = await readFile(fileOf(dataDir), 'utf8').catch(() => '{}');
  const read: unknown = parse(text);
  const { served = {}, withdrawn = [] } = isJsonObject(read) ? read : {};
  const entries = isJsonObject(served) ? Object.entries(served) : [];
  return {
    served: new Map(entries.flatMap(([name, folder]) => (typeof folder === 'string' ? [[name, folder] as const] : []))),
    withdrawn: Array.isArray(withdrawn) ? withdrawn.filter((name) => typeof name === 'string') : [],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function writeMemory(dataDir: string, { served, withdrawn }: Memory): Promise<void> {
  const file = fileOf(dataDir);
  try {
    const text = JSON.stringify({ served: Object.fromEntries(served), withdrawn }, null, 2);
    await writeFile(`${file}.new`, `${text}\n`);
    await rename(`${file}.new`, file);
  } catch (error) {
    throw toDataFault(dataDir, error);
  }
}
