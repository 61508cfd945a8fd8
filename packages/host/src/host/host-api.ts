/**
 * The embedding API over opened parts.
 */
import { DEFAULT_TENANT, type JsonValue, type ListedTool } from '@bulkhead/protocol';
import { runCall } from '../call.ts';
import type { CallTask } from '../call/call-run.ts';
import type { CallRequest, Host } from '../host-api.ts';
import type { HostParts } from './open-parts.ts';
import { createHealthViews } from './health-views.ts';
import { createInstaller } from './installer.ts';
import { createPluginDebug } from './plugin-debug.ts';
import { createPluginLogs } from './plugin-logs.ts';
import { createRegistrations } from './registrations.ts';
import { renew } from './renew.ts';
import { runFunction } from './run-function.ts';
import type { HostSettings } from './settings.ts';

/** Makes the API; `closing` ends everything that was opened. */
export function createHostApi(settings: HostSettings, parts: HostParts, closing: AsyncDisposableStack): Host {
  const { call, sandbox, tenants, tokens, nodes, audit } = parts;
  const { list, set, remove, rotate } = call.secrets;
  const installer = createInstaller(settings, parts);
  const views = createHealthViews(parts);
  const logs = createPluginLogs({ journal: parts.journal, registry: call.registry });
  const close = (): Promise<void> => closing.disposeAsync();
  return {
    registry: call.registry,
    receipt: sandbox.receipt,
    nodes: { list: nodes.list, drain: nodes.drain },
    tenants,
    tokens,
    secrets: { list, set, remove, rotate }, // Never `read`.
    audit,
    registrations: createRegistrations(parts),
    install: installer.install,
    installAll: installer.installAll,
    publish: installer.publish,
    reload: installer.reload,
    renew: (name, tenant) => renew(parts, name, tenant),
    withdraw: installer.withdraw,
    uninstall: installer.uninstall,
    call: (request) => runCall(call, toolTask(request)),
    runSandboxed: (target, ...args) => runFunction(parts, target, args),
    ...views,
    tools: (tenant) => listTools(parts, tenant ?? DEFAULT_TENANT),
    logs,
    debug: createPluginDebug(parts, { ...views, logs }),
    refused: () => call.registry.refused(),
    metrics: () => call.metrics.renderMetrics(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const NOBODY: readonly string[] = [];

function toolTask(request: CallRequest): CallTask {
  return {
    plugin: request.plugin,
    target: { kind: 'tool', name: request.tool },
    args: [(request.params ?? {}) as JsonValue], // Whoever calls gives JSON; the schema judges what it is.
    tenant: request.tenant,
    timeoutMs: request.timeoutMs,
    signal: request.signal,
    scopes: request.scopes,
    chain: NOBODY,
    idempotencyKey: request.idempotencyKey,
    live: undefined,
    refusal: undefined,
  };
}

function listTools({ call }: HostParts, tenant: string): readonly ListedTool[] {
  const tools = call.releases.plugins().flatMap((plugin) => {
    const resolution = call.releases.resolve(tenant, plugin);
    const live = resolution.kind === 'resolved' ? call.fleet.find(resolution.release.digest) : undefined;
    return (live?.ready()?.tools ?? []).map((tool) => ({ plugin, ...tool }));
  });
  return tools.toSorted((a, b) => compare(a.plugin, b.plugin) || compare(a.name, b.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
