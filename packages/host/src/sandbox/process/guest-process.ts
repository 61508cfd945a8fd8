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
import { describeClosing, describeEnd, initTimedOut, tellEnd, type Dying } from './guest-end.ts';
import type { GuestHandle, ProcessEnd } from './guest-handle.ts';
import { createGuestOutput, type GuestOutput } from './guest-output.ts';
import { GuestLife } from './guest-life.ts';
import { holdsPlugin } from './guest-state.ts';
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
  readonly #life: GuestLife;
  readonly #stderrTail = (): string => this.#output.since({ stdout: 0, stderr: 0 }).stderr;
  readonly #didBoot = Promise.withResolvers<CallError | undefined>();
  readonly #didOpen = Promise.withResolvers<SandboxOpening>();
  readonly #didWear = Promise.withResolvers<void>();
  #onLog: (line: GuestLogLine) => void = () => undefined;
  #onOutput: (pipe: 'stdout' | 'stderr', line: string) => void = () => undefined;
  #outputBytesMax = 0;
  #closeGraceMs: number = LIMITS.shutdown_grace_ms.value;
  #toolNames: ReadonlySet<string> = new Set();
  #exportNames: ReadonlySet<string> = new Set();
  #entryTargets: ReadonlySet<string> = new Set();
  #isShared = false;
  /** The call that it was killed for; it has been answered. */
  #endedFor: SandboxCall | undefined;
  #dying: Dying | undefined;

  constructor(options: GuestProcessOptions) {
    const { handle, clock, hidePaths, onDropped, bootTimeoutMs } = options;
    this.#options = options;
    this.instanceId = options.instanceId;
    this.tier = options.tier;
    this.#life = new GuestLife({
      ...{ instanceId: options.instanceId, handle, clock, memoryMb: options.memoryMb, phase: 'booting' },
      // It spoke at the wrong time (FAULTS 6).
      onMisstep: (event, state) =>
        this.kill(callError('FRAME_SCHEMA', { message: `the guest said "${event}" while it was ${state}` })),
    });
    this.booted = this.#didBoot.promise;
    this.died = this.#life.died;
    this.worn = this.#didWear.promise;
    this.inspector = handle.inspector;
    this.#channel = openHostChannel({
      socket: handle.channel,
      clock,
      payloadBytesMax: LIMITS.boot_frame_bytes.value,
      onMessage: (message) => this.#receive(message),
      onChunk: (chunk) => this.#life.isBelieved() && this.#calls.takeChunk(chunk),
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
      onOverdue: () => this.#life.step('overdue'),
      onSettled: () => this.#life.didSettle(),
      kill: (error, cause, call) => this.#killForCall(error, cause, call),
    });
    this.#asks = new GuestAsks({ channel: this.#channel, callOf: (id) => this.#calls.callOf(id) });
    this.events = new GuestEvents({ channel: this.#channel, takesEvents: () => holdsPlugin(this.#life.state()) });
    handle.onExit(() => this.#life.step('exit'));
    handle.onEnd((end) => this.#bury(end));
    this.#life.killAfter(bootTimeoutMs, () =>
      callError('HOST_SPAWN_FAILED', { message: `a guest did not boot within ${bootTimeoutMs} ms` }),
    );
  }

  /** Gives the guest its plugin. A plugin that cannot be loaded is an answer, and ends the guest. */
  bind(binding: GuestBinding): Promise<SandboxOpening> {
    if (!this.isSpare()) return Promise.resolve(unopened(callError('HOST_SPAWN_FAILED')));
    const { artifact, outputBytesMax, initTimeoutMs, closeGraceMs, tenant } = binding;
    this.#life.step('bind');
    this.#life.didBind();
    this.#outputBytesMax = outputBytesMax;
    this.#closeGraceMs = closeGraceMs;
    this.#isShared = tenant === SHARED_SCOPE;
    this.#life.killAfter(initTimeoutMs, () => initTimedOut(initTimeoutMs));
    this.#channel.setPayloadBytesMax(LIMITS.ready_frame_bytes.value);
    const { memoryMb, tempDir } = this.#options;
    this.#channel.send(bindMessage(binding, { memoryBytes: memoryMb * MIB, tempDir }));
    this.#channel.sendRaw(artifact);
    return this.#didOpen.promise;
  }

  run(call: SandboxCall): Promise<SandboxReply> {
    if (!this.#life.isServing()) return Promise.resolve(unsent(callError('GUEST_LOST')));
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
    return this.#life.state() === 'spare';
  }

  isServing(): boolean {
    return this.#life.isServing();
  }

  whenServing(): Promise<boolean> {
    return this.#life.whenServing();
  }

  close(): Promise<void> {
    this.inspector?.destroy(); // A guest waits for its debugger to go before it ends.
    const graceMs = this.#closeGraceMs;
    return this.#life.close(graceMs, () => this.#channel.send(`{"t":"close","left_ms":${graceMs}}`));
  }

  /** Ends the guest at once and for the given reason. */
  kill(error: CallError, culpritId?: number, cause: SandboxDeath['cause'] = 'fault'): void {
    this.#life.kill(error, culpritId, cause);
  }

  #killForCall(error: CallError, cause: SandboxDeath['cause'], call: SandboxCall | undefined): void {
    this.#endedFor = call;
    this.#life.killForCall(error, cause);
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
    const counts = { callsSent: this.callsSent(), callsInFlight: this.callsInFlight() };
    const spentMs = this.#life.sample(cpuMs, rssBytes, counts);
    this.#calls.sample(spentMs, rssBytes);
    if (this.#life.isWorn()) this.#didWear.resolve();
  }

  /** CPU time used since the last call ended. */
  idleCpuMs(): number {
    return this.#life.idleCpuMs();
  }

  /** Largest CPU share among the calls in flight, with its id; undefined where there is none. */
  hungriestCall(): { readonly id: number; readonly cpuMs: number } | undefined {
    return this.#calls.hungriest();
  }

  diagnose(): SandboxDiagnosis {
    const { stdout, stderr } = this.#output.since({ stdout: 0, stderr: 0 });
    return this.#life.diagnose({ callsPending: this.#calls.pendingCount(), lastOutput: `${stdout}${stderr}` });
  }

  usage(): SandboxUsage {
    return this.#life.usage();
  }

  takePeakRssBytes(): number | null {
    return this.#life.takePeakRssBytes();
  }

  #receive(message: GuestMessage): void {
    if (!this.#life.isBelieved()) return;
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

  #onHello(protocol: number): void {
    if (!this.#life.step('hello') || !this.isSpare()) return;
    if (protocol !== PROTOCOL_VERSION) {
      return this.kill(
        callError('HOST_SPAWN_FAILED', { message: `the guest speaks protocol ${protocol}; build it anew` }),
      );
    }
    this.#life.clearDeadlines();
    this.#didBoot.resolve(undefined);
  }

  #onReady(message: GuestReady): void {
    const wrong = judgeReady(message);
    if (wrong !== undefined) return this.#onFailed(callError('INIT_FAILED', { message: wrong }), undefined);
    if (!this.#life.step('ready') || !this.isServing()) return;
    this.#life.didGetReady();
    this.#channel.setPayloadBytesMax(this.#outputBytesMax + LIMITS.frame_envelope_bytes.value);
    this.ready = message;
    this.#toolNames = new Set(message.tools.map((tool) => tool.name));
    this.#exportNames = new Set(message.exports);
    this.#entryTargets = new Set([...(message.entries ?? []).flatMap(entryTargets), ...offerTargets(message)]);
    this.#didOpen.resolve({ ok: true, sandbox: this });
  }

  #onFailed(error: CallError, stack: string | undefined): void {
    const wasLoading = this.#life.state() === 'loading';
    if (!this.#life.step('failed') || !wasLoading) return;
    this.#didOpen.resolve(unopened(error, stack));
    this.#life.killUnopened(error);
  }

  /** What a guest says of its end may only make its own outcome worse; it is held to its word. */
  #onDying(message: Extract<GuestMessage, { t: 'dying' }>): void {
    this.#life.step('dying');
    if (this.#dying !== undefined) return;
    const { message: text } = toldError(message, this.#options.hidePaths);
    this.#dying = { code: message.code, text, stack: message.error.stack };
    this.#life.nameCulprit(message.id);
    this.#life.killAfter(LAST_GRACE_MS, () => callError(message.code, { message: text }));
  }

  #onChannelEnd(): void {
    this.#life.step('dying');
    this.#life.killAfter(LAST_GRACE_MS, () => describeClosing(this.#stderrTail(), this.#options.memoryMb));
  }

  /** What the plugin does not offer never reaches it. */
  #offers({ target, name }: SandboxCall): boolean {
    if (target === 'tool') return this.#toolNames.has(name);
    if (target === 'entry') return this.#entryTargets.has(name);
    return target !== 'export' || this.#exportNames.has(name);
  }

  #bury(end: ProcessEnd): void {
    if (!this.#life.bury()) return;
    const error = describeEnd({
      ...end,
      phase: this.#life.phase(),
      hadCalls: this.#calls.pendingCount() > 0,
      killedFor: this.#life.killedFor(),
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
    const culpritId = this.#life.culpritId();
    const { told, stack } = tellEnd(error, this.#dying, this.#isShared && culpritId === undefined);
    const culprit = this.#calls.settleAll({ error: told, culpritId, stack });
    const tenant = (this.#endedFor ?? culprit)?.caller?.tenant;
    this.#life.tellDeath({ error, told, tenant }, culprit !== undefined);
  }
}
