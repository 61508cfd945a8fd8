/**
 * The life of one process of a sandbox, whatever is spoken with it: in which state it is, why it is ended, by when, and who waits to
 * hear of it. Drivers say what happens; the one place that kills the process and tells its death is here.
 *
 * L1: the first reason for an end is the one that is told. L2: it dies once, and then has no deadline left.
 */
import { callError, type CallError } from '@bulkhead/protocol';
import type { Clock } from '../../base/clock.ts';
import type { SandboxDeath, SandboxDiagnosis, SandboxUsage } from '../sandbox.ts';
import type { GuestPhase } from './guest-end.ts';
import type { GuestHandle } from './guest-handle.ts';
import { nextGuestState, type GuestEvent, type GuestState } from './guest-state.ts';
import { createGuestUsage, type GuestUsage } from './guest-usage.ts';
import { readPeakRssBytes, resetPeakRss } from './peak-memory.ts';

/** What a life is of. */
export type GuestLifeOptions = {
  readonly instanceId: string;
  readonly handle: GuestHandle;
  readonly clock: Clock;
  readonly memoryMb: number;
  readonly phase: GuestPhase;
  /** Told of an event that the state does not know (G3). */
  readonly onMisstep?: (event: GuestEvent, state: GuestState) => void;
};

/** Of calls and output, which are the driver's. */
export type LifeSigns = { readonly callsPending: number; readonly lastOutput: string };

/** Calls of the moment of a sample. */
type CallCounts = { readonly callsSent: number; readonly callsInFlight: number };

/** One life. Its promise never rejects. */
export class GuestLife {
  readonly died: Promise<SandboxDeath>;

  readonly #options: GuestLifeOptions;
  readonly #usage: GuestUsage;
  readonly #deadlines = new Set<NodeJS.Timeout>();
  readonly #didDie = Promise.withResolvers<SandboxDeath>();
  #whenServing: ((isServing: boolean) => void)[] = [];
  #state: GuestState = 'booting';
  #phase: GuestPhase;
  #killedFor: CallError | undefined;
  #cause: SandboxDeath['cause'] = 'fault';
  #isTold = false;
  #culpritId: number | undefined;
  #startedAt: number;

  constructor(options: GuestLifeOptions) {
    this.#options = options;
    this.#phase = options.phase;
    this.#startedAt = options.clock.now();
    this.#usage = createGuestUsage(options.memoryMb * MIB);
    this.died = this.#didDie.promise;
  }

  state(): GuestState {
    return this.#state;
  }

  /** How far it had come, for what is said of its end. */
  phase(): GuestPhase {
    return this.#phase;
  }

  isServing(): boolean {
    return this.#state === 'serving';
  }

  /** Moves the state; false where the event may not come now. */
  step(event: GuestEvent): boolean {
    const next = nextGuestState(this.#state, event);
    if (next === undefined) {
      this.#options.onMisstep?.(event, this.#state);
      return false;
    }
    this.#state = next;
    return true;
  }

  /** It has its plugin, and is getting it ready. */
  didBind(): void {
    this.#phase = 'loading';
  }

  /** It takes calls from now on. */
  didGetReady(): void {
    this.clearDeadlines();
    this.#phase = 'serving';
    this.#startedAt = this.#options.clock.now();
    const pid = this.#options.handle.nodePid();
    if (pid !== undefined) resetPeakRss(pid);
  }

  /** Every call past its deadline was answered. */
  didSettle(): void {
    this.step('settled');
    if (this.isServing()) this.#tellServing();
  }

  whenServing(): Promise<boolean> {
    if (this.#state !== 'suspect') return Promise.resolve(this.isServing());
    return new Promise((resolve) => this.#whenServing.push(resolve));
  }

  /** Ends it: by `ask`, within its grace, where it serves, or else at once. Resolves when it is dead. */
  async close(graceMs: number, ask: () => void): Promise<void> {
    switch (this.#state) {
      case 'booting':
      case 'spare':
      case 'loading':
        this.kill(callError('HOST_CLOSED'), undefined, 'closed');
        this.step('close');
        break;
      case 'serving':
      case 'suspect':
        this.#blame(callError('HOST_CLOSED'), 'closed');
        this.step('close');
        ask();
        this.killAfter(graceMs, () => callError('HOST_CLOSED'));
        break;
      case 'dying':
      case 'closing':
      case 'exited':
      case 'dead': // It ends already, by its own doing or an earlier request.
    }
    await this.died;
  }

  /** Ends the process at once and for the given reason. */
  kill(error: CallError, culpritId?: number, cause: SandboxDeath['cause'] = 'fault'): void {
    if (this.#state === 'dead') return;
    if (this.#blame(error, cause)) this.#culpritId = culpritId ?? this.#culpritId;
    this.#options.handle.kill();
  }

  /** The call at fault has been answered with this error already, at its deadline or its abort. */
  killForCall(error: CallError, cause: SandboxDeath['cause']): void {
    if (error.code === 'CALL_TIMEOUT' || error.code === 'CALL_CANCELLED') this.#isTold = true;
    this.kill(error, undefined, cause);
  }

  /** Whoever opened it has been told why it takes no calls. */
  killUnopened(error: CallError): void {
    this.#isTold = true;
    this.kill(error, undefined, 'closed');
  }

  /** Kills it after the delay, unless its deadlines are cleared before. */
  killAfter(delayMs: number, reason: () => CallError): void {
    if (this.#state === 'dead') return;
    this.#deadlines.add(setTimeout(() => this.kill(reason()), delayMs));
  }

  clearDeadlines(): void {
    for (const timer of this.#deadlines) clearTimeout(timer);
    this.#deadlines.clear();
  }

  /** It says itself which call ends it; whoever was named before stays the culprit. */
  nameCulprit(id: number | undefined): void {
    this.#culpritId ??= id;
  }

  culpritId(): number | undefined {
    return this.#culpritId;
  }

  /** Why it was killed; undefined where it was not. */
  killedFor(): CallError | undefined {
    return this.#killedFor;
  }

  /** Nothing that a guest says after it was condemned is believed, not even what was read together with its fault. */
  isBelieved(): boolean {
    return this.#killedFor === undefined || this.#cause !== 'fault';
  }

  /** Its last words are read; false where it was dead before. */
  bury(): boolean {
    if (this.#state === 'dead') return false;
    this.step('buried');
    this.clearDeadlines();
    return true;
  }

  /** Tells the death of what was buried; `isToldByCall` where a call was answered with it. */
  tellDeath(end: Pick<SandboxDeath, 'error' | 'told' | 'tenant'>, isToldByCall: boolean): void {
    this.#tellServing();
    this.#didDie.resolve({
      ...end,
      cause: this.#cause,
      isTold: this.#isTold || isToldByCall,
      isKilled: this.#killedFor !== undefined && this.#cause !== 'closed',
    });
  }

  /** Takes a sample of the watchdog and returns the CPU time since the last one; `cpuMs` is since the process began. */
  sample(cpuMs: number, rssBytes: number, counts: CallCounts): number {
    return this.#usage.take({ at: this.#options.clock.now(), cpuMs, rssBytes, ...counts });
  }

  /** True once memory stayed high after a call. */
  isWorn(): boolean {
    return this.#usage.isWorn();
  }

  /** CPU time used since the last call ended. */
  idleCpuMs(): number {
    return this.#usage.idleCpuMs();
  }

  usage(): SandboxUsage {
    return { cpuMs: this.#usage.cpuMs(), rssBytes: this.#usage.rssBytes() };
  }

  /** The most that it held since this was last asked, or since it began to serve; null where nobody can say. */
  takePeakRssBytes(): number | null {
    const pid = this.#options.handle.nodePid();
    if (pid === undefined) return null;
    const bytes = readPeakRssBytes(pid);
    resetPeakRss(pid);
    return bytes ?? null;
  }

  diagnose({ callsPending, lastOutput }: LifeSigns): SandboxDiagnosis {
    const { instanceId, handle, clock } = this.#options;
    return {
      instance_id: instanceId,
      pid: handle.pid,
      node_pid: handle.nodePid(),
      state: this.#state,
      uptime_ms: clock.now() - this.#startedAt,
      calls_in_flight: callsPending,
      cpu_ms: this.#usage.cpuMs(),
      rss_bytes: this.#usage.rssBytes(),
      peak_rss_bytes: this.#usage.peakRssBytes(),
      last_output: lastOutput,
    };
  }

  #blame(error: CallError, cause: SandboxDeath['cause']): boolean {
    if (this.#killedFor !== undefined) return false;
    this.#killedFor = error;
    this.#cause = cause;
    return true;
  }

  #tellServing(): void {
    for (const resolve of this.#whenServing.splice(0)) resolve(this.isServing());
  }
}

const MIB = 1024 * 1024;
