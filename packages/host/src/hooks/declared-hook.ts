/**
 * What a plugin's hooks are for a tenant: as its manifest asks, as its registration was granted, and as the operator rules.
 */
import { LIMITS, type FailurePolicy, type Manifest } from '@bulkhead/protocol';
import type { Hook } from './chain.ts';

/**
 * What the operator says of a plugin's hooks; it comes before what the plugin asks for.
 *
 * @public
 */
export type HookRule = {
  /** Lower is asked earlier. */
  readonly priority?: number;
  readonly failure?: FailurePolicy;
  /** For each answer, in milliseconds; at most `LIMITS.hook_timeout_ms`. */
  readonly timeoutMs?: number;
};

/** A plugin that a tenant runs: `tenant` is undefined where its registration is for all; `order` is that of registration. */
export type HookingPlugin = {
  readonly manifest: Pick<Manifest, 'name' | 'hooks' | 'hook_options'>;
  readonly granted: readonly string[];
  readonly tenant: string | undefined;
  readonly order: number;
};

/** Makes the hook of a plugin. Who may not veto may not stop anything by dying either, unless the operator says so. */
export function declaredHook({ manifest, granted, tenant, order }: HookingPlugin, rule: HookRule = {}): Hook {
  const { name, hooks, hook_options: asked } = manifest;
  const mayVeto = granted.includes('gate');
  return {
    plugin: name,
    points: hooks,
    modes: asked.modes,
    tenant,
    priority: rule.priority ?? asked.priority,
    order,
    policy: rule.failure ?? (mayVeto ? (asked.failure ?? 'fail_closed') : 'fail_open'),
    mayVeto,
    timeoutMs: Math.min(rule.timeoutMs ?? asked.timeout_ms, LIMITS.hook_timeout_ms.value),
  };
}
