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
import type { LivePlugin } from '../fleet/live-plugin.ts';
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
    /** Releases that somebody runs and this host could not bring up; the same list until that changes. */
    readonly missing: () => readonly Release[];
  };

const NO_HOOKS: readonly Hook[] = [];
const TENANTS_KEPT = 10_000;

type Resolved = Extract<Resolution, { readonly kind: 'resolved' }>;

/** Lists the hooks of a tenant that handle one of the points, in their order. */
export type HookLists = (points: readonly HookName[], tenant: string) => readonly Hook[];

/** A plugin with hooks that the tenant runs, in the order of registration; where it is not here it cannot be asked. */
type Hooking = { readonly resolution: Resolved; readonly order: number; readonly isHere: boolean };

/** What was found for tenants, and in what; it holds until one of these is another. */
type Found = {
  readonly live: readonly LivePlugin[];
  readonly missing: readonly Release[];
  readonly epoch: number;
  readonly byTenant: Map<string, TenantsHooks>;
};

/** A tenant's hooks in their order, as the operator's rules were when they were put in it. */
type TenantsHooks = {
  readonly hooking: readonly Hooking[];
  readonly rules: readonly (HookRule | undefined)[];
  readonly hooks: readonly Hook[];
};

/**
 * Makes the look-up. O(1) where no plugin has any hook; else of a tenant's own hooks, where nothing changed since its last call. A
 * hook without which nothing may pass is listed also where it is not here. The operator's rules are read each time.
 *
 * @returns the look-up; it remembers by its points, a list that stays the same object.
 */
export function createHookLists(source: HookSource): HookLists {
  const known = new Map<readonly HookName[], Found>();

  function foundAt(points: readonly HookName[]): Found {
    const [live, missing, epoch] = [source.fleet.hooking(points), source.missing(), source.releases.epoch()];
    const last = known.get(points);
    if (last?.live === live && last.missing === missing && last.epoch === epoch) return last;
    const found = { live, missing, epoch, byTenant: new Map<string, TenantsHooks>() };
    known.set(points, found);
    return found;
  }

  return (points, tenant) => {
    const found = foundAt(points);
    if (found.live.length === 0 && found.missing.length === 0) return NO_HOOKS;
    const last = found.byTenant.get(tenant);
    if (last !== undefined && isRuledStill(source, last)) return last.hooks;
    const hooking = last?.hooking ?? findHooking(source, { ...found, points, tenant });
    const ordered = orderedBy(source, hooking);
    if (found.byTenant.size >= TENANTS_KEPT) found.byTenant.clear(); // Callers may make tenants up.
    found.byTenant.set(tenant, ordered);
    return ordered.hooks;
  };
}

function isRuledStill({ hookRules }: HookSource, { hooking, rules }: TenantsHooks): boolean {
  return hooking.every(({ resolution }, index) => hookRules[resolution.release.manifest.name] === rules[index]);
}

function orderedBy({ hookRules }: HookSource, hooking: readonly Hooking[]): TenantsHooks {
  const rules = hooking.map(({ resolution }) => hookRules[resolution.release.manifest.name]);
  const hooks = hooking.flatMap(({ resolution, order, isHere }, index) => {
    const hook = hookOf(resolution, order, rules[index]);
    return isHere || hook.policy === 'fail_closed' ? [hook] : [];
  });
  return { hooking, rules, hooks: hooks.length === 0 ? NO_HOOKS : orderHooks(hooks) };
}

type Wanted = Pick<Found, 'live' | 'missing'> & { readonly points: readonly HookName[]; readonly tenant: string };

function findHooking({ releases }: HookSource, { live, missing, points, tenant }: Wanted): readonly Hooking[] {
  const here = live.map(({ spec }) => ({ name: spec.name, digest: spec.digest, isHere: true }));
  const absent = missing
    .filter(({ manifest }) => manifest.hooks.some((hook) => points.includes(hook)))
    .map(({ manifest, digest }) => ({ name: manifest.name, digest, isHere: false }));
  return [...here, ...absent].flatMap(({ name, digest, isHere }, order) => {
    const resolution = releases.resolve(tenant, name);
    const isRun = resolution.kind === 'resolved' && resolution.release.digest === digest;
    return isRun ? [{ resolution, order, isHere }] : [];
  });
}

function hookOf({ release, registration }: Resolved, order: number, rule: HookRule | undefined): Hook {
  const { granted_permissions: granted, tenant_id: tenant } = registration;
  const { manifest } = release;
  return declaredHook({ manifest, granted, tenant: tenant === EVERY_TENANT ? undefined : tenant, order }, rule);
}

/** Asks one hook; `{ "veto": reason }` refuses, any other object is the data to go on with, nothing changes nothing. */
export async function invokeHook(source: HookSource, clock: Clock, invocation: Invocation): Promise<HookAnswer> {
  const { hook, point, data, eventDepth, tenant } = invocation;
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
    signal: undefined,
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
