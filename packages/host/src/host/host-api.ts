/**
 * The embedding API over opened parts.
 */
import {
  DEFAULT_TENANT,
  entryTarget,
  parseObjectGroup,
  type GuestReady,
  type JsonValue,
  type Outcome,
  type ListedEntry,
  type ListedTool,
} from '@bulkhead/protocol';
import { runCall } from '../call.ts';
import type { CallTask } from '../call/call-run.ts';
import type { CallRequest, CallStream, EntryRequest, StreamRequest } from '../calls-api.ts';
import type { Host } from '../host-api.ts';
import type { Log } from '../base/log.ts';
import { openPieces } from '../base/pieces.ts';
import type { OfferRequest } from '../offers-api.ts';
import { insistOnNewerIndex } from '../install/judge-index.ts';
import type { CallListener, Chunk } from '../sandbox/sandbox.ts';
import type { HostParts } from './open-parts.ts';
import { createHealthViews } from './health-views.ts';
import { createInstaller } from './installer.ts';
import { createOffers } from './offers.ts';
import { createPluginDebug } from './plugin-debug.ts';
import { openGate } from './open-gate.ts';
import { openHarness } from './open-harness.ts';
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
    seeIndex: (origin) => insistOnNewerIndex(origin, parts.install),
    reload: installer.reload,
    renew: (name, tenant) => renew(parts, name, tenant),
    withdraw: installer.withdraw,
    uninstall: installer.uninstall,
    call: (request) => runCall(call, toolTask(request, listenerOf(settings, request))),
    stream: (request) => openStream(settings, parts, request),
    callEntry: (request) => runCall(call, entryTask(request)),
    llm: {
      backends: (tenant) => parts.llm.backendsOf(tenant ?? DEFAULT_TENANT),
      generate: (request) => parts.llm.ask(request),
    },
    agents: parts.agents,
    recordings: parts.recordings,
    evaluations: parts.evaluations,
    gate: openGate(settings, parts, closing),
    openHarness: (options) => openHarness(parts, options),
    runSandboxed: (target, ...args) => runFunction(parts, target, args),
    ...views,
    tools: (tenant) => listTools(parts, tenant ?? DEFAULT_TENANT),
    offers: createOffers({
      plugins: call.releases.plugins,
      describedOf: (plugin, tenant) => describedOf(parts, plugin, tenant),
      run: (request, target, args) => runCall(call, offerTask(request, target, { args, settings })),
      watch: parts.events.offers,
    }),
    entries: (tenant) => listEntries(parts, tenant ?? DEFAULT_TENANT),
    described: (plugin, tenant) => describedOf(parts, plugin, tenant ?? DEFAULT_TENANT),
    logs,
    debug: createPluginDebug(parts, { ...views, logs }),
    refused: () => call.registry.refused(),
    metrics: (page) => call.metrics.renderMetrics(page),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openStream(settings: HostSettings, { call }: HostParts, request: StreamRequest): CallStream {
  return openPieces<Chunk, Outcome>((onChunk, signal) => {
    if ('group' in request) return runCall(call, { ...entryTask(request), signal, listener: { onChunk } });
    const listener = { ...listenerOf(settings, request), onChunk };
    return runCall(call, { ...toolTask(request, listener), signal });
  }, request.signal);
}

type Heard = Pick<CallRequest, 'onProgress' | 'onLog' | 'client'>;

function listenerOf({ log }: HostSettings, { onProgress, onLog, client }: Heard): CallListener | undefined {
  if (onProgress === undefined && onLog === undefined && client === undefined) return undefined;
  return { onProgress: guarded(log, onProgress), onLog: guarded(log, onLog), client };
}

/** What an embedder's function throws is its own affair, and no end of a call. */
function guarded<Told>(log: Log, tell: ((told: Told) => void) | undefined): ((told: Told) => void) | undefined {
  return (
    tell &&
    ((told) => {
      try {
        tell(told);
      } catch (error) {
        log.error({ err: error }, 'a listener of a call threw');
      }
    })
  );
}

function toolTask(request: CallRequest, listener: CallListener | undefined): CallTask {
  const { plugin, tool, tenant, timeoutMs, signal, scopes, idempotencyKey } = request;
  return {
    ...UNASKED,
    plugin,
    tenant,
    timeoutMs,
    signal,
    scopes,
    idempotencyKey,
    listener,
    target: { kind: 'tool', name: tool },
    args: [(request.params ?? {}) as JsonValue], // Whoever calls gives JSON; the schema judges what it is.
  };
}

/** A group that there is not is looked for by its name, and found nowhere. */
function entryTask({ plugin, group, name, method, args = [], tenant, timeoutMs, signal }: EntryRequest): CallTask {
  const known = parseObjectGroup(group);
  const target = known === undefined ? `${group}/${name}#${method}` : entryTarget(known, name, method);
  return {
    ...UNASKED,
    ...{ plugin, tenant, timeoutMs, signal },
    target: { kind: 'entry', name: target },
    args: args as readonly JsonValue[], // Positional arguments are JSON; the channel writes them as such.
  };
}

type OfferCall = { readonly args: readonly JsonValue[]; readonly settings: HostSettings };

function offerTask(request: OfferRequest, target: string, { args, settings }: OfferCall): CallTask {
  const { plugin, tenant, timeoutMs, signal, scopes } = request;
  return {
    ...UNASKED,
    ...{ plugin, tenant, timeoutMs, signal, scopes, args },
    target: { kind: 'entry', name: target },
    listener: listenerOf(settings, request),
  };
}

/** What a call is without, unless it asks for it. */
const UNASKED = {
  scopes: undefined,
  idempotencyKey: undefined,
  chain: [],
  live: undefined,
  refusal: undefined,
  listener: undefined,
} as const;

function listTools(parts: HostParts, tenant: string): readonly ListedTool[] {
  const tools = parts.call.releases
    .plugins()
    .flatMap((plugin) => (describedOf(parts, plugin, tenant)?.tools ?? []).map((tool) => ({ plugin, ...tool })));
  return tools.toSorted((a, b) => compare(a.plugin, b.plugin) || compare(a.name, b.name));
}

function listEntries(parts: HostParts, tenant: string): readonly ListedEntry[] {
  const entries = parts.call.releases
    .plugins()
    .flatMap((plugin) => (describedOf(parts, plugin, tenant)?.entries ?? []).map((entry) => ({ plugin, ...entry })));
  return entries.toSorted(
    (a, b) => compare(a.plugin, b.plugin) || compare(a.group, b.group) || compare(a.name, b.name),
  );
}

function describedOf({ call }: HostParts, plugin: string, tenant: string): GuestReady | undefined {
  const resolution = call.releases.resolve(tenant, plugin);
  return resolution.kind === 'resolved' ? call.fleet.find(resolution.release.digest)?.ready() : undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
