/**
 * runSandboxed: one function with positional arguments, of an installed plugin or of a file that is reviewed and bundled
 * like one. A file runs in a guest of its own, with no grants and no registration.
 */
import { parseManifest, type GuestLimits, type JsonValue, type Manifest, type Outcome } from '@bulkhead/protocol';
import { basename, dirname, resolve } from 'node:path';
import { digestOf, encodeArtifact } from '../artifact/artifact.ts';
import { HostError, assertInvariant } from '../base/host-error.ts';
import { bundleSource } from '../bundle/bundle-source.ts';
import { runCall } from '../call.ts';
import type { CallTask } from '../call/call-run.ts';
import { LivePlugin, type LiveSpec } from '../fleet/live-plugin.ts';
import type { SandboxedFunction } from '../calls-api.ts';
import { refuse } from '../install/refuse.ts';
import { missingPackages, missingReason } from '../requirements/check-requirements.ts';
import { reviewSource } from '../review/review-source.ts';
import { SINGLE_FILE, readSource } from '../source/read-source.ts';
import type { HostParts } from './open-parts.ts';

/** Runs the function; never rejects. */
export function runFunction(parts: HostParts, target: SandboxedFunction, args: readonly unknown[]): Promise<Outcome> {
  return 'file' in target ? runFile(parts, target, args) : runExport(parts, target, args);
}

type FileTarget = Extract<SandboxedFunction, { readonly file: string }>;
type PluginTarget = Extract<SandboxedFunction, { readonly plugin: string }>;

/** An export of an installed plugin takes every step of a call; other limits than the plugin's own get a guest of their own. */
async function runExport(parts: HostParts, target: PluginTarget, args: readonly unknown[]): Promise<Outcome> {
  const task = taskOf(target, target.plugin, args);
  const { releases, fleet } = parts.call;
  const resolution =
    target.limits === undefined ? undefined : releases.resolve(target.tenant ?? 'default', target.plugin);
  const live = resolution?.kind === 'resolved' ? fleet.find(resolution.release.digest) : undefined;
  if (live === undefined) return runCall(parts.call, task);
  return runAlone(parts, { ...live.spec, limits: lowered(live.spec.limits, target.limits) }, task);
}

async function runFile(parts: HostParts, target: FileTarget, args: readonly unknown[]): Promise<Outcome> {
  const name = `file:${basename(target.file)}`;
  const { registry } = parts.call;
  if (!registry.has(name)) registry.register(name, { isListed: false });
  const task = taskOf(target, name, args);
  try {
    const spec = await specOfFile(parts, target.file, name);
    return await runAlone(parts, { ...spec, limits: lowered(spec.limits, target.limits) }, task);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return runCall(parts.call, { ...task, refusal: error });
  }
}

async function runAlone(parts: HostParts, spec: LiveSpec, task: CallTask): Promise<Outcome> {
  const live = new LivePlugin(spec, parts.live);
  try {
    return await runCall(parts.call, { ...task, live });
  } finally {
    await live.close();
  }
}

/** The same review and the same bundle as a plugin, with the file's folder as the tree. */
export async function specOfFile(parts: HostParts, file: string, name: string): Promise<LiveSpec> {
  const { workshop, supplied } = parts.install;
  const path = resolve(file);
  const source = await readSource(dirname(path), SINGLE_FILE);
  const manifest = manifestOfFile(basename(path));
  const reviewed = await reviewSource({ source, manifest, supplied }, workshop.ask);
  if (reviewed.kind === 'refused') throw refuse(reviewed.findings, 'REVIEW_REFUSED');
  if (reviewed.kind === 'missing') {
    const missing = missingPackages(reviewed.packages, { shownDir: dirname(path) });
    throw new HostError('PLUGIN_UNAVAILABLE', { message: missingReason(missing) });
  }
  const bundled = await bundleSource(reviewed.reviewed, workshop.ask);
  if (bundled.kind === 'refused') throw refuse(bundled.findings, 'BUNDLE_FAILED');
  const { module, sourceMap } = bundled.bundle;
  const digest = digestOf(encodeArtifact(bundled.bundle));
  const { limits, version } = manifest;
  return { kind: 'functions', name, version, digest, manifest, artifact: module, sourceMap, limits };
}

function manifestOfFile(main: string): Manifest {
  const parsed = parseManifest({
    name: 'file',
    version: '0.0.0',
    description: 'A file given to runSandboxed.',
    author: 'unknown',
    main,
    sandbox: { scope: 'call' },
  });
  assertInvariant(parsed.ok, 'the manifest of a file is valid');
  return parsed.manifest;
}

/** A caller may only lower what the release or the profile allows. */
function lowered(limits: GuestLimits, asked: SandboxedFunction['limits']): GuestLimits {
  const lower = (key: keyof NonNullable<typeof asked>): number => Math.min(limits[key], asked?.[key] ?? limits[key]);
  return {
    ...limits,
    timeout_ms: lower('timeout_ms'),
    cpu_ms: lower('cpu_ms'),
    memory_mb: lower('memory_mb'),
    output_bytes: lower('output_bytes'),
  };
}

function taskOf(target: SandboxedFunction, plugin: string, args: readonly unknown[]): CallTask {
  return {
    plugin,
    target: { kind: 'export', name: target.fn },
    args: args as readonly JsonValue[], // Positional arguments are JSON; the channel writes them as such.
    tenant: target.tenant,
    timeoutMs: target.limits?.timeout_ms,
    signal: target.signal,
    scopes: undefined,
    chain: [],
    idempotencyKey: undefined,
    live: undefined,
    refusal: undefined,
    listener: undefined,
  };
}
