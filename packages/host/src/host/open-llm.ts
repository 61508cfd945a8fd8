/**
 * Joins requests to language models to what answers them: the call flow, which runs a backend's `generate` as any call, the tenant's
 * registrations, and its budget.
 */
import { capabilitiesOf, entryTarget, type Manifest } from '@bulkhead/protocol';
import { assertInvariant } from '../base/host-error.ts';
import { systemTimer } from '../base/timer.ts';
import { runCall } from '../call.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { CallPath } from '../call/call-run.ts';
import type { Resolution } from '../catalogue/releases.ts';
import { OPTIONS_SCHEMA } from '../llm/asked.ts';
import { STAND_IN_TAG, backendsOf, type BackendEntry, type BackendRule, type LlmBackend } from '../llm/backends.ts';
import { createBudgets } from '../llm/budgets.ts';
import { createLlm, type AskModel, type Attempt } from '../llm/llm.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { OperatorSecret } from '../secrets/operator-secrets.ts';
import type { LastingService } from '../services/desk.ts';
import { createLlmService } from '../services/llm.ts';
import type { Batch } from '../storage/batch.ts';
import type { Storage } from '../storage/port.ts';
import type { UsageRow } from '../storage/usage-port.ts';
import type { LateCalls } from './late-calls.ts';
import type { HostSettings } from './settings.ts';

/** Language models as a host offers them. */
export type HostLlm = LastingService & {
  readonly ask: AskModel;
  readonly backendsOf: (tenant: string) => readonly LlmBackend[];
};

type Resolved = Extract<Resolution, { readonly kind: 'resolved' }>;

/** What it is opened with. */
export type LlmOpening = {
  readonly storage: Storage;
  readonly usage: Batch<UsageRow>;
  readonly catalogue: Catalogue;
  readonly metrics: Metrics;
  readonly late: LateCalls;
};

/** Opens it. Nothing is asked before `late.path` is there. */
export function openLlm(settings: HostSettings, { storage, usage, catalogue, metrics, late }: LlmOpening): HostLlm {
  const { clock, backends: rules } = settings;
  const listBackends = (tenant: string): readonly LlmBackend[] => backendsOf(entriesOf(late, tenant), rules);
  const quotaOf = (tenant: string) => catalogue.shelf.tenant(tenant)?.quota;
  const ask = createLlm({
    clock,
    random: Math.random,
    startTimer: systemTimer,
    backendsOf: listBackends,
    ask: (attempt) => runAttempt(late, attempt),
    budgets: createBudgets({ storage, clock, quotaOf, add: usage.add }),
    didAnswer: metrics.observeLlm,
  });
  return { ask, backendsOf: listBackends, ...createLlmService({ clock, ask, optionsSchema: OPTIONS_SCHEMA }) };
}

/** Keys of rules, for the plugins that they are about. */
export function backendKeys(rules: readonly BackendRule[]): readonly OperatorSecret[] {
  return rules.flatMap((rule) => {
    const { apiKey, name, plugin } = rule;
    if (apiKey === undefined) return [];
    const isFor = (manifest: Manifest): boolean => {
      if (plugin !== undefined) return manifest.name === plugin;
      const offered = Object.keys(manifest.entry_points.llm_backends);
      return offered.includes(name) || manifest.name === name || manifest.name === `llm_${name}`;
    };
    return [{ ...apiKey, isFor }];
  });
}

/** Entry points of the tenant's plugins, as their manifests name them: a plugin that is not up yet is brought up by its first call. */
function entriesOf({ path }: LateCalls, tenant: string): readonly BackendEntry[] {
  if (path === undefined) return [];
  return path.releases.plugins().flatMap((plugin) => {
    const resolution = path.releases.resolve(tenant, plugin);
    if (resolution.kind !== 'resolved') return [];
    const { manifest } = resolution.release;
    const names = Object.keys(manifest.entry_points.llm_backends);
    if (names.length === 0) return [];
    const about = { lacks: lackOf(path, tenant, resolution), isStandIn: manifest.capabilities.includes(STAND_IN_TAG) };
    return names.map((name) => ({ plugin, name, ...about }));
  });
}

/** What a plugin would be refused for, before it could ask its provider. */
function lackOf({ secrets }: CallPath, tenant: string, resolution: Resolved): string | undefined {
  const { manifest } = resolution.release;
  const granted = resolution.registration.granted_permissions;
  const permission = capabilitiesOf(manifest.required_permissions).find((word) => !granted.includes(word));
  if (permission !== undefined) return `the permission "${permission}"`;
  if (manifest.optional_permissions.includes('secrets') && !granted.includes('secrets')) return undefined;
  const secret = secrets.missing(tenant, manifest);
  return secret && `the secret "${secret}"`;
}

function runAttempt({ path }: LateCalls, attempt: Attempt): ReturnType<typeof runCall> {
  assertInvariant(path !== undefined, 'the call flow is there before anybody asks');
  const { backend, args, tenant, timeoutMs, signal, chain, onPiece } = attempt;
  return runCall(path, {
    plugin: backend.plugin,
    target: { kind: 'entry', name: entryTarget('llm_backends', backend.entry, 'generate') },
    ...{ args, tenant, timeoutMs, signal, chain },
    scopes: undefined,
    idempotencyKey: undefined,
    live: undefined,
    refusal: undefined,
    listener: onPiece && { onChunk: onPiece },
  });
}
