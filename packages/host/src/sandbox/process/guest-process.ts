/**
 * One guest process from spawn to death: boots as a spare, is bound once, runs calls, and is ended by the host, by
 * itself, or by what it does. Never throws at its user and never trusts a byte that the process wrote.
 */
import {
  LIMITS,
  callError,
  inspectJson,
  type BindKind,
  type CallError,
  type ErrorCode,
  type GuestError,
  type GuestMessage,
  type GuestReady,
  type JsonObject,
  type Tier,
} from '@bulkhead/protocol';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Sandbox, SandboxCall, SandboxDeath, SandboxDiagnosis, SandboxOpening, SandboxReply } from '../sandbox.ts';
import { describeEnd, type GuestPhase } from './guest-end.ts';
import { nextGuestState, type GuestEvent, type GuestState } from './guest-state.ts';
import { openHostChannel, type HostChannel } from './host-channel.ts';
import { createOutputRing } from './output-ring.ts';
import { createPendingCalls, guestLost, usageOf, type PendingCall, type ReplyBody } from './pending-calls.ts';

/** What a guest is bound to. `artifact` is the bundled module; `memoryMb` is what its process was started with. */
export type GuestBinding = {
  readonly kind: BindKind;
  readonly name: string;
  readonly version: string;
  readonly tenant: string;
  readonly manifest: JsonObject;
  readonly config: JsonObject;
  readonly artifact: Uint8Array;
  readonly outputBytesMax: number;
  readonly initTimeoutMs: number;
};

export type GuestLogLine = Extract<GuestMessage, { readonly t: 'log' }>;

export type GuestProcessOptions = {
  readonly instanceId: string;
  readonly tier: Tier;
  readonly child: ChildProcess;
  readonly clock: Clock;
  readonly memoryMb: number;
  readonly bootTimeoutMs: number;
  readonly onDropped: () => void;
};

export class GuestProcess implements Sandbox {
  readonly instanceId: string;
  readonly tier: Tier;
  readonly pid: number | undefined;
  readonly died: Promise<SandboxDeath>;
  /** Resolves when the guest can be bound, or with why it never can. */
  readonly booted: Promise<CallError | undefined>;
  ready: GuestReady = { t: 'ready', metadata: {}, tools: [], hooks: [], exports: [], has_health_check: false };
  cpuMs: number | null = null;
  rssBytes: number | null = null;

  readonly #options: GuestProcessOptions;
  readonly #channel: HostChannel;
  readonly #pending = createPendingCalls();
  readonly #stdout = createOutputRing();
  readonly #stderr = createOutputRing();
  readonly #deadlines = new Set<NodeJS.Timeout>();
  readonly #didBoot = Promise.withResolvers<CallError | undefined>();
  readonly #didDie = Promise.withResolvers<SandboxDeath>();
  readonly #didOpen = Promise.withResolvers<SandboxOpening>();
  #onLog: (line: GuestLogLine) => void = () => undefined;
  #state: GuestState = 'booting';
  #phase: GuestPhase = 'booting';
  #toolNames: ReadonlySet<string> = new Set();
  #exportNames: ReadonlySet<string> = new Set();
  #lastId = 0;
  #strikes = 0;
  #killedFor: CallError | undefined;
  #cause: SandboxDeath['cause'] = 'fault';
  #isTold = false;
  #culpritId: number | undefined;
  #dying: { readonly code: ErrorCode; readonly error: GuestError } | undefined;
  #floodWindow = { startedAt: 0, bytes: 0 };
  #waitingForOutput: (() => void)[] = [];

  constructor(options: GuestProcessOptions) {
    this.#options = options;
    this.instanceId = options.instanceId;
    this.tier = options.tier;
    this.pid = options.child.pid;
    this.booted = this.#didBoot.promise;
    this.died = this.#didDie.promise;
    this.#channel = openHostChannel({
      socket: options.child.stdio[3] as Socket, // Spawned with 'pipe' there, which is a duplex socket.
      clock: options.clock,
      payloadBytesMax: LIMITS.frame_payload_bytes.value,
      onMessage: (message) => this.#receive(message),
      onFault: (error) => this.kill(error),
    });
    this.#watchChild(options.child);
    this.#killAfter(options.bootTimeoutMs, () =>
      callError('HOST_SPAWN_FAILED', { message: `a guest did not boot within ${options.bootTimeoutMs} ms` }),
    );
  }

  /** Gives the guest its plugin. Never rejects; a plugin that cannot be loaded is an answer, and ends the guest. */
  bind(binding: GuestBinding): Promise<SandboxOpening> {
    if (!this.#step('bind')) return Promise.resolve({ ok: false, error: callError('HOST_SPAWN_FAILED'), stack: undefined });
    this.#phase = 'loading';
    this.#clearDeadlines();
    this.#killAfter(binding.initTimeoutMs, () =>
      callError('INIT_TIMEOUT', {
        message: `the plugin was not ready after ${binding.initTimeoutMs} ms`,
        limit: { name: 'init_timeout_ms', allowed: binding.initTimeoutMs, observed: binding.initTimeoutMs, unit: 'ms' },
      }),
    );
    const { artifact, outputBytesMax, initTimeoutMs, ...rest } = binding;
    const bytes = artifact.length;
    this.#channel.send(JSON.stringify({ t: 'bind', ...rest, artifact_bytes: bytes, output_bytes: outputBytesMax }));
    this.#channel.sendRaw(artifact);
    const payloadBytesMax = outputBytesMax + LIMITS.frame_envelope_bytes.value;
    void this.#didOpen.promise.then(() => this.#channel.setPayloadBytesMax(payloadBytesMax));
    return this.#didOpen.promise;
  }

  run(call: SandboxCall): Promise<SandboxReply> {
    const left = call.deadline - this.#options.clock.now();
    return new Promise((resolve) => {
      const id = ++this.#lastId;
      const pending = this.#pendingCall(id, call, resolve);
      if (this.#state !== 'serving') return this.#settle(pending, failed(callError('GUEST_LOST')));
      if (!this.#offers(call)) return this.#settle(pending, failed(notOffered(call.name)));
      this.#pending.add(pending);
      if (call.signal?.aborted === true) return this.#giveUp(id, callError('CALL_CANCELLED'));
      this.#watchCall(pending, left);
      this.#channel.expectReplies(1);
      this.#channel.send(
        `{"t":"call","id":${id},"target":"${call.target}","name":${JSON.stringify(call.name)},` +
          `"args":${JSON.stringify(call.args)},"left_ms":${Math.ceil(left)}}`,
      );
    });
  }

  /** Says who gets the lines that the plugin logs from now on. */
  logTo(onLog: (line: GuestLogLine) => void): void {
    this.#onLog = onLog;
  }

  /** Sends the guest its new configuration; it holds for calls that start afterwards. */
  configure(config: JsonObject): void {
    this.#channel.send(JSON.stringify({ t: 'config', config }));
  }

  /** True while calls may be given to it. */
  isServing(): boolean {
    return this.#state === 'serving';
  }

  callsInFlight(): number {
    return this.#pending.size() + this.#pending.overdueCount();
  }

  /** Asks the guest to unload and end; kills it after the grace. Resolves when it is gone. */
  async close(): Promise<void> {
    if (this.#state === 'dead') return;
    const hadPlugin = this.#phase === 'serving';
    this.#step('close');
    this.#killedFor ??= callError('HOST_CLOSED');
    this.#cause = 'closed';
    if (hadPlugin) this.#channel.send(`{"t":"close","left_ms":${LIMITS.shutdown_grace_ms.value}}`);
    else this.#killGroup();
    this.#killAfter(LIMITS.shutdown_grace_ms.value, () => callError('HOST_CLOSED'));
    await this.died;
  }

  /** Ends the guest at once and for the given reason. */
  kill(error: CallError, culpritId?: number, cause: SandboxDeath['cause'] = 'fault'): void {
    if (this.#state === 'dead') return;
    if (this.#killedFor === undefined) {
      this.#killedFor = error;
      this.#cause = cause;
      this.#culpritId = culpritId;
    }
    this.#killGroup();
  }

  /** Takes a sample of the watchdog; `cpuMs` is since the process began. */
  sample(cpuMs: number, rssBytes: number): void {
    const spentMs = cpuMs - (this.cpuMs ?? cpuMs);
    this.cpuMs = cpuMs;
    this.rssBytes = rssBytes;
    const share = spentMs / Math.max(1, this.#pending.size());
    for (const call of this.#pending.values()) {
      call.cpuMs = (call.cpuMs ?? 0) + spentMs;
      call.cpuShareMs += share;
      call.peakRssBytes = Math.max(call.peakRssBytes ?? 0, rssBytes);
    }
  }

  /** Largest CPU share among the calls in flight, with its id; undefined where there is none. */
  hungriestCall(): { readonly id: number; readonly cpuMs: number } | undefined {
    let hungriest: PendingCall | undefined;
    for (const call of this.#pending.values()) {
      if (hungriest === undefined || call.cpuShareMs > hungriest.cpuShareMs) hungriest = call;
    }
    return hungriest === undefined ? undefined : { id: hungriest.id, cpuMs: hungriest.cpuShareMs };
  }

  diagnose(): SandboxDiagnosis {
    return {
      instance_id: this.instanceId,
      pid: this.pid,
      state: this.#state,
      calls_in_flight: this.#pending.size(),
      cpu_ms: this.cpuMs,
      rss_bytes: this.rssBytes,
      last_output: `${this.#stdout.since(0)}${this.#stderr.since(0)}`,
    };
  }

  #receive(message: GuestMessage): void {
    switch (message.t) {
      case 'ok':
        return this.#answer(message.id, this.#judgeValue(message), message.written ?? 0);
      case 'err':
        return this.#answer(message.id, this.#judgeError(message), message.written ?? 0);
      case 'begun':
        return this.#pending.markBegun(message.ids);
      case 'log':
        return this.#onLog(message);
      case 'dying':
        this.#dying ??= message;
        this.#culpritId ??= message.id;
        return;
      case 'hello':
        return this.#onHello();
      case 'ready':
        return this.#onReady(message);
      case 'failed':
        return this.#onFailed(message);
    }
  }

  #onHello(): void {
    if (!this.#step('hello')) return;
    this.#clearDeadlines();
    this.#didBoot.resolve(undefined);
  }

  #onReady(message: GuestReady): void {
    if (!this.#step('ready')) return;
    this.#clearDeadlines();
    this.#phase = 'serving';
    this.ready = message;
    this.#toolNames = new Set(message.tools.map((tool) => tool.name));
    this.#exportNames = new Set(message.exports);
    this.#didOpen.resolve({ ok: true, sandbox: this });
  }

  #onFailed(message: Extract<GuestMessage, { t: 'failed' }>): void {
    if (!this.#step('failed')) return;
    this.#didOpen.resolve({ ok: false, error: this.#callError(message), stack: message.error.stack });
    this.#isTold = true;
    this.kill(this.#callError(message), undefined, 'closed');
  }

  /** Moves the state, or ends the guest where it spoke at the wrong time (FAULTS 6). */
  #step(event: GuestEvent): boolean {
    const next = nextGuestState(this.#state, event);
    if (next === undefined) {
      this.kill(callError('FRAME_SCHEMA', { message: `the guest said "${event}" while it was ${this.#state}` }));
      return false;
    }
    this.#state = next;
    return true;
  }

  #pendingCall(id: number, call: SandboxCall, resolve: (reply: SandboxReply) => void): PendingCall {
    return {
      id,
      call,
      resolve,
      stdoutFrom: this.#stdout.position(),
      stderrFrom: this.#stderr.position(),
      cpuMs: null,
      cpuShareMs: 0,
      peakRssBytes: null,
      isBegun: false,
      timer: undefined,
      onAbort: undefined,
    };
  }

  /** What the plugin does not offer never reaches it. */
  #offers({ target, name }: SandboxCall): boolean {
    if (target === 'tool') return this.#toolNames.has(name);
    return target !== 'export' || this.#exportNames.has(name);
  }

  #watchCall(pending: PendingCall, leftMs: number): void {
    pending.timer = setTimeout(() => this.#giveUp(pending.id, timedOut(pending.call.timeoutMs)), Math.max(0, leftMs));
    const { signal } = pending.call;
    if (signal === undefined) return;
    pending.onAbort = () => this.#giveUp(pending.id, callError('CALL_CANCELLED'));
    signal.addEventListener('abort', pending.onAbort, { once: true });
  }

  /** Answers a call now, then gives the guest its grace to drop it; a guest that does not is killed. */
  #giveUp(id: number, error: CallError): void {
    const pending = this.#pending.takeOverdue(id);
    if (pending === undefined) return;
    this.#step('overdue');
    this.#settle(pending, failed(error));
    this.#channel.send(`{"t":"abort","id":${id}}`);
    const cause = error.code === 'CALL_TIMEOUT' && pending.call.isFullTime ? 'fault' : 'caller';
    const timer = setTimeout(() => {
      this.#deadlines.delete(timer);
      if (!this.#pending.forgetOverdue(id)) return;
      this.#isTold = true;
      this.kill(error, undefined, cause);
    }, LIMITS.abort_grace_ms.value);
    this.#deadlines.add(timer);
  }

  #answer(id: number, body: ReplyBody, written: number): void {
    const pending = this.#pending.take(id);
    if (pending === undefined) return this.#answerUnasked(id);
    if (written <= this.#outputSeen()) return this.#settle(pending, body);
    this.#waitForOutput(written, () => this.#settle(pending, body));
  }

  /** A reply to a call that the host has answered itself is late; any other is a lie, and 16 are borne (FAULTS 44). */
  #answerUnasked(id: number): void {
    this.#options.onDropped();
    if (this.#pending.forgetOverdue(id)) {
      if (this.#pending.overdueCount() === 0) this.#step('settled');
      return;
    }
    this.#strikes += 1;
    if (this.#strikes > LIMITS.unknown_id_strikes.value) this.kill(callError('FRAME_UNKNOWN_ID'));
  }

  #settle(pending: PendingCall, body: ReplyBody): void {
    const stdout = this.#stdout.since(pending.stdoutFrom);
    const stderr = this.#stderr.since(pending.stderrFrom);
    pending.resolve({ ...body, stdout, stderr, ...usageOf(pending) });
  }

  #judgeValue(message: Extract<GuestMessage, { t: 'ok' }>): ReplyBody {
    const bounds = { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.json_keys.value };
    const fault = inspectJson(message.value, bounds) ?? inspectJson(message.metadata, bounds);
    if (fault === undefined) return { ok: true, value: message.value, metadata: message.metadata };
    const code = fault.kind === 'too_deep' ? 'RESULT_TOO_DEEP' : 'RESULT_TOO_LARGE';
    const unit = fault.kind === 'too_deep' ? 'levels' : 'keys';
    const limit = { name: `json_${unit}`, allowed: fault.allowed, observed: fault.observed, unit };
    return failed(callError(code, { message: `the result has more than ${fault.allowed} ${unit}`, limit }));
  }

  #judgeError(message: Extract<GuestMessage, { t: 'err' }>): ReplyBody {
    const isWithinBounds = inspectJson(message.metadata, { depthMax: LIMITS.json_depth.value, keysMax: 1_000 }) === undefined;
    const metadata = isWithinBounds ? message.metadata : undefined;
    return { ok: false, error: this.#callError(message), stack: message.error.stack, metadata };
  }

  #callError(message: { readonly code: ErrorCode; readonly error: GuestError }): CallError {
    const { name, message: text } = message.error;
    const said = message.code === 'TOOL_REPORTED_ERROR' ? text : `${name}: ${text}`;
    return callError(message.code, { message: withoutPaths(said) });
  }

  #outputSeen(): number {
    return this.#stdout.position() + this.#stderr.position();
  }

  /** The pipes may lag behind the channel; a guest that claims more than it wrote only delays its own answer. */
  #waitForOutput(written: number, then: () => void): void {
    const timer = setTimeout(finish, OUTPUT_WAIT_MS_MAX);
    const check = (): void => {
      if (written <= this.#outputSeen()) finish();
    };
    const waiting = this.#waitingForOutput;
    function finish(): void {
      clearTimeout(timer);
      const index = waiting.indexOf(check);
      if (index < 0) return;
      waiting.splice(index, 1);
      then();
    }
    waiting.push(check);
  }

  #watchChild(child: ChildProcess): void {
    const { stdout, stderr } = child;
    stdout?.on('data', (chunk: Buffer) => this.#takeOutput(this.#stdout, chunk)).on('error', () => undefined);
    stderr?.on('data', (chunk: Buffer) => this.#takeOutput(this.#stderr, chunk)).on('error', () => undefined);
    child.on('error', (error) => this.#onSpawnError(error));
    child.on('exit', (exitCode, signal) => this.#onExit(exitCode, signal));
    child.on('close', (exitCode, signal) => this.#bury(exitCode, signal));
  }

  #takeOutput(ring: { push: (chunk: Buffer) => void }, chunk: Buffer): void {
    ring.push(chunk);
    const now = this.#options.clock.now();
    if (now - this.#floodWindow.startedAt > FLOOD_WINDOW_MS) this.#floodWindow = { startedAt: now, bytes: 0 };
    this.#floodWindow.bytes += chunk.length;
    if (this.#floodWindow.bytes > LIMITS.log_flood_bytes.value) this.#endFlood();
    for (const check of [...this.#waitingForOutput]) check();
  }

  /** Pausing first costs the host a tenth of the CPU time that merely dropping does (FAULTS 36). */
  #endFlood(): void {
    this.#options.child.stdout?.pause();
    this.#options.child.stderr?.pause();
    const allowed = LIMITS.log_flood_bytes.value;
    const limit = { name: 'log_flood_bytes', allowed, observed: this.#floodWindow.bytes, unit: 'bytes' };
    this.kill(callError('LOG_FLOOD', { limit }));
  }

  #onSpawnError(error: Error): void {
    if (this.pid !== undefined) return;
    this.#killedFor = callError('HOST_SPAWN_FAILED', { message: `a guest could not be started: ${error.message}` });
    this.#onExit(null, null);
  }

  #onExit(exitCode: number | null, signal: string | null): void {
    // What the guest wrote last is still in the pipes: its last words and V8's own account decide what this end means.
    // 'close' says when all is read; a pipe that is paused or held by a child of the guest would never say it.
    setTimeout(() => this.#bury(exitCode, signal), LAST_WORDS_MS_MAX);
  }

  #bury(exitCode: number | null, signal: string | null): void {
    if (this.#state === 'dead' || !this.#step('exit')) return;
    this.#clearDeadlines();
    const error = describeEnd({
      phase: this.#phase,
      exitCode,
      signal,
      killedFor: this.#killedFor,
      dying: this.#dying,
      stderrTail: this.#stderr.since(0),
      memoryMb: this.#options.memoryMb,
    });
    this.#channel.close();
    this.#didBoot.resolve(error);
    this.#didOpen.resolve({ ok: false, error, stack: undefined });
    for (const check of this.#waitingForOutput.splice(0)) check();
    this.#settleAll(error);
    const isKilled = this.#killedFor !== undefined && this.#cause !== 'closed';
    this.#didDie.resolve({ error, cause: this.#cause, isTold: this.#isTold, isKilled });
    this.#options.child.stdout?.destroy();
    this.#options.child.stderr?.destroy();
  }

  /** The call that ended the guest ends by its cause; the others were not at fault. */
  #settleAll(error: CallError): void {
    const isAnswered = error.code === 'CALL_TIMEOUT' || error.code === 'CALL_CANCELLED';
    const calls = this.#pending.takeAll(this.#culpritId);
    if (calls.length > 0) this.#isTold = true;
    calls.forEach((call, index) => {
      const own = error.code === 'HOST_CLOSED' || (index === 0 && !isAnswered);
      const stack = own ? this.#dying?.error.stack : undefined;
      this.#settle(call, { ok: false, error: own ? error : guestLost(error), stack, metadata: undefined });
    });
  }

  #killAfter(delayMs: number, reason: () => CallError): void {
    const timer = setTimeout(() => this.kill(reason()), delayMs);
    this.#deadlines.add(timer);
  }

  #clearDeadlines(): void {
    for (const timer of this.#deadlines) clearTimeout(timer);
    this.#deadlines.clear();
  }

  #killGroup(): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // ESRCH: it is gone already, and its exit is on the way.
    }
  }
}

/** How long a reply waits for output that the guest says it wrote. */
const OUTPUT_WAIT_MS_MAX = 100;
const FLOOD_WINDOW_MS = 1_000;
const LAST_WORDS_MS_MAX = 100;

function failed(error: CallError): ReplyBody {
  return { ok: false, error, stack: undefined, metadata: undefined };
}

function notOffered(name: string): CallError {
  return callError('TOOL_NOT_FOUND', { message: `the plugin offers no ${JSON.stringify(name.slice(0, 80))}` });
}

function timedOut(allowed: number): CallError {
  return callError('CALL_TIMEOUT', {
    message: `the call did not end within ${allowed} ms`,
    limit: { name: 'timeout_ms', allowed, observed: allowed, unit: 'ms' },
  });
}

/** No absolute path of the server leaves in a body. */
function withoutPaths(text: string): string {
  return text.replaceAll(/(?:file:\/\/)?\/(?:[\w.@+-]+\/)+[\w.@+-]*/g, (path) => path.slice(path.lastIndexOf('/') + 1));
}
