/**
 * One guest process from spawn to death: boots as a spare, is bound once, runs calls, and is ended by the host, by
 * itself, or by what it does. Never throws at its user and never trusts a byte that the process wrote.
 */
import {
  LIMITS,
  PROTOCOL_VERSION,
  callError,
  entryTargets,
  offerTargets,
  type CallError,
  type GuestMessage,
  type GuestReady,
  type JsonObject,
  type Tier,
} from '@bulkhead/protocol';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import {
  SHARED_SCOPE,
  type AnswerGuest,
  type Sandbox,
  type SandboxCall,
  type SandboxDeath,
  type SandboxDiagnosis,
  type SandboxOpening,
  type SandboxReply,
  type SandboxUsage,
  type CallLine,
} from '../sandbox.ts';
import type { HidePaths } from './clean-text.ts';
import { describeClosing, describeEnd, initTimedOut, tellEnd, type Dying, type GuestPhase } from './guest-end.ts';
import type { GuestHandle, ProcessEnd } from './guest-handle.ts';
import { createGuestOutput, type GuestOutput } from './guest-output.ts';
import { holdsPlugin, nextGuestState, type GuestEvent, type GuestState } from './guest-state.ts';
import { createGuestUsage, type GuestUsage } from './guest-usage.ts';
import { openHostChannel, type HostChannel } from './host-channel.ts';
import { NOT_READY, judgeError, judgeProgress, judgeReady, judgeValue, toldError } from './judge-message.ts';
import { GuestAsks } from './guest-asks.ts';
import { bindMessage, type GuestBinding } from './guest-binding.ts';
import { GuestEvents } from './guest-events.ts';
import type { GuestLogLine } from './plugin-log.ts';
import { RunningCalls, notOffered, unopened, unsent } from './running-calls.ts';

/** What a guest is made of. */
export type GuestProcessOptions = {
  readonly instanceId: string;
  readonly tier: Tier;
  readonly handle: GuestHandle;
  readonly clock: Clock;
  /** What the process was started with. */
  readonly memoryMb: number;
  /** Its temp folder as it sees it, where it has one. */
  readonly tempDir?: string | undefined;
  readonly bootTimeoutMs: number;
  readonly hidePaths: HidePaths;
  /** Asked when the process is gone: did the kernel end it because its control group was full. */
  readonly wasOutOfMemory: () => boolean;
  /** A reply was dropped: late, twice, or unasked. */
  readonly onDropped: () => void;
};

/** A guest that says it is dying, or closes its channel, is gone this soon, or is ended. */
const LAST_GRACE_MS = LIMITS.abort_grace_ms.value;
const MIB = 1024 * 1024;

/** A guest of the process driver. Its promises never reject. */
export class GuestProcess implements Sandbox {
  readonly instanceId: string;
  readonly tier: Tier;
  readonly died: Promise<SandboxDeath>;
  /** Resolves when the guest can be bound, or with why it never can. */
  readonly booted: Promise<CallError | undefined>;
  readonly worn: Promise<void>;
  readonly inspector: Duplex | undefined;
  readonly events: GuestEvents;
  ready: GuestReady = NOT_READY;

  readonly #options: GuestProcessOptions;
  readonly #channel: HostChannel;
  readonly #output: GuestOutput;
  readonly #calls: RunningCalls;
  readonly #asks: GuestAsks;
  readonly #usage: GuestUsage;
  readonly #deadlines = new Set<NodeJS.Timeout>();
  readonly #stderrTail = (): string => this.#output.since({ stdout: 0, stderr: 0 }).stderr;
  readonly #didBoot = Promise.withResolvers<CallError | undefined>();
  readonly #didDie = Promise.withResolvers<SandboxDeath>();
  readonly #didOpen = Promise.withResolvers<SandboxOpening>();
  readonly #didWear = Promise.withResolvers<void>();
  #whenServing: ((isServing: boolean) => void)[] = [];
  #onLog: (line: GuestLogLine) => void = () => undefined;
  #onOutput: (pipe: 'stdout' | 'stderr', line: string) => void = () => undefined;
  #state: GuestState = 'booting';
  #phase: GuestPhase = 'booting';
  #outputBytesMax = 0;
  #closeGraceMs: number = LIMITS.shutdown_grace_ms.value;
  #toolNames: ReadonlySet<string> = new Set();
  #exportNames: ReadonlySet<string> = new Set();
  #entryTargets: ReadonlySet<string> = new Set();
  #killedFor: CallError | undefined;
  #cause: SandboxDeath['cause'] = 'fault';
  #isTold = false;
  #isShared = false;
  /** The call that it was killed for; it has been answered. */
  #endedFor: SandboxCall | undefined;
  #culpritId: number | undefined;
  #dying: Dying | undefined;
  #startedAt: number;

  constructor(options: GuestProcessOptions) {
    const { handle, clock, hidePaths, onDropped, bootTimeoutMs } = options;
    this.#options = options;
    this.instanceId = options.instanceId;
    this.tier = options.tier;
    this.#startedAt = clock.now();
    this.booted = this.#didBoot.promise;
    this.died = this.#didDie.promise;
    this.worn = this.#didWear.promise;
    this.inspector = handle.inspector;
    this.#usage = createGuestUsage(options.memoryMb * MIB);
    this.#channel = openHostChannel({
      socket: handle.channel,
      clock,
      payloadBytesMax: LIMITS.boot_frame_bytes.value,
      onMessage: (message) => this.#receive(message),
      onChunk: (chunk) => this.#isBelieved() && this.#calls.takeChunk(chunk),
      onFault: (error) => this.kill(error),
      onEnd: () => this.#onChannelEnd(),
    });
    const { stdout, stderr } = handle;
    this.#output = createGuestOutput({
      ...{ stdout, stderr, clock, hidePaths },
      onLine: (pipe, line) => this.#onOutput(pipe, line),
      onFlood: (error) => this.kill(error),
    });
    this.#calls = new RunningCalls({
      clock,
      channel: this.#channel,
      output: this.#output,
      onDropped,
      onOverdue: () => this.#step('overdue'),
      onSettled: () => this.#onSettled(),
      kill: (error, cause, call) => this.#killForCall(error, cause, call),
    });
    this.#asks = new GuestAsks({ channel: this.#channel, callOf: (id) => this.#calls.callOf(id) });
    this.events = new GuestEvents({ channel: this.#channel, takesEvents: () => holdsPlugin(this.#state) });
    handle.onExit(() => this.#step('exit'));
    handle.onEnd((end) => this.#bury(end));
    this.#killAfter(bootTimeoutMs, () =>
      callError('HOST_SPAWN_FAILED', { message: `a guest did not boot within ${bootTimeoutMs} ms` }),
    );
  }

  /** Gives the guest its plugin. A plugin that cannot be loaded is an answer, and ends the guest. */
  bind(binding: GuestBinding): Promise<SandboxOpening> {
    if (!this.isSpare()) return Promise.resolve(unopened(callError('HOST_SPAWN_FAILED')));
    const { artifact, outputBytesMax, initTimeoutMs, closeGraceMs, tenant } = binding;
    this.#step('bind');
    this.#phase = 'loading';
    this.#outputBytesMax = outputBytesMax;
    this.#closeGraceMs = closeGraceMs;
    this.#isShared = tenant === SHARED_SCOPE;
    this.#killAfter(initTimeoutMs, () => initTimedOut(initTimeoutMs));
    this.#channel.setPayloadBytesMax(LIMITS.ready_frame_bytes.value);
    const { memoryMb, tempDir } = this.#options;
    this.#channel.send(bindMessage(binding, { memoryBytes: memoryMb * MIB, tempDir }));
    this.#channel.sendRaw(artifact);
    return this.#didOpen.promise;
  }

  run(call: SandboxCall): Promise<SandboxReply> {
    if (this.#state !== 'serving') return Promise.resolve(unsent(callError('GUEST_LOST')));
    if (!this.#offers(call)) return Promise.resolve(unsent(notOffered(call.name)));
    return this.#calls.run(call);
  }

  /** Says who gets the lines that the plugin logs from now on. */
  logTo(onLog: (line: GuestLogLine) => void): void {
    this.#onLog = onLog;
  }

  /** Hands a line that a call said to whoever listens to that call. */
  tellLine(call: number, line: CallLine): void {
    this.#calls.callOf(call)?.listener?.onLog?.(line);
  }

  /** Says who gets the lines that it writes to its pipes from now on. */
  outputTo(onOutput: (pipe: 'stdout' | 'stderr', line: string) => void): void {
    this.#onOutput = onOutput;
  }

  /** Says who answers what it asks of the host from now on. */
  answerBy(answer: AnswerGuest): void {
    this.#asks.answerBy(answer);
  }

  /** Sends the guest its new configuration; it holds for calls that start afterwards. */
  configure(config: JsonObject): void {
    this.#channel.send(JSON.stringify({ t: 'config', config }));
  }

  /** True while it has booted and holds no plugin. */
  isSpare(): boolean {
    return this.#state === 'spare';
  }

  isServing(): boolean {
    return this.#state === 'serving';
  }

  whenServing(): Promise<boolean> {
    if (this.#state !== 'suspect') return Promise.resolve(this.isServing());
    return new Promise((resolve) => this.#whenServing.push(resolve));
  }

  async close(): Promise<void> {
    this.inspector?.destroy(); // A guest waits for its debugger to go before it ends.
    switch (this.#state) {
      case 'booting':
      case 'spare':
      case 'loading':
        this.kill(callError('HOST_CLOSED'), undefined, 'closed');
        this.#step('close');
        break;
      case 'serving':
      case 'suspect':
        this.#askToClose();
        break;
      case 'dying':
      case 'closing':
      case 'exited':
      case 'dead': // It ends already, by its own doing or an earlier request.
    }
    await this.died;
  }

  #askToClose(): void {
    this.#blame(callError('HOST_CLOSED'), 'closed');
    this.#step('close');
    this.#channel.send(`{"t":"close","left_ms":${this.#closeGraceMs}}`);
    this.#killAfter(this.#closeGraceMs, () => callError('HOST_CLOSED'));
  }

  /** Ends the guest at once and for the given reason. */
  kill(error: CallError, culpritId?: number, cause: SandboxDeath['cause'] = 'fault'): void {
    if (this.#state === 'dead') return;
    if (this.#blame(error, cause)) this.#culpritId = culpritId ?? this.#culpritId;
    this.#options.handle.kill();
  }

  /** The first reason for an end is the one that is told; returns whether this is it. */
  #blame(error: CallError, cause: SandboxDeath['cause']): boolean {
    if (this.#killedFor !== undefined) return false;
    this.#killedFor = error;
    this.#cause = cause;
    return true;
  }

  /** The call at fault has been answered with this error already. */
  #killForCall(error: CallError, cause: SandboxDeath['cause'], call: SandboxCall | undefined): void {
    if (error.code === 'CALL_TIMEOUT' || error.code === 'CALL_CANCELLED') this.#isTold = true;
    this.#endedFor = call;
    this.kill(error, undefined, cause);
  }

  /** Process id of the guest's Node itself, for the watchdog. */
  nodePid(): number | undefined {
    return this.#options.handle.nodePid();
  }

  callsInFlight(): number {
    return this.#calls.inFlightCount();
  }

  /** Work that it was given: calls, and events that others published. */
  callsSent(): number {
    return this.#calls.sentCount() + this.events.givenCount();
  }

  /** Takes a sample of the watchdog; `cpuMs` is since the process began. */
  sample(cpuMs: number, rssBytes: number): void {
    const callsSent = this.callsSent();
    const at = this.#options.clock.now();
    const spentMs = this.#usage.take({ at, cpuMs, rssBytes, callsSent, callsInFlight: this.#calls.inFlightCount() });
    this.#calls.sample(spentMs, rssBytes);
    if (this.#usage.isWorn()) this.#didWear.resolve();
  }

  /** CPU time used since the last call ended. */
  idleCpuMs(): number {
    return this.#usage.idleCpuMs();
  }

  /** Largest CPU share among the calls in flight, with its id; undefined where there is none. */
  hungriestCall(): { readonly id: number; readonly cpuMs: number } | undefined {
    return this.#calls.hungriest();
  }

  diagnose(): SandboxDiagnosis {
    const { stdout, stderr } = this.#output.since({ stdout: 0, stderr: 0 });
    return {
      instance_id: this.instanceId,
      pid: this.#options.handle.pid,
      node_pid: this.nodePid(),
      state: this.#state,
      uptime_ms: this.#options.clock.now() - this.#startedAt,
      calls_in_flight: this.#calls.pendingCount(),
      cpu_ms: this.#usage.cpuMs(),
      rss_bytes: this.#usage.rssBytes(),
      peak_rss_bytes: this.#usage.peakRssBytes(),
      last_output: `${stdout}${stderr}`,
    };
  }

  usage(): SandboxUsage {
    return { cpuMs: this.#usage.cpuMs(), rssBytes: this.#usage.rssBytes() };
  }

  #receive(message: GuestMessage): void {
    if (!this.#isBelieved()) return;
    switch (message.t) {
      case 'ok':
        return this.#calls.answer(message.id, judgeValue(message), message.written ?? 0);
      case 'err':
        return this.#calls.answer(message.id, judgeError(message, this.#options.hidePaths), message.written ?? 0);
      case 'progress':
        return this.#calls.takeProgress(message.id, judgeProgress(message.told, this.#options.hidePaths));
      case 'begun':
        return this.#calls.markBegun(message.ids);
      case 'ask':
        return this.#asks.take(message);
      case 'heard':
        return this.events.take(message.id);
      case 'log':
        return this.#onLog(message);
      case 'dying':
        return this.#onDying(message);
      case 'hello':
        return this.#onHello(message.protocol);
      case 'ready':
        return this.#onReady(message);
      case 'failed':
        return this.#onFailed(toldError(message, this.#options.hidePaths), message.error.stack);
    }
  }

  /** Nothing that a guest says after it was condemned is believed, not even what was read together with its fault. */
  #isBelieved(): boolean {
    return this.#killedFor === undefined || this.#cause !== 'fault';
  }

  #onHello(protocol: number): void {
    if (!this.#step('hello') || !this.isSpare()) return;
    if (protocol !== PROTOCOL_VERSION) {
      return this.kill(
        callError('HOST_SPAWN_FAILED', { message: `the guest speaks protocol ${protocol}; build it anew` }),
      );
    }
    this.#clearDeadlines();
    this.#didBoot.resolve(undefined);
  }

  #onReady(message: GuestReady): void {
    const wrong = judgeReady(message);
    if (wrong !== undefined) return this.#onFailed(callError('INIT_FAILED', { message: wrong }), undefined);
    if (!this.#step('ready') || !this.isServing()) return;
    this.#clearDeadlines();
    this.#channel.setPayloadBytesMax(this.#outputBytesMax + LIMITS.frame_envelope_bytes.value);
    this.#phase = 'serving';
    this.#startedAt = this.#options.clock.now();
    this.ready = message;
    this.#toolNames = new Set(message.tools.map((tool) => tool.name));
    this.#exportNames = new Set(message.exports);
    this.#entryTargets = new Set([...(message.entries ?? []).flatMap(entryTargets), ...offerTargets(message)]);
    this.#didOpen.resolve({ ok: true, sandbox: this });
  }

  #onFailed(error: CallError, stack: string | undefined): void {
    const wasLoading = this.#state === 'loading';
    if (!this.#step('failed') || !wasLoading) return;
    this.#didOpen.resolve(unopened(error, stack));
    this.#isTold = true;
    this.kill(error, undefined, 'closed');
  }

  /** What a guest says of its end may only make its own outcome worse; it is held to its word. */
  #onDying(message: Extract<GuestMessage, { t: 'dying' }>): void {
    this.#step('dying');
    if (this.#dying !== undefined) return;
    const { message: text } = toldError(message, this.#options.hidePaths);
    this.#dying = { code: message.code, text, stack: message.error.stack };
    this.#culpritId ??= message.id;
    this.#killAfter(LAST_GRACE_MS, () => callError(message.code, { message: text }));
  }

  #onChannelEnd(): void {
    this.#step('dying');
    this.#killAfter(LAST_GRACE_MS, () => describeClosing(this.#stderrTail(), this.#options.memoryMb));
  }

  #onSettled(): void {
    this.#step('settled');
    if (this.isServing()) this.#tellServing();
  }

  #tellServing(): void {
    for (const resolve of this.#whenServing.splice(0)) resolve(this.isServing());
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

  /** What the plugin does not offer never reaches it. */
  #offers({ target, name }: SandboxCall): boolean {
    if (target === 'tool') return this.#toolNames.has(name);
    if (target === 'entry') return this.#entryTargets.has(name);
    return target !== 'export' || this.#exportNames.has(name);
  }

  #bury(end: ProcessEnd): void {
    if (this.#state === 'dead') return;
    this.#step('buried');
    this.#clearDeadlines();
    const error = describeEnd({
      ...end,
      phase: this.#phase,
      hadCalls: this.#calls.pendingCount() > 0,
      killedFor: this.#killedFor,
      dying: this.#dying,
      stderrTail: this.#stderrTail(),
      memoryMb: this.#options.memoryMb,
      wasOutOfMemory: this.#options.wasOutOfMemory(),
    });
    this.#channel.close();
    this.#output.close();
    this.#didBoot.resolve(error);
    this.#didOpen.resolve(unopened(error, this.#dying?.stack));
    this.#tellDeath(error);
  }

  #tellDeath(error: CallError): void {
    const isAnybodys = this.#isShared && this.#culpritId === undefined;
    const { told, stack } = tellEnd(error, this.#dying, isAnybodys);
    const culprit = this.#calls.settleAll({ error: told, culpritId: this.#culpritId, stack });
    this.#tellServing();
    this.#didDie.resolve({
      error,
      told,
      tenant: (this.#endedFor ?? culprit)?.caller?.tenant,
      cause: this.#cause,
      isTold: this.#isTold || culprit !== undefined,
      isKilled: this.#killedFor !== undefined && this.#cause !== 'closed',
    });
  }

  #killAfter(delayMs: number, reason: () => CallError): void {
    if (this.#state === 'dead') return;
    this.#deadlines.add(setTimeout(() => this.kill(reason()), delayMs));
  }

  #clearDeadlines(): void {
    for (const timer of this.#deadlines) clearTimeout(timer);
    this.#deadlines.clear();
  }
}
