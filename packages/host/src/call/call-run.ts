/**
 * One call from admission to record: what it is, what was learnt of it on the way, and the single place where its end
 * becomes an Outcome and reaches registry, ledger and metrics.
 */
import {
  DEFAULT_TENANT,
  callError,
  type CallError,
  type CallReport,
  type HookName,
  type JsonObject,
  type JsonValue,
  type Outcome,
  type Tier,
} from '@bulkhead/protocol';
import type { Span } from '@opentelemetry/api';
import { roundToMicroseconds, type Clock } from '../base/clock.ts';
import type { HostError } from '../base/host-error.ts';
import type { Log } from '../base/log.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { LivePlugin } from '../fleet/live-plugin.ts';
import type { TierPolicy } from '../fleet/needed-tier.ts';
import type { Hook, HookChain } from '../hooks/chain.ts';
import type { Journal } from '../journal/journal.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Registry, RunningCall } from '../registry/registry.ts';
import type { Release, Releases, Resolution } from '../catalogue/releases.ts';
import type { SecretVault } from '../catalogue/secrets.ts';
import type { CallListener } from '../sandbox/sandbox.ts';
import type { Batch } from '../storage/batch.ts';
import type { Storage } from '../storage/port.ts';
import type { Admitter } from '../tenant/admit.ts';
import { endCallSpan, startCallSpan } from '../tracing/call-span.ts';
import { tellCall, type CallEvents } from './call-events.ts';
import type { Mirror } from './mirror.ts';
import type { Recorder } from './recorder.ts';
import type { Settlement } from './run-once.ts';
import { createRecord, endRecord, type CallRecord } from './call-record.ts';

/** What the call flow uses; wired once by the host. */
export type CallPath = TierPolicy & {
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
  readonly newCallId: (wallTime: number) => string;
  readonly admitter: Admitter;
  readonly registry: Registry;
  readonly releases: Releases;
  readonly fleet: Fleet;
  /** Brings a release up on this host, or waits for whoever does; never rejects, also where it cannot be. */
  readonly bring: (release: Release) => Promise<void>;
  /** Keeps a release that the tenant has moved on from at hand until a time, in milliseconds since the epoch. O(1). */
  readonly standBy: (release: Release, until: number) => void;
  readonly metrics: Metrics;
  readonly storage: Storage;
  readonly secrets: SecretVault;
  readonly ledger: Batch<CallRecord>;
  /** How calls with an idempotency key ended, where the storage could not be told at once. */
  readonly settlements: Batch<Settlement>;
  /** Keeps a share of calls for evaluations. */
  readonly recorder: Recorder;
  /** Hands a share of calls to whoever runs them on another release. */
  readonly mirror: Pick<Mirror, 'note'>;
  readonly hookChain: HookChain;
  /** Where the tenant reads what went wrong in its plugins. */
  readonly journal: Pick<Journal, 'add'>;
  readonly events: CallEvents;
  /** Hooks of this tenant at one of the points, a constant list; empty for most. */
  readonly hooksFor: (points: readonly HookName[], tenant: string) => readonly Hook[];
};

/** A request, normalised: positional `args`, of a tool its params alone. An entry's name is `group/name#method`. */
export type CallTask = {
  readonly plugin: string;
  readonly target: { readonly kind: 'tool' | 'export' | 'entry'; readonly name: string };
  readonly args: readonly JsonValue[];
  readonly tenant: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly scopes: readonly string[] | undefined;
  /** Plugins whose calls wait for this one, the first caller first. */
  readonly chain: readonly string[];
  /** Depth of the event that led to it, where one did. */
  readonly eventDepth?: number | undefined;
  /** Of the caller, 1 to 256 characters; the same again is answered what this call was. */
  readonly idempotencyKey: string | undefined;
  /** Set where the caller brought what is to run, such as a file; then no registration decides. */
  readonly live: LivePlugin | undefined;
  /** Who hears of it before it ends. */
  readonly listener: CallListener | undefined;
  /** Set where what the caller brought was refused before it could run. */
  readonly refusal: HostError | undefined;
};

/** What is learnt of a call while it runs. One owner, the flow; written by its steps in order. */
export type CallRun = {
  readonly id: string;
  readonly task: CallTask;
  readonly tenant: string;
  readonly span: Span;
  readonly startedAt: number;
  readonly startedWall: number;
  /** When what is told here began: as `startedAt`, or later where this is the second attempt of a call. */
  readonly attemptedAt: number;
  /** Set where a release that the tenant has moved on from is to serve it in place of what the registration says. */
  readonly standIn: StandIn | undefined;
  /** When its end was recorded; until then when it started. Monotonic, as `startedAt` is. */
  endedAt: number;
  version: string | null;
  digest: string | null;
  instanceId: string | null;
  tier: Tier | null;
  queueMs: number;
  cpuMs: number | null;
  peakRssBytes: number | null;
  stdout: string;
  stderr: string;
  /** Set once something of the plugin ran for the call; else nothing of the plugin is judged by it (decision 15). */
  didRun: boolean;
  handler: string | undefined;
  /** Set once another release reached its tool for the call, whatever became of that. */
  didReachStandIn: boolean;
  /** Set once a piece of its result was given to its reader. */
  hasChunks: boolean;
  /** Set once the call was about to run; its end goes to the same record. */
  record: CallRecord | undefined;
  /** Set once the plugin's breaker let the call pass; settled by {@link recordCall}. */
  running: RunningCall | undefined;
};

/** A release that serves a call, with the registration as it would be if the tenant ran it. */
export type StandIn = Extract<Resolution, { readonly kind: 'resolved' }>;

/** How a call ended, before it is recorded. */
export type CallEnd =
  | { readonly ok: true; readonly value: JsonValue; readonly metadata?: JsonObject | undefined }
  | { readonly ok: false; readonly error: CallError; readonly metadata?: JsonObject | undefined };

/** Opens the record of a call. */
export function openCall(path: CallPath, task: CallTask): CallRun {
  const startedAt = path.clock.now();
  const startedWall = path.clock.wallTime();
  const id = path.newCallId(startedWall);
  const tenant = task.tenant ?? DEFAULT_TENANT;
  return {
    id,
    task,
    tenant,
    span: startCallSpan({ id, tenant, plugin: task.plugin, target: task.target.name }),
    startedAt,
    startedWall,
    attemptedAt: startedAt,
    standIn: undefined,
    endedAt: startedAt,
    version: null,
    digest: null,
    instanceId: null,
    tier: null,
    queueMs: 0,
    cpuMs: null,
    peakRssBytes: null,
    stdout: '',
    stderr: '',
    didRun: false,
    handler: undefined,
    didReachStandIn: false,
    hasChunks: false,
    record: undefined,
    running: undefined,
  };
}

/** Ends a call. A record that cannot be kept is counted and never changes the answer. */
export function recordCall(path: CallPath, run: CallRun, end: CallEnd): Outcome {
  run.endedAt = path.clock.now();
  const durationMs = roundToMicroseconds(run.endedAt - run.startedAt);
  const error = end.ok ? undefined : end.error;
  try {
    settleAttempt(path, run, error);
    const kind = error?.kind ?? 'ok';
    path.metrics.observeCall(run.task.plugin, kind, durationMs);
    run.record ??= recordOf(run);
    endRecord(run.record, { digest: run.digest, durationMs, outcome: kind, code: error?.code ?? null });
    path.ledger.add(run.record);
    if (path.events.isWatched) tellCall(path.events, run, { outcome: kind, durationMs });
  } catch (cause) {
    path.metrics.countRecordFailure('registry');
    path.log.error({ err: cause, call_id: run.id }, 'a call could not be recorded');
  }
  const measured = report(run, durationMs);
  const call = end.metadata === undefined ? measured : { ...measured, metadata: end.metadata };
  const outcome: Outcome = end.ok ? { ok: true, value: end.value, call } : { ok: false, error: end.error, call };
  endCallSpan(run.span, outcome);
  return outcome;
}

/** Tells registry and handler series how an attempt of a call ended, the only one of most calls; told again it does nothing. */
export function settleAttempt(path: CallPath, run: CallRun, error: CallError | undefined): void {
  const { running, handler } = run;
  run.running = undefined;
  run.handler = undefined;
  const durationMs = roundToMicroseconds(path.clock.now() - run.attemptedAt);
  if (running !== undefined) path.registry.settle(running, { error, durationMs, didRun: run.didRun });
  if (handler === undefined) return;
  const status = error === undefined ? 'ok' : 'error';
  path.metrics.observeHandler(handler, { status, durationMs, reason: error?.code });
}

/** A call that was started on a release goes on with another, which is judged by it; the one before saw nothing of it. */
export function changeRelease(path: CallPath, run: CallRun, { running, version, digest }: Running): void {
  if (run.running !== undefined) path.registry.settle(run.running, { error: undefined, durationMs: 0, didRun: false });
  run.running = running;
  run.version = version;
  run.digest = digest;
}

type Running = { readonly running: RunningCall; readonly version: string; readonly digest: string };

/**
 * Gives the ledger an attempt of which the caller is not told, under an id of its own: which release it was, and how it ended.
 * What is given is an end that was settled.
 */
export function recordAttempt(path: CallPath, run: CallRun, { kind: outcome, code }: CallError): void {
  const record = recordOf({ ...run, id: path.newCallId(run.startedWall) });
  const durationMs = roundToMicroseconds(run.endedAt - run.attemptedAt);
  endRecord(record, { digest: run.digest, durationMs, outcome, code });
  path.ledger.add(record);
}

/** Our own bug ends this call and nothing else: it is counted, logged, and never blamed on the plugin. */
export function failCall(path: CallPath, run: CallRun, cause: unknown): Outcome {
  path.log.error({ err: cause, call_id: run.id }, 'the host failed while it served a call');
  return recordCall(path, run, { ok: false, error: callError('HOST_FAULT') });
}

/** Tells the ledger that the call is about to run, at the next write at the latest if it has not ended by then. */
export function recordStart(path: CallPath, run: CallRun): undefined {
  if (run.record !== undefined) return; // By an earlier attempt.
  run.record = recordOf(run);
  path.ledger.add(run.record);
}

/** The record of a call that has not ended. */
export function recordOf(run: CallRun): CallRecord {
  const { id: callId, tenant, task, startedWall, digest } = run;
  return createRecord({ callId, tenant, plugin: task.plugin, target: task.target.name, startedWall, digest });
}

function report(run: CallRun, durationMs: number): CallReport {
  return {
    call_id: run.id,
    plugin: run.task.plugin,
    version: run.version,
    digest: run.digest,
    tenant: run.tenant,
    target: run.task.target.name,
    instance_id: run.instanceId,
    tier: run.tier,
    duration_ms: durationMs,
    queue_ms: roundToMicroseconds(run.queueMs),
    cpu_ms: run.cpuMs,
    peak_rss_bytes: run.peakRssBytes,
    stdout: run.stdout,
    stderr: run.stderr,
  };
}
