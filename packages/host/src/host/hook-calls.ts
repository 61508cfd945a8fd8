/**
 * Joins the hook chain to the sandbox: which plugins of a tenant hook a point, and how one of them is asked. A hook runs
 * in the calling tenant's own instance of the hook's plugin; what it does there is not hooked.
 */
import {
  callError,
  isJsonObject,
  type CallError,
  type HookName,
  type JsonObject,
  type JsonValue,
} from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { refuseSecrets, type SecretPolicy } from '../call/refuse-secrets.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { refuseWeakSandbox, type TierPolicy } from '../fleet/needed-tier.ts';
import { orderHooks, type Hook, type HookAnswer, type Invocation } from '../hooks/chain.ts';
import { declaredHook, type HookRule } from '../hooks/declared-hook.ts';
import { EVERY_TENANT } from '../catalogue/plugin-shelves.ts';
import type { Release, Releases, Resolution } from '../catalogue/releases.ts';

/** Where hooks are looked up and run. */
export type HookSource = TierPolicy &
  SecretPolicy & {
    /** By plugin. */
    readonly hookRules: Readonly<Record<string, HookRule>>;
    readonly releases: Releases;
    readonly fleet: Fleet;
    /** Releases that somebody runs and this host could not bring up. */
    readonly missing: () => readonly Release[];
  };

const NO_HOOKS: readonly Hook[] = [];

type Resolved = Extract<Resolution, { readonly kind: 'resolved' }>;

/**
 * Lists the hooks of a tenant that handle one of the points, in their order. O(1) where no plugin has any. One without which
 * nothing may pass is listed also where it is not here.
 *
 * @param points - A list that stays the same object, since the fleet remembers by it.
 */
export function listHooks(source: HookSource, points: readonly HookName[], tenant: string): readonly Hook[] {
  const [live, missing] = [source.fleet.hooking(points), source.missing()];
  if (live.length === 0 && missing.length === 0) return NO_HOOKS;
  const here = live.map(({ spec }) => ({ name: spec.name, digest: spec.digest, isHere: true }));
  const absent = missing
    .filter(({ manifest }) => manifest.hooks.some((hook) => points.includes(hook)))
    .map(({ manifest, digest }) => ({ name: manifest.name, digest, isHere: false }));
  const hooks = [...here, ...absent].flatMap(({ name, digest, isHere }, order) => {
    const resolution = source.releases.resolve(tenant, name);
    if (resolution.kind !== 'resolved' || resolution.release.digest !== digest) return [];
    const hook = hookOf(source, resolution, order);
    return isHere || hook.policy === 'fail_closed' ? [hook] : [];
  });
  return orderHooks(hooks);
}

function hookOf({ hookRules }: HookSource, { release, registration }: Resolved, order: number): Hook {
  const { manifest } = release;
  const { granted_permissions: granted, tenant_id: tenant } = registration;
  const plugin = { manifest, granted, tenant: tenant === EVERY_TENANT ? undefined : tenant, order };
  return declaredHook(plugin, hookRules[manifest.name]);
}

/** Asks one hook; `{ "veto": reason }` refuses, any other object is the data to go on with, nothing changes nothing. */
export async function invokeHook(source: HookSource, clock: Clock, invocation: Invocation): Promise<HookAnswer> {
  const { hook, point, data, signal, eventDepth, tenant } = invocation;
  const resolution = source.releases.resolve(tenant, hook.plugin);
  if (resolution.kind === 'refused') return { kind: 'failed', error: resolution.error };
  const weak = refuseWeakSandbox(source, resolution.release);
  if (weak !== undefined) return { kind: 'failed', error: weak };
  const lacking = refuseSecrets(source, tenant, resolution);
  if (lacking !== undefined) return { kind: 'failed', error: lacking };
  const live = source.fleet.find(resolution.release.digest);
  if (live === undefined)
    return hook.policy === 'fail_closed' ? { kind: 'failed', error: notHere(hook) } : { kind: 'data', data };
  const group = live.groupOf(tenant) ?? live.openGroup(tenant, resolution.config);
  const answer = await group.run({
    target: 'hook',
    name: point,
    args: [data],
    deadline: clock.now() + hook.timeoutMs,
    timeoutMs: hook.timeoutMs,
    isFullTime: false,
    signal,
    caller: live.callerOf(tenant, resolution.config),
    eventDepth,
  });
  if (answer.kind === 'retired') return { kind: 'data', data };
  const { reply } = answer;
  return reply.ok ? readAnswer(reply.value, data) : { kind: 'failed', error: reply.error };
}

function readAnswer(value: JsonValue, data: JsonObject): HookAnswer {
  if (value === null) return { kind: 'data', data };
  if (!isJsonObject(value)) return { kind: 'data', data: {} };
  const veto = value['veto'];
  return typeof veto === 'string' ? { kind: 'veto', reason: veto } : { kind: 'data', data: value };
}

function notHere({ plugin }: Hook): CallError {
  return callError('PLUGIN_UNAVAILABLE', { message: `plugin "${plugin}" is not loaded on this server` });
}
