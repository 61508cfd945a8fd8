/**
 * The calls of one serving guest from the moment they are sent until each has its one reply: by the guest, by its
 * deadline, by its caller's abort, or by the guest's death. It says when the guest must end, and ends nothing itself.
 */
import { LIMITS, callError, type CallError, type ChunkFrame, type Progress } from '@bulkhead/protocol';
import type { Clock } from '../../base/clock.ts';
import { createDeadlineTimer, type DeadlineTimer } from '../../base/deadline-timer.ts';
import { systemTimer } from '../../base/timer.ts';
import type { SandboxCall, SandboxDeath, SandboxOpening, SandboxReply } from '../sandbox.ts';
import { WINDOW_BYTES, createChunkWindow, type ChunkWindow } from './chunk-window.ts';
import type { GuestOutput } from './guest-output.ts';
import type { HostChannel } from './host-channel.ts';
import { failed, judgeChunk, type ReplyBody } from './judge-message.ts';
import { createPendingCalls, type PendingCall } from './pending-calls.ts';

/** What calls run through, and who is told of what they do. */
export type RunningCallsOptions = {
  readonly clock: Clock;
  readonly channel: HostChannel;
  readonly output: GuestOutput;
  /** A call is past its deadline, and the guest may still answer; then, that every such call was answered. */
  readonly onOverdue: () => void;
  readonly onSettled: () => void;
  /** A reply was dropped: late, twice, or to a call that was never made. */
  readonly onDropped: () => void;
  /** `call` is the one that the guest must end for, where it is one. */
  readonly kill: (error: CallError, cause: SandboxDeath['cause'], call?: SandboxCall) => void;
};

/** Why a guest is gone, as far as its calls care. */
export type GuestLoss = {
  readonly error: CallError;
  readonly culpritId: number | undefined;
  readonly stack: string | undefined;
};

/** The calls of one guest. */
export class RunningCalls {
  readonly #options: RunningCallsOptions;
  readonly #pending = createPendingCalls();
  readonly #deadlines: DeadlineTimer;
  #lastId = 0;
  #strikes = 0;

  constructor(options: RunningCallsOptions) {
    this.#options = options;
    const giveUp = ({ id, call }: PendingCall): void => this.#giveUp(id, timedOut(call.timeoutMs));
    this.#deadlines = createDeadlineTimer({
      clock: options.clock,
      startTimer: systemTimer,
      didElapse: (now) => this.#pending.endLate(now, giveUp),
    });
  }

  /** Sends a call; never rejects. */
  run(call: SandboxCall): Promise<SandboxReply> {
    const refusal = refusalOf(call, this.#options);
    if (refusal !== undefined) return Promise.resolve(unsent(refusal));
    const written = writeArgs(call);
    if (!written.ok) return Promise.resolve(unsent(written.error));
    return new Promise((resolve) => this.#start(call, written.json, resolve));
  }

  /** Takes a reply of the guest's. `writtenBytes` is how much output the guest says the host should have seen. */
  answer(id: number, body: ReplyBody, writtenBytes: number): void {
    const entry = this.#pending.take(id);
    if (entry === undefined) return this.#answerUnasked(id);
    if (writtenBytes === 0) return this.#settle(entry, body);
    this.#options.output.whenSeen(writtenBytes, () => this.#settle(entry, body));
  }

  /** Takes a chunk of a result; a guest that sends what nobody reads, or more than is read, has broken the protocol. */
  takeChunk(frame: ChunkFrame): void {
    const { id, bytes } = frame;
    const entry = this.#pending.get(id);
    if (entry === undefined && this.#pending.isOverdue(id)) return;
    const { window, call } = entry ?? {};
    if (window === undefined) return this.#options.kill(unreadable('bytes that nobody reads'), 'fault', call);
    if (!window.take(bytes.length)) return this.#options.kill(unreadable('more than its reader took'), 'fault', call);
    const judged = judgeChunk(frame);
    const { length } = bytes;
    const refusal = judged.ok
      ? call?.listener?.onChunk?.(judged.chunk, () => this.#giveRoom(id, window, length))
      : judged.error;
    if (refusal !== undefined) this.#giveUp(id, refusal);
  }

  /** Hands on how far a call says it is. */
  takeProgress(id: number, progress: Progress): void {
    const entry = this.#pending.get(id);
    if (entry === undefined && !this.#pending.isOverdue(id)) return this.#answerUnasked(id);
    entry?.call.listener?.onProgress?.(progress);
  }

  #giveRoom(id: number, window: ChunkWindow, bytes: number): void {
    const portion = window.giveBack(bytes);
    // One that has ended reads nothing more.
    if (portion > 0 && this.#pending.get(id) !== undefined)
      this.#options.channel.send(`{"t":"more","id":${id},"bytes":${portion}}`);
  }

  /** Notes that these calls have outlived the tick that started them. */
  markBegun(ids: readonly number[]): void {
    this.#pending.markBegun(ids);
  }

  /** The call of an id, while it is pending. */
  callOf(id: number): SandboxCall | undefined {
    return this.#pending.get(id)?.call;
  }

  /** Calls that have no reply yet. */
  pendingCount(): number {
    return this.#pending.size();
  }

  /** Calls that were ever sent. */
  sentCount(): number {
    return this.#lastId;
  }

  /** Pending calls, and those that the host has answered and the guest has still to drop. */
  inFlightCount(): number {
    return this.#pending.size() + this.#pending.overdueCount();
  }

  /** Adds what the watchdog saw since its last sample to the calls in flight. */
  sample(spentCpuMs: number, rssBytes: number): void {
    const usage = { spentCpuMs, rssBytes, now: this.#options.clock.now(), calls: this.#pending.size() };
    for (const entry of this.#pending.values()) addSample(entry, usage);
  }

  /** The call in flight with the largest CPU share. */
  hungriest(): { readonly id: number; readonly cpuMs: number } | undefined {
    return hungriestOf(this.#pending.values());
  }

  /** Settles everything because the guest is gone; returns the call that was told of it as its own end. */
  settleAll({ error, culpritId, stack }: GuestLoss): SandboxCall | undefined {
    this.#deadlines.stop();
    const calls = this.#pending.takeAll(culpritId);
    calls.forEach((entry, index) => this.#settle(entry, lossOf(error, index === 0, stack)));
    return calls[0]?.call;
  }

  #start(call: SandboxCall, argsJson: string, resolve: (reply: SandboxReply) => void): void {
    const { clock, channel, output } = this.#options;
    this.#lastId += 1;
    const id = this.#lastId;
    const startedAt = clock.now();
    const leftMs = call.deadline - startedAt;
    const entry = pendingCall({ id, call, resolve, startedAt, from: output.mark() });
    this.#pending.add(entry);
    this.#deadlines.watch(call.deadline);
    if (call.signal !== undefined) {
      entry.onAbort = () => this.#giveUp(id, callError('CALL_CANCELLED'));
      call.signal.addEventListener('abort', entry.onAbort, { once: true });
    }
    channel.expectReplies(1);
    channel.send(
      `{"t":"call","id":${id},"target":"${call.target}","name":${JSON.stringify(call.name)},` +
        `"args":${argsJson},"left_ms":${Math.max(1, Math.ceil(leftMs))}${callerMembers(call)}${windowMember(entry)}}`,
    );
    // One that works on other calls reads this one with the rest of the turn; one that waits begins while the host does the rest.
    if (this.#pending.size() === 1) channel.flush();
  }

  /** Answers a call now, then gives the guest its grace to drop it; a guest that does not is killed. */
  #giveUp(id: number, error: CallError): void {
    const entry = this.#pending.takeOverdue(id, {
      graceMs: LIMITS.abort_grace_ms.value,
      didIgnore: () => this.#options.kill(error, isFault ? 'fault' : 'caller', entry?.call),
    });
    if (entry === undefined) return;
    // A deadline that the caller chose shorter than the plugin's own limit is no fault of the plugin.
    const isFault = error.code === 'CALL_TIMEOUT' && entry.call.isFullTime;
    this.#options.onOverdue();
    this.#settle(entry, failed(error));
    this.#options.channel.send(`{"t":"abort","id":${id}}`);
  }

  #settle(entry: PendingCall, body: ReplyBody): void {
    const { cpuMs, peakRssBytes } = entry;
    // What an instance writes that serves every tenant may be of another one's call.
    const { stdout, stderr } = entry.call.caller === undefined ? this.#options.output.since(entry.from) : NO_OUTPUT;
    entry.resolve({ ...body, stdout, stderr, didRun: true, cpu_ms: cpuMs, peak_rss_bytes: peakRssBytes });
  }

  /** A reply to a call that the host has answered itself is late; any other is a lie, and 16 are borne (FAULTS 44). */
  #answerUnasked(id: number): void {
    this.#options.onDropped();
    if (this.#pending.forgetOverdue(id)) {
      if (this.#pending.overdueCount() === 0) this.#options.onSettled();
      return;
    }
    this.#strikes += 1;
    if (this.#strikes > LIMITS.unknown_id_strikes.value) this.#options.kill(callError('FRAME_UNKNOWN_ID'), 'fault');
  }
}

const NO_OUTPUT = { stdout: '', stderr: '' };

function callerMembers({ caller }: SandboxCall): string {
  return caller === undefined ? '' : `,"caller":${JSON.stringify(caller)}`;
}

function windowMember({ window }: PendingCall): string {
  return window === undefined ? '' : `,"window":${WINDOW_BYTES}`;
}

function unreadable(what: string): CallError {
  return callError('FRAME_SCHEMA', { message: `the guest sent ${what}` });
}

/** A call that need not be sent: cancelled or late before it began, or to a guest that reads nothing. */
export function refusalOf(
  call: SandboxCall,
  { clock, channel }: { readonly clock: Clock; readonly channel: Pick<HostChannel, 'isFull'> },
): CallError | undefined {
  if (call.signal?.aborted === true) return callError('CALL_CANCELLED');
  if (call.deadline <= clock.now()) return timedOut(call.timeoutMs);
  return channel.isFull() ? callError('HOST_OVERLOADED', { message: FULL }) : undefined;
}

const FULL = `the guest has left ${LIMITS.channel_backlog_bytes.value} bytes of earlier calls unread`;
/** The guest takes frames of 20 MiB, of which the call's other fields are little. */
const ARGS_BYTES_MAX = LIMITS.frame_payload_bytes.value;

type WrittenArgs = { readonly ok: true; readonly json: string } | { readonly ok: false; readonly error: CallError };

/** Arguments of the embedding API may be anything that its caller has at hand. */
function writeArgs({ args }: SandboxCall): WrittenArgs {
  try {
    const json = JSON.stringify(args);
    // A UTF-16 unit is at most 3 bytes, so short arguments are never measured exactly.
    const bytes = json.length * 3 <= ARGS_BYTES_MAX ? 0 : Buffer.byteLength(json);
    return bytes <= ARGS_BYTES_MAX ? { ok: true, json } : { ok: false, error: tooLarge(bytes) };
  } catch (error) {
    const message = `the arguments cannot be written as JSON: ${String(error).split('\n', 1).join('')}`;
    return { ok: false, error: callError('PARAMS_INVALID', { message }) };
  }
}

function tooLarge(observed: number): CallError {
  const limit = { name: 'frame_payload_bytes', allowed: ARGS_BYTES_MAX, observed, unit: 'bytes' };
  return callError('REQUEST_TOO_LARGE', { message: `the arguments have ${observed} bytes of JSON`, limit });
}

/** The opening of a guest that takes no calls. */
export function unopened(error: CallError, stack?: string): SandboxOpening {
  return { ok: false, error, stack };
}

/** The reply to a call that never reached the guest. */
export function unsent(error: CallError): SandboxReply {
  return { ...failed(error), didRun: false, stdout: '', stderr: '', cpu_ms: null, peak_rss_bytes: null };
}

/** Why a call of something that the plugin does not offer never reaches it. */
export function notOffered(name: string): CallError {
  return callError('TOOL_NOT_FOUND', { message: `the plugin offers no ${JSON.stringify(name.slice(0, 80))}` });
}

/** Makes the entry of a call that is sent now. */
export function pendingCall(start: Pick<PendingCall, 'id' | 'call' | 'resolve' | 'startedAt' | 'from'>): PendingCall {
  const { id, call, resolve, startedAt, from } = start;
  // Written out, not spread: every call in flight has the same hidden class.
  return {
    id,
    call,
    resolve,
    startedAt,
    from,
    window: call.listener?.onChunk === undefined ? undefined : createChunkWindow(),
    cpuMs: null,
    cpuShareMs: 0,
    peakRssBytes: null,
    isBegun: false,
    onAbort: undefined,
  };
}

/** The end of a call at its deadline. */
export function timedOut(allowed: number): CallError {
  return callError('CALL_TIMEOUT', {
    message: `the call did not end within ${allowed} ms`,
    limit: { name: 'timeout_ms', allowed, observed: allowed, unit: 'ms' },
  });
}

type Usage = {
  readonly spentCpuMs: number;
  readonly rssBytes: number;
  readonly now: number;
  readonly calls: number;
};

/** A guest runs one thread, so a call that began after the last sample had no more CPU time than it is old. */
export function addSample(entry: PendingCall, { spentCpuMs, rssBytes, now, calls }: Usage): void {
  const cpuMs = Math.min(spentCpuMs, now - entry.startedAt);
  entry.cpuMs = (entry.cpuMs ?? 0) + cpuMs;
  entry.cpuShareMs += cpuMs / calls;
  entry.peakRssBytes = Math.max(entry.peakRssBytes ?? 0, rssBytes);
}

/** Of several, the call with the largest CPU share. */
export function hungriestOf(calls: Iterable<PendingCall>): { readonly id: number; readonly cpuMs: number } | undefined {
  let hungriest: PendingCall | undefined;
  for (const entry of calls) {
    if (hungriest === undefined || entry.cpuShareMs > hungriest.cpuShareMs) hungriest = entry;
  }
  return hungriest === undefined ? undefined : { id: hungriest.id, cpuMs: hungriest.cpuShareMs };
}

/**
 * The call that ended the guest ends by its cause; the others were not at fault. A guest that was killed for a call
 * which was answered before, at its deadline or its abort, has no culprit left; a host that closes has none at all.
 */
export function lossOf(error: CallError, isFirst: boolean, stack: string | undefined): ReplyBody {
  const isAnswered = error.code === 'CALL_TIMEOUT' || error.code === 'CALL_CANCELLED';
  if (error.code === 'HOST_CLOSED') return failed(error);
  if (isFirst && !isAnswered) return { ok: false, error, stack, metadata: undefined };
  const message = `another call ended the guest that served this one too (${error.code})`;
  return failed(callError('GUEST_LOST', { message }));
}
