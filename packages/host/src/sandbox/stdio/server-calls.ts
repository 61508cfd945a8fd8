/**
 * The calls of one MCP server from the moment they are sent until each has its one reply: by the server, by its deadline, by its
 * caller's abort, or by the server's death. It says when the server must end, and ends nothing itself.
 *
 * A server that heeds a cancellation answers nothing, and so cannot be told from one that ignores it. One whose caller has gone
 * lives on where it answers a ping within the grace; one that let a whole deadline pass has to answer the call itself.
 */
import { LIMITS, callError, type CallError, type JsonObject, type PinnedTool } from '@bulkhead/protocol';
import type { Clock } from '../../base/clock.ts';
import { createDeadlineTimer, type DeadlineTimer } from '../../base/deadline-timer.ts';
import { systemTimer } from '../../base/timer.ts';
import type { SandboxCall, SandboxDeath, SandboxReply } from '../sandbox.ts';
import type { GuestOutput } from '../process/guest-output.ts';
import { failed, judgeProgress, type ReplyBody } from '../process/judge-message.ts';
import { createPendingCalls, type PendingCall } from '../process/pending-calls.ts';
import {
  addSample,
  hungriestOf,
  lossOf,
  pendingCall,
  refusalOf,
  timedOut,
  unsent,
  type GuestLoss,
} from '../process/running-calls.ts';
import type { RpcChannel } from './rpc-channel.ts';
import type { RpcMessage } from './rpc-message.ts';
import { judgeRpcError, judgeToolResult, type ResultBounds } from './tool-result.ts';

/** What calls run through, and who is told of what they do. */
export type ServerCallsOptions = ResultBounds & {
  readonly clock: Clock;
  readonly channel: RpcChannel;
  readonly output: GuestOutput;
  /** Ids are the connection's: no two requests of it have the same. */
  readonly nextId: () => number;
  /** The tool of a name, as the server knows it. */
  readonly toolOf: (name: string) => PinnedTool | undefined;
  readonly onOverdue: () => void;
  readonly onSettled: () => void;
  readonly onDropped: () => void;
  /** Told of what the server says that went wrong. */
  readonly onErrorText: (text: string) => void;
  readonly kill: (error: CallError, cause: SandboxDeath['cause'], call?: SandboxCall) => void;
};

type Answer = Extract<RpcMessage, { kind: 'result' | 'error' }>;

/** The calls of one server. */
export class ServerCalls {
  readonly #options: ServerCallsOptions;
  readonly #pending = createPendingCalls();
  readonly #deadlines: DeadlineTimer;
  /** Pings that ask whether a server heeds a cancellation, with the call that was cancelled. */
  readonly #pings = new Map<number, number>();
  /** Calls that were cancelled and let go: an honest server that ignores cancellations answers them some time. */
  readonly #letGo = new Set<number>();
  readonly #healthChecks = new Set<number>();
  #sent = 0;
  #strikes = 0;

  constructor(options: ServerCallsOptions) {
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
    if (call.target === 'health') return new Promise((resolve) => this.#ping(call, resolve));
    const written = this.#write(call);
    if (!written.ok) return Promise.resolve(unsent(written.error));
    return new Promise((resolve) => this.#start(call, written, resolve));
  }

  /** Takes an answer of the server's. */
  answer(message: Answer): void {
    this.#markBegun(message.id);
    if (this.#takePing(message.id)) return;
    const entry = this.#pending.get(message.id);
    if (entry === undefined) return this.#answerUnasked(message.id);
    if (this.#healthChecks.delete(message.id)) return this.#settleTaken(message.id, HEALTHY);
    const body =
      message.kind === 'error'
        ? judgeRpcError(message, this.#options.hidePaths)
        : judgeToolResult(message, this.#options);
    if (body === undefined) return this.#options.kill(noResult(), 'fault', entry.call);
    if (!body.ok) this.#options.onErrorText(body.error.message);
    this.#settleTaken(message.id, body);
  }

  /** Hands on how far a call says it is. */
  takeProgress({ progressToken: id, progress, total, message }: JsonObject): void {
    if (typeof id !== 'number' || typeof progress !== 'number') return;
    const text = typeof message === 'string' ? message.slice(0, LIMITS.error_text_characters.value) : undefined;
    const told = {
      progress,
      ...(typeof total === 'number' && { total }),
      ...(text !== undefined && { message: text }),
    };
    this.#pending.get(id)?.call.listener?.onProgress?.(judgeProgress(told, this.#options.hidePaths));
  }

  /** Calls that have no reply yet. */
  pendingCount(): number {
    return this.#pending.size();
  }

  /** Calls that were ever sent. */
  sentCount(): number {
    return this.#sent;
  }

  /** Pending calls, and those that the host has answered and the server has still to drop. */
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

  /** Settles everything because the server is gone; returns the call that was told of it as its own end. */
  settleAll({ error, culpritId, stack }: GuestLoss): SandboxCall | undefined {
    this.#deadlines.stop();
    const calls = this.#pending.takeAll(culpritId);
    calls.forEach((entry, index) => this.#settle(entry, lossOf(error, index === 0, stack)));
    return calls[0]?.call;
  }

  /** An answer shows that the server outlived the tick of every call that was sent before. */
  #markBegun(answered: number): void {
    const before = this.#pending.values().filter(({ id, isBegun }) => id < answered && !isBegun);
    if (before.length > 0) this.#pending.markBegun(before.map(({ id }) => id));
  }

  #start(call: SandboxCall, { tool, json }: Written, resolve: (reply: SandboxReply) => void): void {
    const id = this.#add(call, resolve);
    const meta = call.listener?.onProgress === undefined ? '' : `,"_meta":{"progressToken":${id}}`;
    this.#options.channel.send(
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call",` +
        `"params":{"name":${JSON.stringify(tool.mcp_name)},"arguments":${json}${meta}}}`,
    );
  }

  #ping(call: SandboxCall, resolve: (reply: SandboxReply) => void): void {
    const id = this.#add(call, resolve);
    this.#healthChecks.add(id);
    this.#options.channel.request(id, 'ping', {});
  }

  #add(call: SandboxCall, resolve: (reply: SandboxReply) => void): number {
    const { clock, output, nextId } = this.#options;
    this.#sent += 1;
    const id = nextId();
    const startedAt = clock.now();
    const entry = pendingCall({ id, call, resolve, startedAt, from: output.mark() });
    this.#pending.add(entry);
    this.#deadlines.watch(call.deadline);
    if (call.signal === undefined) return id;
    entry.onAbort = () => this.#giveUp(id, callError('CALL_CANCELLED'));
    call.signal.addEventListener('abort', entry.onAbort, { once: true });
    return id;
  }

  #write(call: SandboxCall): ({ readonly ok: true } & Written) | { readonly ok: false; readonly error: CallError } {
    const tool = this.#options.toolOf(call.name);
    if (tool === undefined) return { ok: false, error: callError('TOOL_NOT_FOUND') };
    try {
      const json = JSON.stringify(call.args[0] ?? {});
      const observed = json.length * 3 <= ARGS_BYTES_MAX ? 0 : Buffer.byteLength(json);
      if (observed <= ARGS_BYTES_MAX) return { ok: true, tool, json };
      return { ok: false, error: callError('REQUEST_TOO_LARGE', { message: `the arguments have ${observed} bytes` }) };
    } catch (error) {
      const message = `the arguments cannot be written as JSON: ${String(error).split('\n', 1).join('')}`;
      return { ok: false, error: callError('PARAMS_INVALID', { message }) };
    }
  }

  /** Answers a call now, then gives the server its grace to drop it; a server that does not is killed. */
  #giveUp(id: number, error: CallError): void {
    const { channel, nextId, kill } = this.#options;
    const entry = this.#pending.takeOverdue(id, {
      graceMs: LIMITS.abort_grace_ms.value,
      didIgnore: () => kill(error, isFault ? 'fault' : 'caller', entry?.call),
    });
    if (entry === undefined) return;
    const isFault = error.code === 'CALL_TIMEOUT' && entry.call.isFullTime;
    this.#healthChecks.delete(id);
    this.#options.onOverdue();
    this.#settle(entry, failed(error));
    channel.notify('notifications/cancelled', { requestId: id, reason: error.message });
    if (isFault) return;
    const ping = nextId();
    this.#pings.set(ping, id);
    channel.request(ping, 'ping', {});
  }

  /** A server that answers while a cancelled call is behind it has let go of the caller. */
  #takePing(id: number): boolean {
    const cancelled = this.#pings.get(id);
    if (cancelled === undefined) return false;
    this.#pings.delete(id);
    if (!this.#pending.isOverdue(cancelled)) return true;
    this.#answerUnasked(cancelled);
    this.#letGo.add(cancelled);
    const [oldest] = this.#letGo;
    if (this.#letGo.size > LET_GO_MAX && oldest !== undefined) this.#letGo.delete(oldest);
    return true;
  }

  #settleTaken(id: number, body: ReplyBody): void {
    const entry = this.#pending.take(id);
    if (entry !== undefined) this.#settle(entry, body);
  }

  #settle(entry: PendingCall, body: ReplyBody): void {
    const { cpuMs, peakRssBytes } = entry;
    const written = this.#options.output.since(entry.from);
    entry.resolve({ ...body, ...written, didRun: true, cpu_ms: cpuMs, peak_rss_bytes: peakRssBytes });
  }

  /** An answer to a call that the host has answered itself is late; any other is a lie, and 16 are borne (FAULTS 44). */
  #answerUnasked(id: number): void {
    if (this.#letGo.delete(id)) return; // Counted when it was let go.
    this.#options.onDropped();
    if (this.#pending.forgetOverdue(id)) {
      if (this.#pending.overdueCount() === 0) this.#options.onSettled();
      return;
    }
    this.#strikes += 1;
    if (this.#strikes > LIMITS.unknown_id_strikes.value) this.#options.kill(callError('FRAME_UNKNOWN_ID'), 'fault');
  }
}

type Written = { readonly tool: PinnedTool; readonly json: string };

const LET_GO_MAX = 1_000;
const ARGS_BYTES_MAX = LIMITS.frame_payload_bytes.value;
const HEALTHY: ReplyBody = {
  ok: true,
  value: { status: 'healthy', message: 'the MCP server answers a ping' },
  metadata: undefined,
};

function noResult(): CallError {
  return callError('FRAME_SCHEMA', { message: 'the result of a tool is no result of the Model Context Protocol' });
}
