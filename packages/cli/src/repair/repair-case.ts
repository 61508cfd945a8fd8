/**
 * What a repair begins with: a folder with a file of calls, or what a server tells of a plugin, with the calls that were recorded there.
 */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { callsOfRecordings, parseRepairCalls, type RepairCall, type RepairRecording } from '@bulkhead/evolve';
import type { JsonObject } from '@bulkhead/protocol';
import { readManifest } from '../place.ts';
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed. */
export type RepairTarget = ServerOptions & {
  readonly where: string;
  readonly calls?: string;
  readonly tenant?: string;
};

/** A case; `digest` is that of the release which a server runs, and must be the folder's. */
export type RepairCase = {
  readonly folder: string;
  readonly calls: readonly RepairCall[];
  readonly reason?: string;
  readonly version?: string;
  readonly digest?: string;
  readonly config?: JsonObject;
};

/** What a server tells. */
type Told = {
  readonly plugin_name: string;
  readonly version: string;
  readonly digest: string;
  readonly reason: string | null;
  readonly place: string | null;
  readonly config: JsonObject;
  readonly versions: readonly string[];
  readonly calls: readonly RepairRecording[];
};

/** Finds it. @throws {UsageError} where there is no folder or there are no calls; as `askAdmin`. */
export async function findRepairCase(target: RepairTarget): Promise<RepairCase> {
  const { where, calls } = target;
  const isFolder = (await stat(where).catch(() => undefined))?.isDirectory() === true;
  if (calls === undefined) return caseOfServer(target, isFolder);
  if (isFolder) return { folder: resolve(where), calls: parseRepairCalls(await readCalls(calls), calls) };
  throw new UsageError(`${where} is no folder`, 'Name the plugin’s folder; --calls has calls of a folder.');
}

async function readCalls(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`${file} cannot be read (${code})`, 'Name a file of JSON lines {tool, params, expect?}.');
  });
}

async function caseOfServer(target: RepairTarget, isFolder: boolean): Promise<RepairCase> {
  const { where } = target;
  const name = isFolder ? await nameIn(where) : where;
  const remote = await openRemote(target, process.env);
  const path = `/api/v1/plugins/${encodeURIComponent(name)}/repair`;
  const { value } = await askAdmin<Told>(remote, { path });
  if (value.calls.length === 0) {
    throw new UsageError(
      `no call of ${name} is recorded`,
      `Record some first: PUT /api/v1/plugins/${name}/recording {"share": 1}; or give calls with --calls FILE.`,
    );
  }
  return {
    folder: isFolder ? resolve(where) : await folderOf(value),
    calls: callsOfRecordings(value.calls),
    version: freeVersion(value),
    digest: value.digest,
    config: value.config,
    ...(value.reason !== null && { reason: value.reason }),
  };
}

async function nameIn(folder: string): Promise<string> {
  const { name } = await readManifest(folder);
  if (typeof name === 'string' && name !== '') return name;
  throw new UsageError(`${folder} has no plugin.json with a name`, 'Name a plugin folder.');
}

async function folderOf({ plugin_name: name, place }: Told): Promise<string> {
  const isHere = place !== null && (await stat(place).catch(() => undefined))?.isDirectory() === true;
  if (isHere) return place;
  throw new UsageError(
    `the source of ${name} is not known here`,
    'Name its folder in place of the plugin: bulkhead repair DIR --server URL.',
  );
}

/** The first patch version that nobody has taken. */
function freeVersion({ version, versions }: Told): string {
  const [, head = '0.0.', patch = '0'] = /^(\d+\.\d+\.)(\d+)/.exec(version) ?? [];
  const isReleased = !version.startsWith('-', head.length + patch.length);
  for (let next = Number(patch) + (isReleased ? 1 : 0); ; next += 1) {
    if (!versions.includes(`${head}${next}`)) return `${head}${next}`;
  }
}
