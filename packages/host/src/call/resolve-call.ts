/**
 * Steps 2 and 3 of a call: what runs, may this caller run it, for how long, and do the parameters fit.
 */
import {
  callError,
  entryTargets,
  offerTargets,
  type CallError,
  type GuestReady,
  type JsonObject,
  type JsonValue,
  type Manifest,
} from '@bulkhead/protocol';
import type { HostError } from '../base/host-error.ts';
import { needsOf } from '../fleet/compile-tool.ts';
import type { LivePlugin, LiveTool } from '../fleet/live-plugin.ts';
import { refuseWeakSandbox } from '../fleet/needed-tier.ts';
import type { Release } from '../catalogue/releases.ts';
import type { RegistrationRow } from '../storage/catalogue-port.ts';
import type { TenantScope } from '../tenant/accounts.ts';
import { answerInTime } from '../storage/answer-in-time.ts';
import { storeCalls, toLedgerRows } from './call-record.ts';
import { refuseArguments } from './judge-offer.ts';
import { refuseSecrets } from './refuse-secrets.ts';
import { recordOf, type CallPath, type CallRun } from './call-run.ts';
import { withinDeadline } from './within-deadline.ts';

/** A call that may run. Only {@link resolveCall} makes one. */
export type ResolvedCall = {
  readonly tenant: TenantScope;
  readonly live: LivePlugin;
  readonly config: JsonObject;
  /** Undefined for an export, and for a tool of a plugin that no guest has told of yet. */
  readonly tool: LiveTool | undefined;
  readonly args: readonly JsonValue[];
  readonly timeoutMs: number;
  readonly deadline: number;
  readonly isFullTime: boolean;
};

/** `absent` is the release that the tenant runs, where it is not on this host yet. */
type Resolved =
  | { readonly ok: true; readonly call: ResolvedCall }
  | { readonly ok: false; readonly error: CallError; readonly absent?: Release };

/**
 * Resolves a call. A release that another node has brought in may be on its way to this host: the call waits for it, at
 * most until its own deadline.
 */
export async function resolveArriving(
  path: CallPath,
  run: CallRun,
  { tenant, absent }: { readonly tenant: TenantScope; readonly absent: Release },
): Promise<Resolved> {
  const { task } = run;
  const wrong = refuseTimeout(task.timeoutMs);
  if (wrong !== undefined) return { ok: false, error: wrong };
  const timeoutMs = timeoutOf(run, absent.manifest.limits.timeout_ms);
  const leftMs = run.attemptedAt + timeoutMs - path.clock.now();
  const waited = await withinDeadline(path.bring(absent), { leftMs, timeoutMs, signal: task.signal });
  return waited.ok ? resolveCall(path, run, tenant) : waited;
}

/** Finds the release that the tenant runs, and judges permissions, sandbox and time limit. */
export function resolveCall(path: CallPath, run: CallRun, tenant: TenantScope): Resolved {
  const { task } = run;
  if (task.refusal !== undefined) return { ok: false, error: errorOf(task.refusal) };
  if (task.live !== undefined) return resolveBrought(run, tenant, task.live);
  const resolution = run.standIn ?? path.releases.resolve(tenant.id, task.plugin);
  if (resolution.kind === 'refused') return { ok: false, error: explainAbsence(path, task.plugin, resolution.error) };
  const { release, registration, config } = resolution;
  run.version = release.manifest.version;
  run.digest = release.digest;
  const live = path.fleet.find(release.digest);
  if (live === undefined)
    return { ok: false, error: explainAbsence(path, task.plugin, notLoaded(task.plugin)), absent: release };
  const tool = task.target.kind === 'tool' ? live.tools()?.get(task.target.name) : undefined;
  run.handler = tool?.handler ?? taskHandlerOf(run);
  const error =
    refuseTarget(run, live, tool) ??
    refusePermissions(run, { manifest: release.manifest, registration, tool }) ??
    refuseSecrets(path, tenant.id, resolution) ??
    refuseWeakSandbox(path, release, tenant.minTier) ??
    refuseTimeout(task.timeoutMs);
  if (error !== undefined) return { ok: false, error };
  return { ok: true, call: withTiming(run, { tenant, live, config, tool, args: task.args }) };
}

function errorOf({ code, message, hint }: HostError): CallError {
  const explained = callError('PLUGIN_REFUSED', { message: `${code}: ${message}`, hint });
  return code === 'PLUGIN_UNAVAILABLE' ? callError(code, { message, hint }) : explained;
}

/** What the caller brought has no registration, and so no grants, no config and nothing to refuse but its time. */
function resolveBrought(run: CallRun, tenant: TenantScope, live: LivePlugin): Resolved {
  run.version = live.spec.version;
  run.digest = live.spec.digest;
  const error = refuseTarget(run, live, undefined) ?? refuseTimeout(run.task.timeoutMs);
  if (error !== undefined) return { ok: false, error };
  return { ok: true, call: withTiming(run, { tenant, live, config: {}, tool: undefined, args: run.task.args }) };
}

type Untimed = Omit<ResolvedCall, 'timeoutMs' | 'deadline' | 'isFullTime'>;

function withTiming(run: CallRun, { tenant, live, config, tool, args }: Untimed): ResolvedCall {
  const limitMs = live.spec.limits.timeout_ms;
  const timeoutMs = timeoutOf(run, limitMs);
  const isFullTime = timeoutMs === limitMs;
  return { tenant, live, config, tool, args, timeoutMs, deadline: run.attemptedAt + timeoutMs, isFullTime };
}

/** The plugin's own limit holds for each attempt, what the caller allows for all of them together. */
function timeoutOf({ task, startedAt, attemptedAt }: CallRun, limitMs: number): number {
  if (task.timeoutMs === undefined) return limitMs;
  return Math.min(Math.max(1, Math.floor(task.timeoutMs - (attemptedAt - startedAt))), limitMs);
}

/** The tool that is called, as it was found, or as a guest that had to start first has told of it since. */
export function toolOf({ tool, live }: Pick<ResolvedCall, 'tool' | 'live'>, { task }: CallRun): LiveTool | undefined {
  return tool ?? (task.target.kind === 'tool' ? live.tools()?.get(task.target.name) : undefined);
}

/** Judges a tool's parameters by its schema; returns the refusal, or undefined where they fit. */
export function refuseParams(call: ResolvedCall): CallError | undefined {
  const wrong = call.tool?.checkParams(call.args[0]);
  return wrong === undefined ? undefined : callError('PARAMS_INVALID', { message: `params: ${wrong}` });
}

/** Counts the call for its plugin and tenant; returns the refusal where it is one too many, which counts nothing. */
export function refuseRate({ live, tenant }: ResolvedCall, now: number): CallError | undefined {
  const { callsPerSecond: allowed } = live.rate;
  const retryAfterMs = live.rate.take(tenant.id, now);
  if (retryAfterMs === undefined) return undefined;
  return callError('PLUGIN_RATE_EXCEEDED', {
    message: `plugin "${live.spec.name}" takes ${allowed} calls a second of a tenant`,
    limit: { name: 'calls_per_second', allowed, observed: allowed + 1, unit: 'calls' },
    retryAfterMs,
  });
}

/** Tells whether the manifest asks for a strict ledger: the start is stored before the guest sees the call. */
export function isStrict(call: ResolvedCall): boolean {
  return call.live.spec.manifest.ledger === 'strict';
}

/** Stores that the call has begun; returns why that was not possible before the call's deadline. */
export async function startDurably(path: CallPath, run: CallRun, deadline: number): Promise<CallError | undefined> {
  if (run.record !== undefined) return undefined; // By an earlier attempt.
  run.record = recordOf(run);
  const stored = storeCalls(path.storage, toLedgerRows(path.node, [run.record]));
  const { ok } = await answerInTime(stored, deadline - path.clock.now());
  return ok ? undefined : callError('STORAGE_UNAVAILABLE');
}

function notLoaded(plugin: string): CallError {
  return callError('PLUGIN_UNAVAILABLE', {
    message: `plugin "${plugin}" has a release that is not loaded on this server`,
  });
}

/** A plugin that was refused, or lacks something, is known by name; its caller learns why it cannot run, and not where it lies. */
function explainAbsence(path: CallPath, plugin: string, error: CallError): CallError {
  if (error.kind === 'disabled') return error;
  const health = path.registry.health(plugin, { showThrownText: true });
  if (health?.state === 'UNAVAILABLE')
    return callError('PLUGIN_UNAVAILABLE', { message: health.reason ?? error.message });
  if (health?.state === 'FAILED') return callError('PLUGIN_REFUSED', { message: health.reason ?? error.message });
  return error;
}

function refuseTarget(run: CallRun, live: LivePlugin, tool: LiveTool | undefined): CallError | undefined {
  const { kind, name } = run.task.target;
  const ready = live.ready();
  if (ready === undefined) return undefined; // No guest has said yet what there is; the one that starts now will.
  if (kind === 'tool' && tool === undefined)
    return unknownTool(
      live.spec.name,
      name,
      ready.tools.map((known) => known.name),
    );
  if (kind === 'tool') return undefined;
  const offered = kind === 'export' ? ready.exports : entriesOf(ready);
  if (!offered.includes(name)) return unknownTool(live.spec.name, name, offered);
  return refuseArguments(run.task, ready);
}

function entriesOf(ready: GuestReady): readonly string[] {
  return [...(ready.entries ?? []).flatMap(entryTargets), ...offerTargets(ready)];
}

const HANDLE = /^task_handlers\/(.*)#handle$/;

/** Label of a task handler's series: the work itself is measured, not the question whether it takes the task (F000-12). */
function taskHandlerOf({ task }: CallRun): string | undefined {
  const name = task.target.kind === 'entry' ? HANDLE.exec(task.target.name)?.[1] : undefined;
  return name === undefined ? undefined : `${task.plugin}.${name}`;
}

/** The refusal of a name that the plugin does not have; names what it has. */
export function unknownTool(plugin: string, name: string, known: readonly string[]): CallError {
  const shown = JSON.stringify(name.slice(0, 80));
  const list = known.length === 0 ? 'it has none' : `it has ${known.slice(0, 20).join(', ')}`;
  return callError('TOOL_NOT_FOUND', { message: `plugin "${plugin}" has no ${shown}; ${list}` });
}

type PermissionCase = {
  readonly manifest: Manifest;
  readonly registration: RegistrationRow;
  readonly tool: LiveTool | undefined;
};

function refusePermissions(run: CallRun, { manifest, registration, tool }: PermissionCase): CallError | undefined {
  const needs = tool?.needs ?? needsOf(manifest.required_permissions);
  const ungranted = needs.capabilities.find((word) => !registration.granted_permissions.includes(word));
  if (ungranted !== undefined) {
    const what = manifest.optional_permissions.includes(ungranted) ? 'optional permission' : 'permission';
    return callError('PERMISSION_NOT_GRANTED', {
      message: `plugin "${manifest.name}" needs the ${what} "${ungranted}", which its registration was not granted`,
      hint: `Grant it: \`bulkhead serve --grant ${manifest.name}=${ungranted}\`.`,
    });
  }
  const { scopes } = run.task;
  const missing = scopes === undefined ? undefined : needs.scopes.find((word) => !scopes.includes(word));
  if (missing === undefined) return undefined;
  return callError('SCOPE_MISSING', {
    message: `the caller lacks the scope "${missing}" that "${run.task.target.name}" needs`,
  });
}

/** Judges the time limit that a caller asks for; returns the refusal, or undefined where it is one. */
export function refuseTimeout(timeoutMs: number | undefined): CallError | undefined {
  if (timeoutMs === undefined || (Number.isSafeInteger(timeoutMs) && timeoutMs > 0)) return undefined;
  return callError('TIMEOUT_INVALID', { message: `timeout_ms is ${timeoutMs}; expected a whole number of at least 1` });
}
