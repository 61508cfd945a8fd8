/**
 * A lane of a harness: one guest at a time, and one run at a time in it. Of a call it has the sandbox, and of a tool its schemas;
 * nothing admits a run, nothing resolves it, and nothing is recorded.
 */
import { callError, type CallError, type CallReport, type JsonValue, type Outcome } from '@bulkhead/protocol';
import { roundToMicroseconds } from '../base/clock.ts';
import { refuseTimeout, unknownTool } from '../call/resolve-call.ts';
import { LivePlugin, type LiveTool } from '../fleet/live-plugin.ts';
import type { HarnessCall } from '../harness-api.ts';
import type { GroupReply } from '../sandbox/instance-group.ts';
import type { SandboxCall, SandboxReply } from '../sandbox/sandbox.ts';
import type { HarnessSubject } from './harness-subject.ts';
import type { HostParts } from './open-parts.ts';

/** One guest at a time, and one run at a time in it; `learn` answers why no guest could tell of the tools. */
export type HarnessLane = {
  readonly run: (call: HarnessCall, askedAt: number) => Promise<Outcome>;
  readonly learn: () => Promise<CallError | undefined>;
  readonly live: LivePlugin;
  readonly close: () => Promise<void>;
};

/** What fails to start is tried so often in a row; after that it is known to, and nothing is started for it any more. */
const START_FAILURES_MAX = 3;

/** Opens a lane; no guest is started before its first run. */
export function openHarnessLane(parts: HostParts, subject: HarnessSubject): HarnessLane {
  const { clock, newCallId } = parts.call;
  const { timeout_ms: fullMs } = subject.spec.limits;
  const guests = openGuests(parts, subject);

  async function runJudged(call: HarnessCall, startedAt: number): Promise<SentReply> {
    const wrong = refuseTimeout(call.timeoutMs) ?? ('tool' in call ? await guests.learn() : undefined);
    const found = wrong ?? toolOf(guests.live, call);
    if (found !== undefined && 'kind' in found) return unrun(found);
    const timeoutMs = Math.min(call.timeoutMs ?? fullMs, fullMs);
    const replied = await guests.run(sandboxCall(call, { startedAt, timeoutMs, fullMs }));
    return found === undefined ? replied : judgeBy(found, replied);
  }

  return {
    live: guests.live,
    learn: async () => {
      await guests.warmUp();
      return guests.learn();
    },
    run: async (call, askedAt) => {
      await guests.warmUp();
      const startedAt = clock.now();
      const replied = await runJudged(call, startedAt);
      const durationMs = roundToMicroseconds(clock.now() - startedAt);
      return outcomeOf(subject, call, {
        ...{ replied: withPeak(subject, replied), durationMs },
        callId: newCallId(clock.wallTime()),
        queueMs: roundToMicroseconds(startedAt - askedAt),
      });
    },
    close: guests.close,
  };
}

type Guests = Pick<HarnessLane, 'live' | 'learn' | 'close'> & {
  /** Starts one where there is none: that is no time of the code that is judged. */
  readonly warmUp: () => Promise<void>;
  readonly run: (call: SandboxCall) => Promise<SentReply>;
};

function openGuests(parts: HostParts, { spec, tenant, config }: HarnessSubject): Guests {
  const live = new LivePlugin(spec, parts.live);
  const group = live.openGroup(tenant, config);
  const starts = countStarts();
  let learning: Promise<CallError | undefined> = Promise.resolve(undefined);
  let leaving: Promise<unknown> | undefined;
  let isClosed = false;
  return {
    live,
    warmUp: async () => {
      await leaving;
      if (!isClosed && !starts.hasFailed() && !group.isInhabited()) await group.start();
    },
    // What there is to call is known once a guest was ready; where none could be, one more start tells why.
    learn: async () => {
      if (live.ready() !== undefined) return undefined;
      if (isClosed) return callError('HOST_CLOSED');
      if (starts.hopeless() !== undefined) return starts.hopeless();
      learning = live.tryOutForCall(tenant, config).then((tried) => (tried.ok ? undefined : tried.error));
      return starts.note(await learning);
    },
    run: async (call) => {
      const hopeless = starts.hopeless();
      if (hopeless !== undefined) return unrun(hopeless);
      const replied = await group.run(call);
      if (replied.kind === 'retired') return unrun(callError('HOST_CLOSED'));
      const { reply, sandbox } = replied;
      starts.note(!reply.ok && reply.didRun && sandbox === undefined ? reply.error : undefined);
      // Whatever it still does would be done in the time of the next run.
      if (!reply.ok && reply.error.kind === 'timeout' && sandbox !== undefined)
        leaving = Promise.race([sandbox.died, sandbox.close()]);
      return replied;
    },
    close: async () => {
      isClosed = true;
      await Promise.all([live.close(), learning]);
    },
  };
}

/** Counts starts that failed in a row; `hopeless` is why the last one did, once that were too many. */
function countStarts() {
  let failures = 0;
  let last: CallError | undefined;
  return {
    hasFailed: (): boolean => failures > 0,
    hopeless: (): CallError | undefined => (failures >= START_FAILURES_MAX ? last : undefined),
    note: (failure: CallError | undefined): CallError | undefined => {
      failures = failure === undefined ? 0 : failures + 1;
      last = failure;
      return failure;
    },
  };
}

type SentReply = Extract<GroupReply, { readonly kind: 'replied' }>;

/** The tool that is meant, the refusal of its parameters, or undefined where no tool is. */
function toolOf(live: LivePlugin, call: HarnessCall): LiveTool | CallError | undefined {
  if (!('tool' in call)) return undefined;
  const tool = live.tools()?.get(call.tool);
  if (tool === undefined) return unknownTool(live.spec.manifest.name, call.tool, [...(live.tools()?.keys() ?? [])]);
  const wrong = tool.checkParams(paramsOf(call));
  return wrong === undefined ? tool : callError('PARAMS_INVALID', { message: `params: ${wrong}` });
}

function paramsOf(call: Extract<HarnessCall, { readonly tool: string }>): JsonValue {
  return call.params ?? {};
}

function judgeBy(tool: LiveTool, sent: SentReply): SentReply {
  const { reply } = sent;
  const wrong = reply.ok ? tool.checkResult?.(reply.value) : undefined;
  if (!reply.ok || wrong === undefined) return sent;
  const { didRun, stdout, stderr, cpu_ms, peak_rss_bytes } = reply;
  const error = callError('RESULT_INVALID', { message: `result: ${wrong}` });
  const measured = { didRun, stdout, stderr, cpu_ms, peak_rss_bytes, metadata: undefined };
  return { ...sent, reply: { ok: false, error, stack: undefined, ...measured } };
}

/** A guest takes one run at a time, so what it held at most since the last one is this run's. */
function withPeak({ measuresMemory }: HarnessSubject, sent: SentReply): SentReply {
  const peak = measuresMemory ? (sent.sandbox?.takePeakRssBytes() ?? null) : null;
  return peak === null ? sent : { ...sent, reply: { ...sent.reply, peak_rss_bytes: peak } };
}

type Timed = { readonly startedAt: number; readonly timeoutMs: number; readonly fullMs: number };

function sandboxCall(call: HarnessCall, { startedAt, timeoutMs, fullMs }: Timed): SandboxCall {
  const target =
    'tool' in call
      ? ({ target: 'tool', name: call.tool, args: [paramsOf(call)] } as const)
      : ({ target: 'export', name: call.fn, args: call.args } as const);
  const isFullTime = timeoutMs === fullMs;
  // What it calls in turn waits for nobody else's call, and whoever judges is the operator.
  const origin = { chain: [], scopes: undefined };
  return { ...target, origin, signal: call.signal, timeoutMs, isFullTime, deadline: startedAt + timeoutMs };
}

type Ended = {
  readonly replied: SentReply;
  readonly callId: string;
  readonly durationMs: number;
  readonly queueMs: number;
};

function outcomeOf({ spec, tenant }: HarnessSubject, asked: HarnessCall, ended: Ended): Outcome {
  const { reply, sandbox } = ended.replied;
  const { stdout, stderr, cpu_ms, peak_rss_bytes, metadata } = reply;
  const call: CallReport = {
    ...{ call_id: ended.callId, plugin: spec.name, version: spec.version, digest: spec.digest, tenant },
    target: 'tool' in asked ? asked.tool : asked.fn,
    instance_id: sandbox?.instanceId ?? null,
    tier: sandbox?.tier ?? null,
    ...{ duration_ms: ended.durationMs, queue_ms: ended.queueMs, cpu_ms, peak_rss_bytes, stdout, stderr },
    ...(metadata !== undefined && { metadata }),
  };
  return reply.ok ? { ok: true, value: reply.value, call } : { ok: false, error: reply.error, call };
}

function unrun(error: CallError): SentReply {
  const nothing = { stdout: '', stderr: '', cpu_ms: null, peak_rss_bytes: null, stack: undefined, metadata: undefined };
  const reply: SandboxReply = { ok: false, didRun: false, error, ...nothing };
  return { kind: 'replied', reply, sandbox: undefined, queueMs: 0 };
}
