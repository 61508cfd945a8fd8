/**
 * Reads the configuration: flag > `BULKHEAD__TABLE__KEY` > bulkhead.toml > default (DESIGN 11). A key that is not known, or
 * a value of another kind, is refused with its source, its path and the nearest known key; nothing is guessed.
 */
import { readFile } from 'node:fs/promises';
import { closest } from 'fastest-levenshtein';
import { parse as parseToml } from 'smol-toml';
import { UsageError } from '../usage-error.ts';
import { CONFIG_KEYS, GRANTS_TABLE, keyAt, type Config, type ConfigLayer, type ConfigPath } from './keys.ts';

/** Where the sources are. `file` is undefined where none was named: then bulkhead.toml is read if it is there. */
export type ConfigSources = {
  readonly flags: ConfigLayer;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: string | undefined;
};

/** A value with the path and the words by which its source calls it. */
type Setting = { readonly path: string; readonly shown: string; readonly value: unknown };

const ENV_PREFIX = 'BULKHEAD__';
const DEFAULT_FILE = 'bulkhead.toml';
const SHOWN_CHARACTERS = 80;

/**
 * Reads and joins the three sources.
 *
 * @throws {UsageError} Names the first wrong key or value, and where it stands.
 */
export async function loadConfig({ flags, env, file }: ConfigSources): Promise<Config> {
  const layers = [layerOf(await readSettings(file)), layerOf(envSettings(env)), flags];
  const defaults = Object.fromEntries(Object.entries(CONFIG_KEYS).map(([path, key]) => [path, key.fallback]));
  const grants = Object.assign({}, ...layers.map((layer) => layer.grants)) as Config['grants']; // Lists by name, each.
  return { ...(defaults as Omit<Config, 'grants'>), ...layers[0], ...layers[1], ...layers[2], grants };
}

async function readSettings(file: string | undefined): Promise<readonly Setting[]> {
  const name = file ?? DEFAULT_FILE;
  const text = await readFile(name, 'utf8').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    if (file === undefined && code === 'ENOENT') return undefined;
    throw new UsageError(`${name} cannot be read (${code})`, 'Name an existing file with --config.');
  });
  return text === undefined ? [] : tomlSettings(name, parseFile(name, text));
}

function parseFile(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parseToml(text);
  } catch (cause) {
    const [what = 'is not TOML'] = cause instanceof Error ? cause.message.split('\n') : [];
    throw new UsageError(`${name}: ${what}`, 'See https://toml.io for the format.');
  }
}

function tomlSettings(name: string, tables: Readonly<Record<string, unknown>>): readonly Setting[] {
  return Object.entries(tables).flatMap(([table, keys]) => {
    if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
      return [{ path: table, shown: `${name}: ${table}`, value: keys }];
    }
    return Object.entries(keys).map(([key, value]) => {
      const path = `${table}.${key}`;
      return { path, shown: `${name}: ${path}`, value: value as unknown };
    });
  });
}

function envSettings(env: ConfigSources['env']): readonly Setting[] {
  return Object.entries(env).flatMap(([name, text]) => {
    if (!name.startsWith(ENV_PREFIX) || text === undefined) return [];
    const path = name.slice(ENV_PREFIX.length).toLowerCase().replaceAll('__', '.');
    const value = keyAt(path)?.fromText(text) ?? text;
    return [{ path, shown: name, value }];
  });
}

function layerOf(settings: readonly Setting[]): ConfigLayer {
  const plain: Record<string, unknown> = {};
  const grants: Record<string, unknown> = {};
  for (const setting of settings) {
    const value = checkedValue(setting);
    const [table, name = ''] = setting.path.split('.');
    if (table === GRANTS_TABLE) grants[name] = value;
    else plain[setting.path] = value;
  }
  return { ...plain, grants } as ConfigLayer; // Each value has passed its key's own parser.
}

function checkedValue({ path, shown, value }: Setting): unknown {
  const key = keyAt(path);
  if (key === undefined) throw unknownKey(path, shown);
  const parsed = key.parse(value);
  if (parsed !== undefined) return parsed;
  const given = key.hidesValue === true ? 'not what it takes' : describe(value);
  throw new UsageError(`${shown} is ${given}; expected ${key.expected}`);
}

function unknownKey(path: string, shown: string): UsageError {
  const known = Object.keys(CONFIG_KEYS) as ConfigPath[]; // The table's own keys.
  const nearest = closest(path.slice(0, SHOWN_CHARACTERS), known);
  return new UsageError(
    `${shown} is not known`,
    `Did you mean ${nearest}? Known: ${known.join(', ')}, grants.<plugin>.`,
  );
}

function describe(value: unknown): string {
  const written = JSON.stringify(value);
  return written.length > SHOWN_CHARACTERS ? `${written.slice(0, SHOWN_CHARACTERS)}...` : written;
}
