/**
 * The trial load of a release: in the sandbox, under the same limits as live, or believed from the record of an earlier
 * one. The same artifact at the same tier under the same Node ends the same way; only a trial that went well is believed,
 * since what made one fail may have been mended.
 */
import { DEFAULT_TENANT, type CallError, type HealthWord, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import type { StoredArtifact } from '../artifact/artifact.ts';
import { placeOf, type AuthorPlace } from '../bundle/map-stack.ts';
import { isoTime } from '../base/clock.ts';
import { ownFile } from '../base/own-files.ts';
import { mapStack } from '../bundle/map-stack.ts';
import type { LivePlugin, TryOut } from '../fleet/live-plugin.ts';
import { refuseWeakSandbox } from '../fleet/needed-tier.ts';
import type { SaidHealth } from '../registry/records.ts';
import type { Release } from '../catalogue/releases.ts';
import type { TrialKey, TrialRow } from '../storage/records-port.ts';
import type { InstallPath } from './install-path.ts';

/** How the trial ended; `failure` is undefined where the plugin is ready, `place` where nobody knows what line threw. */
export type Trial = {
  readonly failure: CallError | undefined;
  readonly health: HealthWord;
  /** What the plugin's own check said, where this trial asked it. */
  readonly report?: SaidHealth;
  readonly place?: AuthorPlace | undefined;
};

/** What is tried, for which tenant, and whether a record may stand for it. */
export type TrialRequest = {
  readonly release: Release;
  /** Undefined where it is there and was not read: files of an MCP server are read when one is started. */
  readonly artifact: StoredArtifact | undefined;
  readonly tenant: string | undefined;
  /** The manifest's where it is left out. */
  readonly config?: JsonObject;
  readonly mayRecall: boolean;
};

/** Loads the release once; no call is served in it. In a sandbox weaker than it needs, it is not even loaded. */
export async function tryRelease(path: InstallPath, request: TrialRequest): Promise<Trial> {
  const { release, artifact, tenant } = request;
  const live = addToFleet(path, request);
  const weak = refuseWeakSandbox(path, release);
  if (weak !== undefined) return { failure: weak, health: 'unknown' };
  const recalled = request.mayRecall ? await recall(path, live) : undefined;
  if (recalled !== undefined) return recalled;
  const tried = await live.tryOut(tenant ?? DEFAULT_TENANT, { ...release.manifest.config, ...request.config });
  if (!tried.ok) logStack(path, live, tried);
  const trial: Trial = tried.ok
    ? { failure: undefined, health: tried.health.word, report: tried.health }
    : { failure: tried.error, health: 'error', place: placeOf(tried.stack, artifact?.sourceMap) };
  // What failed with a tenant's configuration says nothing of the release by itself.
  if (tried.ok || request.config === undefined) await remember(path, live, { ...trial, isNoted: request.mayRecall });
  return trial;
}

/** Where in its own source lines it failed: for the log, as it is of calls. */
function logStack(path: InstallPath, { spec }: LivePlugin, { error, stack }: Extract<TryOut, { ok: false }>): void {
  if (stack === undefined) return;
  const { name: plugin, sourceMap } = spec;
  path.log.warn({ plugin, code: error.code, stack: mapStack(stack, sourceMap) }, error.message);
}

function addToFleet(path: InstallPath, { release, artifact }: TrialRequest): LivePlugin {
  const { manifest, digest } = release;
  return path.fleet.add({
    kind: 'plugin',
    name: manifest.name,
    version: manifest.version,
    digest,
    manifest,
    // The files of an MCP server are no module, and too many to be held for each.
    artifact: manifest.driver === 'stdio' ? NOTHING : (artifact?.module ?? NOTHING),
    sourceMap: artifact?.sourceMap,
    limits: manifest.limits,
  });
}

const NOTHING = new Uint8Array();

function keyOf(path: InstallPath, live: LivePlugin): TrialKey {
  return { digest: live.spec.digest, tier: path.tier, node_version: process.version };
}

/** A storage that does not answer costs a trial, and not the install. */
async function recall(path: InstallPath, live: LivePlugin): Promise<Trial | undefined> {
  const key = keyOf(path, live);
  const row = (await path.storage.getTrial(key).catch(() => undefined)) ?? (await notedTrial(path, key));
  if (row?.state !== 'INITIALIZED' || row.ready === null || live.learn(row.ready, true) !== undefined) return undefined;
  return { failure: undefined, health: row.health };
}

/** A host that keeps nothing may have the user's own notes, by the same key and for the same guest. */
async function notedTrial({ installNotes }: InstallPath, key: TrialKey): Promise<TrialRow | undefined> {
  return (await installNotes.read(noteName(key), TRIED_BY)) as TrialRow | undefined; // The key is of this build, which wrote it.
}

const TRIED_BY = [process.execPath, ownFile('guest.cjs')];

function noteName({ digest, tier, node_version: node }: TrialKey): string {
  return `trial ${digest} ${tier} ${node}`;
}

type Remembered = Trial & { readonly isNoted: boolean };

async function remember(path: InstallPath, live: LivePlugin, ended: Remembered): Promise<void> {
  const { failure, health, isNoted } = ended;
  const failedState = failure?.kind === 'unavailable' ? 'UNAVAILABLE' : 'FAILED';
  const row = {
    ...keyOf(path, live),
    state: failure === undefined ? 'INITIALIZED' : failedState,
    code: failure?.code ?? null,
    reason: failure?.message ?? null,
    ready: failure === undefined ? (live.ready() ?? null) : null,
    health,
    tried_at: isoTime(path.clock.wallTime()),
  } as const;
  await path.storage
    .putTrial(row)
    .catch((error: unknown) => path.log.warn({ err: error, plugin: live.spec.name }, 'a trial could not be recorded'));
  if (isNoted && row.state === 'INITIALIZED') await path.installNotes.write(noteName(row), TRIED_BY, asJson(row));
}

/** Rows are JSON in every storage; what is undefined in one is not there. */
function asJson(row: TrialRow): JsonValue {
  return JSON.parse(JSON.stringify(row)) as JsonValue;
}
