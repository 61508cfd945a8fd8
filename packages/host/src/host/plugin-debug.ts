/**
 * What the host knows of a plugin for one tenant, without asking a guest (F004-26): its instances, what they use, what went
 * wrong last, and what was called last. A storage that is away takes the calls out of the answer, and nothing else.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { LivePlugin } from '../fleet/live-plugin.ts';
import type { Host } from '../host-api.ts';
import type { PluginDebug, PluginInstance, PluginThread } from '../debug-api.ts';
import type { LastHealth } from '../registry/health.ts';
import type { Transition } from '../registry/history.ts';
import { withoutPlace } from '../registry/reason.ts';
import { PLATFORM_SCOPE } from '../registry/records.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { readProcessFigures } from '../sandbox/process/process-figures.ts';
import type { LedgerRow } from '../storage/records-port.ts';
import type { Background } from './open-background.ts';
import type { HostParts } from './open-parts.ts';

type Views = Pick<Host, 'health' | 'logs'>;
type Wanted = Parameters<Host['debug']>[1];

const ERRORS_MAX = 20;
const CALLS_MAX = 20;
const TRANSITIONS_MAX = 50;

/** Makes the part of the embedding API that looks into a plugin. */
export function createPluginDebug({ call, background, refusals }: HostParts, views: Views): Host['debug'] {
  const { fleet, registry, storage } = call;
  return async (plugin, wanted) => {
    const { tenant, isPlatform } = wanted;
    const serving = fleet.all().filter(({ spec }) => spec.name === plugin);
    const instances = await Promise.all(serving.flatMap((live) => instancesOf(live, wanted)));
    return {
      plugin,
      tenant_id: tenant,
      status: views.health(plugin, { scope: tenant, showThrownText: true, showPlaces: isPlatform }) ?? null,
      memory_usage: {
        rss_bytes: sumOf(instances.map(({ rss_bytes }) => rss_bytes)),
        peak_rss_bytes: sumOf(instances.map(({ peak_rss_bytes }) => peak_rss_bytes)),
      },
      thread_count: sumOf(instances.map(({ thread_count }) => thread_count)),
      open_handles: sumOf(instances.map(({ open_handles }) => open_handles)),
      health_report: healthOf(call, plugin, tenant),
      threads: serving.flatMap((live) => threadsOf(live, wanted, background)),
      waiting_calls: serving.reduce((sum, live) => sum + waitingIn(live, wanted), 0),
      instances,
      refused: refusals.of({ plugin, tenant }),
      error_log: errorsOf(plugin, views, wanted),
      last_calls: await lastCalls(storage, plugin, tenant),
      transitions: registry.has(plugin) ? transitionsOf(registry, plugin, wanted) : [],
    };
  };
}

function waitingIn(live: LivePlugin, { tenant, isPlatform }: Wanted): number {
  const group = live.groupOf(tenant);
  if (group === undefined) return 0;
  return live.isShared && !isPlatform ? group.waitingCountOf(tenant) : group.waitingCount();
}

/** What an instance that serves every tenant is doing tells of all of them. */
function instancesOf(live: LivePlugin, { tenant, isPlatform }: Wanted): readonly Promise<PluginInstance>[] {
  const { version, digest, manifest } = live.spec;
  if (live.isShared && !isPlatform) return [];
  const asked = manifest.sandbox.scope;
  const scope = asked === 'shared' && !live.isShared ? 'tenant' : asked;
  return (live.groupOf(tenant)?.sandboxes() ?? []).map(async (sandbox: Sandbox): Promise<PluginInstance> => {
    const known = sandbox.diagnose();
    const { threads, openFiles } = await readProcessFigures(known.node_pid);
    return {
      instance_id: known.instance_id,
      scope,
      ...(isPlatform && known.node_pid !== undefined && { pid: known.node_pid }),
      version,
      digest,
      tier: sandbox.tier,
      state: known.state,
      uptime_seconds: Math.round(known.uptime_ms) / 1_000,
      calls_in_flight: known.calls_in_flight,
      cpu_ms: known.cpu_ms,
      rss_bytes: known.rss_bytes,
      peak_rss_bytes: known.peak_rss_bytes,
      thread_count: threads,
      open_handles: openFiles,
    };
  });
}

function threadsOf(live: LivePlugin, { tenant }: Wanted, { threadsOf: of }: Background): readonly PluginThread[] {
  if (live.isShared) return []; // Which have none.
  const instances = live.groupOf(tenant)?.sandboxes() ?? [];
  return instances.flatMap((one) => of(one).map((thread) => ({ ...thread, instance_id: one.instanceId })));
}

/** What a check said, and the host's words where none can (X004-2). */
function healthOf({ registry, releases }: HostParts['call'], plugin: string, tenant: string): LastHealth {
  const unasked = { metrics: {}, checked_at: null };
  if (!registry.has(plugin)) return { status: 'error', message: `Plugin ${plugin} not found`, ...unasked };
  if (releases.isDisabled(plugin, tenant))
    return { status: 'disabled', message: `Plugin ${plugin} is disabled.`, ...unasked };
  return registry.lastHealth(plugin, tenant) ?? { status: 'unknown', message: '', ...unasked };
}

/** Null where nothing is known of any. */
function sumOf(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : known.reduce((sum, figure) => sum + figure, 0);
}

function errorsOf(plugin: string, { logs }: Views, { tenant, isPlatform }: Wanted): PluginDebug['error_log'] {
  const linesMax = LIMITS.journal_lines.value;
  const { lines } = logs.read(plugin, { tenant, linesMax, isPlatform });
  return lines.filter(({ level }) => level === 'error').slice(-ERRORS_MAX);
}

async function lastCalls(
  storage: HostParts['call']['storage'],
  plugin: string,
  tenant: string,
): Promise<PluginDebug['last_calls']> {
  try {
    return (await storage.listCalls({ plugin, tenant, rowsMax: CALLS_MAX })).map(toCall);
  } catch {
    return null; // The storage is away; what is in memory is worth reading all the more.
  }
}

function toCall(row: LedgerRow): Omit<LedgerRow, 'node' | 'tenant_id' | 'plugin_name'> {
  const { node: _node, tenant_id: _tenant, plugin_name: _plugin, ...call } = row;
  return call;
}

function transitionsOf(
  registry: HostParts['call']['registry'],
  plugin: string,
  { tenant, isPlatform }: Wanted,
): readonly Transition[] {
  const place = isPlatform ? undefined : registry.placeOf(plugin);
  return registry
    .transitions(plugin)
    .filter(({ scope }) => scope === tenant || scope === PLATFORM_SCOPE)
    .slice(-TRANSITIONS_MAX)
    .map((row) => (row.reason === null ? row : { ...row, reason: withoutPlace(row.reason, place) }));
}
