/**
 * Step 5 of a call: the breaker lets it pass, an instance of the tenant's runs it, and what was measured is noted.
 */
import { callError, type CallError } from '@bulkhead/protocol';
import { mapStack } from '../bundle/map-stack.ts';
import type { LiveTool } from '../fleet/live-plugin.ts';
import type { GroupReply, InstanceGroup } from '../sandbox/instance-group.ts';
import type { CallListener, SandboxCall, SandboxReply } from '../sandbox/sandbox.ts';
import type { HeldBack, RunningCall } from '../registry/registry.ts';
import { changeRelease, type CallPath, type CallRun } from './call-run.ts';
import { refuseParams, resolveCall, toolOf, type ResolvedCall } from './resolve-call.ts';
import { withinDeadline } from './within-deadline.ts';

/** How the sandbox answered, without what {@link runInSandbox} has noted in the run. */
export type SandboxEnd =
  | Pick<Extract<SandboxReply, { ok: true }>, 'ok' | 'value' | 'metadata'>
  | { readonly ok: false; readonly error: CallError; readonly metadata?: SandboxReply['metadata'] };

/** A call with whoever hears of it before it ends. */
export type HeardCall = ResolvedCall & { readonly listener: CallListener | undefined };

/** A call is given to at most this many groups: a release may be replaced while the call waits for an instance. */
const ATTEMPTS_MAX = 3;

/** Runs the call; never rejects. A call that lost its guest to another one is tried once more if its tool is idempotent. */
export async function runInSandbox(path: CallPath, run: CallRun, call: HeardCall): Promise<SandboxEnd> {
  const { live } = call;
  // Taken out while the call waited for a hook, or for its start to be stored.
  if (!path.registry.has(live.spec.name)) return { ok: false, error: callError('PLUGIN_NOT_FOUND') };
  const started = startIn(path, run, call);
  if (started.kind === 'held_back') return { ok: false, error: withRetryAfter(started.error, started.retryAfterMs) };
  run.running = started;
  if (live.ready() === undefined && run.task.target.kind === 'tool') {
    // No guest has told of the tools yet, so whether this one exists, and may be called so, is known once one has started.
    const refusal = await learnTool(path, run, call);
    if (refusal !== undefined) return { ok: false, error: refusal };
  }
  const answer = await groupFor(path, run, call).run(sandboxCall(run, call));
  if (answer.kind === 'retired') return runElsewhere(path, run, call);
  noteAnswer(path, run, { live, answer });
  return !run.hasChunks && isWorthRepeating(toolOf(call, run), answer.reply)
    ? runElsewhere(path, run, call)
    : answer.reply;
}

/** A release that stands in is not what the tenant's standing is read from. */
function startIn({ registry }: CallPath, run: CallRun, { live: { spec } }: ResolvedCall): RunningCall | HeldBack {
  return run.standIn === undefined
    ? registry.startCall(spec.name, run.tenant, spec.digest)
    : registry.startAside(spec.name, run.tenant, spec.digest);
}

/** The tenant's instances; new ones begin with its newest configuration, which may have changed since the call resolved. */
function groupFor(
  path: CallPath,
  { tenant, standIn }: CallRun,
  { live, config }: Pick<ResolvedCall, 'live' | 'config'>,
): InstanceGroup {
  const group = live.groupOf(tenant);
  if (group !== undefined) return group;
  const resolution = standIn ?? path.releases.resolve(tenant, live.spec.name);
  const isSame = resolution.kind === 'resolved' && resolution.release.digest === live.spec.digest;
  return live.openGroup(tenant, isSame ? resolution.config : config);
}

function isWorthRepeating(tool: LiveTool | undefined, reply: SandboxReply): boolean {
  return !reply.ok && reply.error.code === 'GUEST_LOST' && tool?.wire.idempotent === true;
}

/** Runs the call on what the tenant runs by now: its group was retired before the call began, or its guest was lost. */
async function runElsewhere(path: CallPath, run: CallRun, call: HeardCall): Promise<SandboxEnd> {
  let { live } = call;
  for (let tried = 1; tried < ATTEMPTS_MAX; tried += 1) {
    const resolution = run.standIn ?? path.releases.resolve(run.tenant, live.spec.name);
    const before = live;
    live = (resolution.kind === 'resolved' ? path.fleet.find(resolution.release.digest) : undefined) ?? live;
    const refusal = live === before ? undefined : moveTo(path, run, live);
    if (refusal !== undefined) return { ok: false, error: refusal };
    const answer = await groupFor(path, run, { live, config: call.config }).run(sandboxCall(run, call));
    if (answer.kind === 'retired') continue;
    noteAnswer(path, run, { live, answer });
    return answer.reply;
  }
  return { ok: false, error: callError('HOST_OVERLOADED', { message: 'the release was replaced again and again' }) };
}

/** Returns why the other release does not take the call, where it does not. */
function moveTo(path: CallPath, run: CallRun, live: ResolvedCall['live']): CallError | undefined {
  const { name, version, digest } = live.spec;
  const running = path.registry.startCall(name, run.tenant, digest);
  if (running.kind === 'held_back') return withRetryAfter(running.error, running.retryAfterMs);
  changeRelease(path, run, { running, version, digest });
  return undefined;
}

async function learnTool(path: CallPath, run: CallRun, call: ResolvedCall): Promise<CallError | undefined> {
  const time = { leftMs: call.deadline - path.clock.now(), timeoutMs: call.timeoutMs, signal: run.task.signal };
  const waited = await withinDeadline(call.live.tryOutForCall(run.tenant, call.config), time);
  if (!waited.ok) return waited.error;
  run.didRun = true;
  const tried = waited.value;
  if (!tried.ok) return tried.error;
  const resolved = resolveCall(path, run, call.tenant); // Its permissions are the tool's, too.
  return resolved.ok ? refuseParams({ ...call, tool: toolOf(call, run) }) : resolved.error;
}

function sandboxCall(run: CallRun, call: HeardCall): SandboxCall {
  const { task } = run;
  return {
    target: task.target.kind,
    name: task.target.name,
    args: call.args,
    deadline: call.deadline,
    timeoutMs: call.timeoutMs,
    isFullTime: call.isFullTime,
    signal: task.signal,
    caller: call.live.callerOf(run.tenant, call.config),
    origin: task,
    eventDepth: task.eventDepth,
    listener: call.listener,
  };
}

type Replied = Extract<GroupReply, { kind: 'replied' }>;

function noteAnswer(
  path: CallPath,
  run: CallRun,
  { live, answer }: { readonly live: ResolvedCall['live']; readonly answer: Replied },
): void {
  const { reply, sandbox, queueMs } = answer;
  run.instanceId = sandbox?.instanceId ?? null;
  run.tier = sandbox?.tier ?? null;
  run.queueMs += queueMs;
  run.didRun = reply.didRun;
  run.cpuMs = reply.cpu_ms;
  run.peakRssBytes = reply.peak_rss_bytes;
  run.stdout = reply.stdout;
  run.stderr = reply.stderr;
  if (!reply.ok && reply.stack !== undefined) logStack(path, run, { live, reply });
}

/** Ends of which the plugin has told its caller why; nothing in its code went wrong. */
const NOTHING_WRONG: ReadonlySet<string> = new Set(['TOOL_REPORTED_ERROR', 'PROVIDER_REFUSED']);

/**
 * What a plugin threw, and where in its own source lines: for the logs only, and bounded in frames and rate. A tenant reads of
 * its own errors however often the plugin fails for others; the stack it may miss then.
 */
function logStack(
  path: CallPath,
  run: CallRun,
  { live, reply }: { readonly live: ResolvedCall['live']; readonly reply: SandboxReply },
): void {
  if (reply.ok || reply.stack === undefined || NOTHING_WRONG.has(reply.error.code)) return;
  const now = path.clock.now();
  const stack = live.mayLogStack(now) ? mapStack(reply.stack, live.spec.sourceMap) : undefined;
  const { code, message } = reply.error;
  const { tenant, id } = run;
  const { name: plugin } = live.spec;
  if (stack !== undefined) path.log.warn({ plugin, tenant, call_id: id, code, stack }, message);
  if (!live.mayNoteError(tenant, now)) return;
  const fields = stack === undefined ? { code } : { code, stack };
  path.journal.add({ plugin, scope: tenant }, { source: 'host', level: 'error', text: message, fields, callId: id });
}

function withRetryAfter(error: CallError, retryAfterMs: number): CallError {
  return Number.isFinite(retryAfterMs)
    ? { ...error, limit: { name: 'retry_after_ms', allowed: 0, observed: Math.ceil(retryAfterMs), unit: 'ms' } }
    : error;
}
