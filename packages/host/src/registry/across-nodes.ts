/**
 * Health of a plugin over several nodes: the worst state, word and breaker of all, counters summed, and the reason of the
 * node that stands worst. Pure; who hears of other nodes is not known here.
 */
import type { PluginHealth } from '@bulkhead/protocol';
import type { NodePlugin } from '../storage/nodes-port.ts';
import { WORST_BREAKERS, WORST_HEALTH, WORST_STATES, worst, type HealthView } from './health.ts';

/** What a node tells others of a plugin: its health as everybody may see it, and what only the node knows beside it. */
export function toNodePlugin(
  seen: PluginHealth,
  { fullReason, isReleased }: { readonly fullReason: string | undefined; readonly isReleased: boolean },
): NodePlugin {
  return {
    name: seen.name,
    state: seen.state,
    health: seen.health ?? 'unknown',
    breaker: seen.breaker ?? 'closed',
    version: seen.version ?? null,
    is_released: isReleased,
    reason: seen.reason ?? null,
    full_reason: fullReason ?? null,
    success_count: seen.success_count,
    error_count: seen.error_count,
    last_used: seen.last_used ?? null,
  };
}

/** Merges what this node knows of a plugin, if anything, with what others said; at least one of them knows it. */
export function mergeNodes(
  own: PluginHealth | undefined,
  others: readonly NodePlugin[],
  { showThrownText }: Pick<HealthView, 'showThrownText'>,
): PluginHealth | undefined {
  const told = others.map((plugin) => toHealth(plugin, showThrownText));
  const all = own === undefined ? told : [own, ...told];
  const [first] = all;
  if (first === undefined || all.length === 1) return first;
  const state =
    worst(
      WORST_STATES,
      all.map((health) => health.state),
    ) ?? first.state;
  const reason = reasonOf(all, state);
  const lastUsed = all
    .flatMap(({ last_used }) => last_used ?? [])
    .toSorted()
    .at(-1);
  const { reason: _own, health_message: _said, ...rest } = first;
  return {
    ...rest,
    state,
    success_count: all.reduce((sum, health) => sum + health.success_count, 0),
    error_count: all.reduce((sum, health) => sum + health.error_count, 0),
    health:
      worst(
        WORST_HEALTH,
        all.flatMap(({ health }) => health ?? []),
      ) ?? 'unknown',
    breaker:
      worst(
        WORST_BREAKERS,
        all.flatMap(({ breaker }) => breaker ?? []),
      ) ?? 'closed',
    ...(reason !== undefined && { reason }),
    ...(lastUsed !== undefined && { last_used: lastUsed }),
  };
}

/** The reason of whoever stands as badly as all together; else of whoever has one, as while it is RUNNING elsewhere. */
function reasonOf(all: readonly PluginHealth[], state: PluginHealth['state']): string | undefined {
  const standing = all.find((health) => health.state === state && health.reason !== undefined);
  return (standing ?? all.find(({ reason }) => reason !== undefined))?.reason;
}

function toHealth(plugin: NodePlugin, showThrownText: boolean): PluginHealth {
  const { name, state, health, breaker, version, success_count, error_count, last_used } = plugin;
  const reason = showThrownText ? plugin.full_reason : plugin.reason;
  return {
    ...{ name, state, success_count, error_count, health, breaker },
    ...(version !== null && { version }),
    ...(reason !== null && { reason }),
    ...(last_used !== null && { last_used }),
  };
}
