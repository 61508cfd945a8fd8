/**
 * Joins the hook chain to the sandbox: which plugins of a tenant hook a point, and how one of them is asked. A hook runs
 * in the calling tenant's own instance of the hook's plugin; what it does there is not hooked.
 */
import { LIMITS, callError, isJsonObject, type CallError, type HookName, type JsonValue } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { refuseSecrets, type SecretPolicy } from '../call/refuse-secrets.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { refuseWeakSandbox, type TierPolicy } from '../fleet/needed-tier.ts';
import type { Hook, HookAnswer, Invocation } from '../hooks/chain.ts';
import type { Release, Releases } from '../catalogue/releases.ts';
import type { RegistrationRow } from '../storage/catalogue-port.ts';

/** Where hooks are looked up and run. */
export type HookSource = TierPolicy &
  SecretPolicy & {
    readonly releases: Releases;
    readonly fleet: Fleet;
    /** Releases that somebody runs and this host could not bring up. */
    readonly missing: () => readonly Release[];
  };

const NO_HOOKS: readonly Hook[] = [];
const AROUND_TOOL_CALLS: readonly HookName[] = ['before_tool_call', 'after_tool_call'];

/**
 * Lists the hooks that stand around a tenant's calls of tools, in their order. O(1) where no plugin has any. A gate that is not
 * here is listed, too: without it nothing may pass.
 */
export function listHooks(source: HookSource, tenant: string): readonly Hook[] {
  const [live, missing] = [source.fleet.hooking(AROUND_TOOL_CALLS), source.missing()];
  if (live.length === 0 && missing.length === 0) return NO_HOOKS;
  const here = live.map(({ spec }) => ({ name: spec.name, digest: spec.digest, isHere: true }));
  const gates = missing
    .filter(({ manifest }) => manifest.hooks.some((hook) => AROUND_TOOL_CALLS.includes(hook)))
    .map(({ manifest, digest }) => ({ name: manifest.name, digest, isHere: false }));
  return [...here, ...gates].flatMap(({ name, digest, isHere }, order) => {
    const resolution = source.releases.resolve(tenant, name);
    if (resolution.kind !== 'resolved' || resolution.release.digest !== digest) return [];
    const hook = hookOf(resolution.release, resolution.registration, order);
    return isHere || hook.mayVeto ? [hook] : [];
  });
}

function hookOf(release: Release, registration: RegistrationRow, order: number): Hook {
  const mayVeto = registration.granted_permissions.includes('gate');
  return {
    plugin: release.manifest.name,
    points: release.manifest.hooks,
    tenant: undefined,
    priority: 0,
    order,
    policy: mayVeto ? 'fail_closed' : 'fail_open',
    mayVeto,
    timeoutMs: LIMITS.hook_timeout_ms.value,
  };
}

/** Asks one hook; `{ "veto": reason }` refuses, any other object is the data to go on with. */
export async function invokeHook(source: HookSource, clock: Clock, invocation: Invocation): Promise<HookAnswer> {
  const { hook, point, data, signal, eventDepth } = invocation;
  const tenant = typeof data['tenant'] === 'string' ? data['tenant'] : '';
  const resolution = source.releases.resolve(tenant, hook.plugin);
  if (resolution.kind === 'refused') return { kind: 'failed', error: resolution.error };
  const weak = refuseWeakSandbox(source, resolution.release);
  if (weak !== undefined) return { kind: 'failed', error: weak };
  const lacking = refuseSecrets(source, tenant, resolution);
  if (lacking !== undefined) return { kind: 'failed', error: lacking };
  const live = source.fleet.find(resolution.release.digest);
  if (live === undefined) return hook.mayVeto ? { kind: 'failed', error: notHere(hook) } : { kind: 'data', data };
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
  return reply.ok ? readAnswer(reply.value) : { kind: 'failed', error: reply.error };
}

function readAnswer(value: JsonValue): HookAnswer {
  if (!isJsonObject(value)) return { kind: 'data', data: {} };
  const veto = value['veto'];
  return typeof veto === 'string' ? { kind: 'veto', reason: veto } : { kind: 'data', data: value };
}

function notHere({ plugin }: Hook): CallError {
  return callError('PLUGIN_UNAVAILABLE', { message: `plugin "${plugin}" is not loaded on this server` });
}
