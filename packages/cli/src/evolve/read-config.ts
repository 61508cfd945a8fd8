/**
 * `evolve.toml`: its tables, with what was typed in place of what stands in it, and the files that it names, which lie beside it.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { EvolveError, readRunConfig, TARGET_BYTES_MAX, type RunConfig, type RunHead } from '@bulkhead/evolve';
import { GuardError } from '@bulkhead/guard';
import { StatisticsError } from '@bulkhead/guard/statistics';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { parse as parseToml } from 'smol-toml';
import { UsageError } from '../usage-error.ts';

/** What is typed in place of what stands in `[evolve]`. */
export type Overrides = {
  readonly seed?: number | undefined;
  readonly evaluations?: number | undefined;
  readonly target?: number | undefined;
  readonly target_ms?: number | undefined;
  readonly workers?: number | undefined;
};

/** A run that may begin. */
export type NewRun = { readonly head: RunHead; readonly config: RunConfig; readonly source: string };

const CONFIG_BYTES_MAX = 1_048_576;

/** Reads it, and the first program. @throws {UsageError} for what its user can mend. */
export async function readNewRun(file: string, overrides: Overrides): Promise<NewRun> {
  const path = resolve(file);
  const tables = withOverrides(parsed(await readText(path, CONFIG_BYTES_MAX), path), overrides);
  const config = checkedConfig(tables, path);
  const config_folder = dirname(path);
  const source = await readText(pathIn(config_folder, config.target.file), TARGET_BYTES_MAX);
  const head: RunHead = {
    ...{ kind: 'bulkhead.evolve.run', schema_version: 1, name: basename(config_folder), config: tables, config_folder },
    file_name: basename(config.target.file),
  };
  return { head, config, source };
}

/** A path of a configuration: beside it, unless it says where. */
export function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** Reads the tables. @throws {UsageError} with the file. */
export function checkedConfig(tables: JsonObject, file: string): RunConfig {
  try {
    return readRunConfig(tables);
  } catch (error) {
    const isTold = error instanceof EvolveError || error instanceof GuardError || error instanceof StatisticsError;
    if (!isTold) throw error;
    throw new UsageError(
      `${file}: ${error.message} (${error.code})`,
      'docs/evolve.md lists the tables and their keys.',
    );
  }
}

async function readText(path: string, bytesMax: number): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new UsageError(`${path} cannot be read (${code})`, 'Name a file that is there.');
  });
  if (Buffer.byteLength(text) <= bytesMax) return text;
  throw new UsageError(`${path} has ${Buffer.byteLength(text)} bytes; expected at most ${bytesMax}`);
}

function parsed(text: string, path: string): JsonObject {
  try {
    // Through JSON, where a date of TOML becomes a text.
    const value: unknown = JSON.parse(JSON.stringify(parseToml(text), infinities));
    if (isJsonObject(value)) return value;
  } catch (cause) {
    const [what = 'is not TOML'] = cause instanceof Error ? cause.message.split('\n') : [];
    throw new UsageError(`${path}: ${what}`, 'See https://toml.io for the format.');
  }
  throw new UsageError(`${path} has no tables`);
}

/** JSON has none, and would make null of them. */
function infinities(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function withOverrides(tables: JsonObject, overrides: Overrides): JsonObject {
  const given = Object.fromEntries(
    Object.entries(overrides).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
  const { evolve } = tables;
  if (evolve !== undefined && !isJsonObject(evolve)) return tables; // Said by whoever reads the table.
  return { ...tables, evolve: { ...evolve, ...given } };
}
