/**
 * What a harness runs: a file that is reviewed and bundled for it, or a release as the store has it. Whatever it is, it has a name
 * that no plugin can have, so that nothing is kept of it; and nothing is granted to it but what a plugin was granted that it stands for.
 */
import {
  DEFAULT_TENANT,
  LIMITS,
  LIMIT_PROFILES,
  type GuestLimits,
  type JsonObject,
  type Manifest,
} from '@bulkhead/protocol';
import { basename } from 'node:path';
import { HostError } from '../base/host-error.ts';
import { EVERY_TENANT, releaseNotFound, type Release } from '../catalogue/plugin-shelves.ts';
import type { LiveSpec } from '../fleet/live-plugin.ts';
import { refuseWeakSandbox } from '../fleet/needed-tier.ts';
import type { FileHarness, HarnessLimits, HarnessOptions, ReleaseHarness } from '../harness-api.ts';
import { insistOnConfig } from '../moves/fits-release.ts';
import type { HostParts } from './open-parts.ts';
import { specOfFile } from './run-function.ts';

/** What is run, for whom, and with which configuration. */
export type HarnessSubject = {
  readonly spec: LiveSpec;
  readonly tenant: string;
  readonly config: JsonObject;
  readonly measuresMemory: boolean;
};

/**
 * Finds or makes it.
 *
 * @throws {HostError} of a file: with findings, as an install; `VALIDATION_FAILED` where it is to be granted anything. Of a release:
 *   `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `CONFIG_INVALID`, `SANDBOX_TOO_WEAK`, `ARTIFACT_MISSING`, `ARTIFACT_CORRUPT`,
 *   `STORAGE_UNAVAILABLE`.
 */
export function harnessSubject(parts: HostParts, options: HarnessOptions): Promise<HarnessSubject> {
  return 'file' in options ? subjectOfFile(parts, options) : subjectOfRelease(parts, options);
}

async function subjectOfFile(
  parts: HostParts,
  { file, limits, isGranted, measuresMemory = false }: FileHarness,
): Promise<HarnessSubject> {
  insistOnNoGrants(isGranted);
  const { manifest, ...read } = await specOfFile(parts, file, `harness:${basename(file)}`);
  const { case: profile } = LIMIT_PROFILES;
  const timeoutMs = limits?.timeout_ms ?? profile.timeout_ms;
  // Processor time of a run: twice its time, since compiling and collecting have threads of their own (X002-12).
  const base = { ...profile, cpu_ms: 2 * Math.min(timeoutMs, LIMITS.timeout_ms.value) };
  const warm: Manifest = { ...manifest, sandbox: { ...manifest.sandbox, scope: 'tenant' } };
  const spec: LiveSpec = { ...read, manifest: warm, limits: limitsOf(limits, base), isJudged: true };
  return { spec, tenant: DEFAULT_TENANT, config: {}, measuresMemory };
}

async function subjectOfRelease({ install, tenants }: HostParts, options: ReleaseHarness): Promise<HarnessSubject> {
  const { plugin, version, tenant = DEFAULT_TENANT, limits, isGranted = false, measuresMemory = false } = options;
  const { releases } = install;
  const release = releases.release(plugin, version);
  if (release === undefined) throw notFound(releases.releasesOf(plugin), { plugin, version });
  const own = releases.registrationOf(tenant, plugin) ?? releases.registrationOf(EVERY_TENANT, plugin);
  const config = own?.config ?? {};
  insistOnConfig(release, config);
  const minTier = tenants.find(tenant)?.min_tier ?? undefined;
  const weak = refuseWeakSandbox(install, release, minTier);
  if (weak !== undefined) throw new HostError('SANDBOX_TOO_WEAK', { message: weak.message, hint: weak.hint });
  const { manifest, digest } = release;
  const serving = releases.resolve(tenant, plugin);
  const agreed = serving.kind === 'resolved' ? serving.release.manifest.network.allow : [];
  const spec: LiveSpec = {
    ...{ kind: 'plugin', name: `harness:${plugin}@${version}`, version, digest, isJudged: true },
    ...(isGranted && { standsFor: plugin }),
    manifest: judgedManifest(manifest, agreed),
    ...(await codeOf(install, release)),
    limits: limitsOf(limits, manifest.limits),
  };
  return { spec, tenant, config: { ...manifest.config, ...config }, measuresMemory };
}

/** Whoever calls may be plain JavaScript. */
function insistOnNoGrants(isGranted: unknown): void {
  if (isGranted === undefined || isGranted === false) return;
  throw new HostError('VALIDATION_FAILED', {
    message: 'isGranted is true for a file, which has no registration; expected it to be false or left out',
    hint: 'Open the harness of a release: `{ plugin, version, isGranted: true }`.',
  });
}

function notFound(others: readonly Release[], { plugin, version }: ReleaseHarness): HostError {
  if (others.length > 0) return releaseNotFound(plugin, version);
  return new HostError('PLUGIN_NOT_FOUND', { message: `Plugin '${plugin.slice(0, 80)}' not found` });
}

/**
 * Instances of a harness serve nobody else, so none is shared. Of its hosts are left those that are agreed to: whoever granted
 * `internet` granted it for these, and a move to this release would ask for the others first.
 */
function judgedManifest(manifest: Manifest, agreed: readonly string[]): Manifest {
  const { sandbox, network } = manifest;
  return {
    ...manifest,
    sandbox: { ...sandbox, scope: sandbox.scope === 'call' ? 'call' : 'tenant' },
    network: { ...network, allow: network.allow.filter((host) => agreed.includes(host)) },
  };
}

/** The files of an MCP server are read when one is started; they are verified then. */
async function codeOf(
  { artifacts }: HostParts['install'],
  { manifest, digest }: Release,
): Promise<Pick<LiveSpec, 'artifact' | 'sourceMap'>> {
  if (manifest.driver === 'stdio') {
    if (!(await artifacts.has(digest))) throw new HostError('ARTIFACT_MISSING');
    return { artifact: new Uint8Array(), sourceMap: undefined };
  }
  const stored = await artifacts.get(digest);
  if (stored === undefined) throw new HostError('ARTIFACT_MISSING');
  return { artifact: stored.module, sourceMap: stored.sourceMap };
}

type Bounds = Required<HarnessLimits>;

/** Whoever opens a harness is the operator, who may raise what a plugin may only ask for (CONTRACTS, decision 3). */
function limitsOf(asked: HarnessLimits | undefined, base: Bounds): GuestLimits {
  const of = (name: keyof Bounds): number => Math.min(asked?.[name] ?? base[name], LIMITS[name].value);
  return {
    timeout_ms: of('timeout_ms'),
    cpu_ms: of('cpu_ms'),
    memory_mb: of('memory_mb'),
    output_bytes: of('output_bytes'),
    concurrency: 1,
    instances: 1,
  };
}
