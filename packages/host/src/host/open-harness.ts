/**
 * Opens a harness: one file in guests of its own, below the call flow. Of a call it has the sandbox and nothing else, because what is
 * judged here is nobody's plugin: there is no tenant to admit, no registration to resolve, and nothing to record.
 */
import {
  DEFAULT_TENANT,
  LIMITS,
  LIMIT_PROFILES,
  callError,
  type CallError,
  type CallReport,
  type GuestLimits,
  type Outcome,
} from '@bulkhead/protocol';
import { basename } from 'node:path';
import { roundToMicroseconds } from '../base/clock.ts';
import { LivePlugin, type LiveSpec } from '../fleet/live-plugin.ts';
import type { Harness, HarnessCall, HarnessOptions } from '../harness-api.ts';
import { refuseTimeout } from '../call/resolve-call.ts';
import type { GroupReply } from '../sandbox/instance-group.ts';
import type { SandboxCall } from '../sandbox/sandbox.ts';
import type { HostParts } from './open-parts.ts';
import { specOfFile } from './run-function.ts';

/**
 * Opens it; no guest is started before the first run.
 *
 * @throws {HostError} with findings, as an install, where the file is refused.
 */
export async function openHarness(parts: HostParts, { file, limits, instances = 1 }: HarnessOptions): Promise<Harness> {
  // No plugin can have this name, so that nothing is granted to it and nothing is kept of it.
  const name = `harness:${basename(file)}`;
  const { manifest, ...read } = await specOfFile(parts, file, name);
  const warm = { ...manifest, sandbox: { ...manifest.sandbox, scope: 'tenant' as const } };
  const spec: LiveSpec = { ...read, manifest: warm, limits: limitsOf(limits) };
  const lanes = Array.from({ length: instances }, () => openLane(parts, spec));
  const free = createFreeLanes(lanes);
  const close = async (): Promise<void> => {
    await Promise.all(lanes.map((lane) => lane.close()));
  };
  return {
    digest: spec.digest,
    run: async (call) => {
      const startedAt = parts.call.clock.now();
      const lane = await free.take();
      try {
        return await lane.run(call, startedAt);
      } finally {
        free.give(lane);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** One guest at a time, and one call at a time in it. */
type Lane = {
  readonly run: (call: HarnessCall, askedAt: number) => Promise<Outcome>;
  readonly close: () => Promise<void>;
};

/** A file whose import fails is tried so often in a row; after that it is known to, and nothing is started for it any more. */
const START_FAILURES_MAX = 3;

function openLane(parts: HostParts, spec: LiveSpec): Lane {
  const { clock, newCallId } = parts.call;
  const live = new LivePlugin(spec, parts.live);
  const group = live.openGroup(DEFAULT_TENANT, {});
  let startFailures = 0;
  let lastFailure: GroupReply | undefined;
  const answer = async (call: HarnessCall, timeoutMs: number): Promise<GroupReply> => {
    if (lastFailure !== undefined && startFailures >= START_FAILURES_MAX) return lastFailure;
    const reply = await group.run(sandboxCall(call, { timeoutMs, now: clock.now(), limits: spec.limits }));
    const hasFailed = reply.kind === 'replied' && reply.sandbox === undefined && reply.reply.didRun;
    startFailures = hasFailed ? startFailures + 1 : 0;
    lastFailure = hasFailed ? reply : undefined;
    return reply;
  };
  return {
    run: async (call, askedAt) => {
      // The time of a run begins when there is a guest for it: starting one is no time of the code that is judged.
      if (startFailures === 0 && !group.isInhabited()) await group.start();
      const startedAt = clock.now();
      const wrong = refuseTimeout(call.timeoutMs);
      const timeoutMs = Math.min(call.timeoutMs ?? spec.limits.timeout_ms, spec.limits.timeout_ms);
      const reply = wrong === undefined ? await answer(call, timeoutMs) : unrun(wrong);
      return outcomeOf(spec, call, {
        replied: reply.kind === 'replied' ? reply : unrun(callError('HOST_CLOSED')),
        callId: newCallId(clock.wallTime()),
        durationMs: roundToMicroseconds(clock.now() - startedAt),
        queueMs: roundToMicroseconds(startedAt - askedAt),
      });
    },
    close: () => live.close(),
  };
}

function sandboxCall(
  { fn, args, signal }: HarnessCall,
  { timeoutMs, now, limits }: { readonly timeoutMs: number; readonly now: number; readonly limits: GuestLimits },
): SandboxCall {
  const isFullTime = timeoutMs === limits.timeout_ms;
  return { target: 'export', name: fn, args, signal, timeoutMs, isFullTime, deadline: now + timeoutMs };
}

/** Hands out lanes, the one that waits longest first. */
function createFreeLanes(lanes: readonly Lane[]): {
  readonly take: () => Lane | Promise<Lane>;
  readonly give: (lane: Lane) => void;
} {
  const free = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  return {
    take: () => free.pop() ?? new Promise((resolve) => waiting.push(resolve)),
    give: (lane) => {
      const next = waiting.shift();
      if (next === undefined) free.push(lane);
      else next(lane);
    },
  };
}

type Replied = Extract<GroupReply, { readonly kind: 'replied' }>;
type Ended = {
  readonly replied: Replied;
  readonly callId: string;
  readonly durationMs: number;
  readonly queueMs: number;
};

function outcomeOf(spec: LiveSpec, { fn }: HarnessCall, ended: Ended): Outcome {
  const { reply, sandbox } = ended.replied;
  const { stdout, stderr, cpu_ms, peak_rss_bytes } = reply;
  const call: CallReport = {
    ...{ call_id: ended.callId, plugin: spec.name, version: spec.version, digest: spec.digest },
    ...{ tenant: DEFAULT_TENANT, target: fn },
    instance_id: sandbox?.instanceId ?? null,
    tier: sandbox?.tier ?? null,
    ...{ duration_ms: ended.durationMs, queue_ms: ended.queueMs, cpu_ms, peak_rss_bytes, stdout, stderr },
  };
  return reply.ok ? { ok: true, value: reply.value, call } : { ok: false, error: reply.error, call };
}

function unrun(error: CallError): Replied {
  const nothing = { stdout: '', stderr: '', cpu_ms: null, peak_rss_bytes: null, stack: undefined, metadata: undefined };
  return {
    kind: 'replied',
    reply: { ok: false, didRun: false, error, ...nothing },
    sandbox: undefined,
    queueMs: 0,
  };
}

/** Whoever opens a harness is the operator, who may raise what a plugin may only ask for (CONTRACTS, decision 3). */
function limitsOf(asked: HarnessOptions['limits']): GuestLimits {
  const { case: profile } = LIMIT_PROFILES;
  const timeoutMs = Math.min(asked?.timeout_ms ?? profile.timeout_ms, LIMITS.timeout_ms.value);
  return {
    timeout_ms: timeoutMs,
    // Processor time of a run: twice its time, since compiling and collecting have threads of their own (X002-12).
    cpu_ms: Math.min(asked?.cpu_ms ?? 2 * timeoutMs, LIMITS.cpu_ms.value),
    memory_mb: Math.min(asked?.memory_mb ?? profile.memory_mb, LIMITS.memory_mb.value),
    output_bytes: Math.min(asked?.output_bytes ?? profile.output_bytes, LIMITS.output_bytes.value),
    concurrency: 1,
    instances: 1,
  };
}
