/**
 * What every plugin owes, whatever it offers. A check answers what is wrong, in words for the author, or nothing.
 */
import { setTimeout } from 'node:timers/promises';
import type { EntryRequest, Host } from '@bulkhead/host';
import {
  DEFAULT_TENANT,
  ENTRY_POINT_METHODS,
  isJsonObject,
  parseObjectGroup,
  type JsonObject,
  type JsonValue,
  type ListedEntry,
  type WireTool,
} from '@bulkhead/protocol';
import { sampleOf } from '../sample-params.ts';
import { deadlyEnd } from './kinds.ts';
import { readManifest } from '../place.ts';

/** A plugin that has been loaded into a host. */
export type Judged = {
  readonly host: Host;
  readonly dir: string;
  readonly plugin: string;
  readonly timeoutMs: number;
};

const METADATA = ['name', 'version', 'author', 'description'] as const;

/** What it says of itself is what plugin.json says (F000-40, F003-17, F004-10); what it does not mention cannot differ. */
export async function checkMetadata({ host, dir, plugin }: Judged): Promise<string | undefined> {
  const said = host.described(plugin)?.metadata ?? {};
  const written = await readManifest(dir);
  const odd = METADATA.find((field) => said[field] !== undefined && said[field] !== written[field]);
  if (odd === undefined) return undefined;
  return `its ${odd} is ${JSON.stringify(said[odd])}, and in plugin.json ${JSON.stringify(written[odd])}`;
}

/** Input that nobody should send ends the call, and not the instance (F001-27, F001-40). */
export async function checkBadInput(judged: Judged): Promise<string | undefined> {
  for (const tool of toolsOf(judged)) {
    for (const params of badParams(tool.parameters)) {
      const wrong = await callTool(judged, tool.name, params);
      if (wrong !== undefined) return wrong;
    }
  }
  return checkBadArguments(judged);
}

async function checkBadArguments({ host, plugin, timeoutMs }: Judged): Promise<string | undefined> {
  const own = host.entries().filter((entry) => entry.plugin === plugin);
  for (const { method, ...request } of own.flatMap(oddRequests)) {
    const outcome = await host.callEntry({ plugin, method, timeoutMs, ...request });
    const wrong = deadlyEnd(`${method} of "${request.name}" with odd arguments`, outcome);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

type OddRequest = Pick<EntryRequest, 'group' | 'name' | 'method' | 'args'>;

function oddRequests({ group: word, name }: ListedEntry): readonly OddRequest[] {
  const group = parseObjectGroup(word);
  if (group === undefined) return [];
  return Object.entries(ENTRY_POINT_METHODS[group]).flatMap(([method, count]) =>
    [null, 'x'.repeat(LONG_CHARACTERS), { __unexpected: [] }].map((value) => {
      return { group, name, method, args: Array.from({ length: count }, () => value) };
    }),
  );
}

const LONG_CHARACTERS = 10_000;

/** Nothing, everything of a wrong type, a long text everywhere, and what nobody asked for. */
function badParams(schema: JsonObject): readonly JsonObject[] {
  const good = sampleOf(schema);
  const names = Object.keys(isJsonObject(schema['properties']) ? schema['properties'] : {});
  const allOf = (value: JsonValue): JsonObject => Object.fromEntries(names.map((name) => [name, value]));
  const extended = isJsonObject(good) ? { ...good, __unexpected: [[[]]] } : {};
  return [{}, allOf(null), allOf([]), allOf(-1), allOf('x'.repeat(LONG_CHARACTERS)), extended];
}

/** After all that it still serves, and the server still tells of it in full (F001-36, F001-40, F001-41). */
export async function checkSurvival(judged: Judged): Promise<string | undefined> {
  const { host, plugin } = judged;
  for (const tool of toolsOf(judged)) {
    const params = sampleOf(tool.parameters);
    const wrong = await callTool(judged, tool.name, isJsonObject(params) ? params : {});
    if (wrong !== undefined) return wrong;
  }
  const health = host.plugins().find(({ name }) => name === plugin);
  if (health?.breaker !== 'open') return undefined;
  return `its instances died until its breaker opened: ${health.reason ?? 'no reason is known'}`;
}

async function callTool(judged: Judged, tool: string, params: JsonObject): Promise<string | undefined> {
  const { host, plugin, timeoutMs } = judged;
  const outcome = await host.call({ plugin, tool, params, timeoutMs });
  return deadlyEnd(`the tool "${tool}" with ${JSON.stringify(params).slice(0, 100)}`, outcome);
}

function toolsOf({ host, plugin }: Judged): readonly WireTool[] {
  return host.described(plugin)?.tools ?? [];
}

const LINES_MAX = 1_000;
/** It has 2 s to unload, and is killed then. */
const GONE_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 10;

/** It unloads without a complaint, and no process of it is left (F003-20, F004-11). */
export async function checkCleanup({ host, plugin }: Judged): Promise<string | undefined> {
  const asPlatform = { tenant: DEFAULT_TENANT, isPlatform: true };
  const { instances } = await host.debug(plugin, asPlatform);
  const pids = instances.flatMap(({ pid }) => pid ?? []);
  await host.renew(plugin, DEFAULT_TENANT);
  const deadline = performance.now() + GONE_AFTER_MS;
  while (pids.some(isAlive) && performance.now() < deadline) await setTimeout(LOOK_EVERY_MS);
  const { lines } = host.logs.read(plugin, { ...asPlatform, linesMax: LINES_MAX });
  const complaint = lines.find(({ text }) => text.startsWith('unload failed: '));
  if (complaint !== undefined) return complaint.text;
  const left = pids.filter(isAlive).length;
  return left === 0 ? undefined : `${left} of its processes outlived its cleanup`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
