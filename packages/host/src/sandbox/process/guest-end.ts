/**
 * Says why a guest's process is gone, from what the host saw: its own kill first, then what the guest managed to say,
 * then how the process really ended. Pure.
 */
import { callError, type CallError, type ErrorCode } from '@bulkhead/protocol';
import { constants } from 'node:os';

/** How far a guest had come. */
export type GuestPhase = 'booting' | 'loading' | 'serving';

/** The last words of a guest; `text` is its name and message. */
export type Dying = { readonly code: ErrorCode; readonly text: string; readonly stack: string | undefined };

/** All that is known of an end. Texts are cleaned, and hold no path of the server. */
export type GuestEnd = {
  readonly phase: GuestPhase;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly hadCalls: boolean;
  /** Set where the host killed it: the reason is then known better than the process could say. */
  readonly killedFor: CallError | undefined;
  readonly dying: Dying | undefined;
  /** The last text of stderr: V8 says there that the heap was exhausted. */
  readonly stderrTail: string;
  readonly memoryMb: number;
  /** The kernel says that it ended a process of the guest because the guest's memory was full. */
  readonly wasOutOfMemory: boolean;
};

const HEAP_EXHAUSTED =
  /heap out of memory|Fatal process out of memory|Allocation failed|Array buffer allocation failed/;
/** Exit codes of the guest's last handlers (guest/death.ts), for when their message was lost. */
const HANDLER_CODES: Readonly<Record<number, ErrorCode>> = { 71: 'GUEST_UNHANDLED_REJECTION', 72: 'GUEST_UNCAUGHT' };
/** A shell, bwrap and this host report a death by signal n as exit code 128 + n. */
const SIGNAL_EXIT_BASE = 128;
/** Node's own exit code for a main module that waits for nothing; the guest ends so too (FAULTS 3). */
const UNSETTLED_EXIT = 13;
const SHOWN_CHARACTERS = 300;

/** Returns the error that the guest's end means for the call that caused it. */
export function describeEnd(end: GuestEnd): CallError {
  if (end.killedFor !== undefined) return end.killedFor;
  const signal = signalOf(end);
  if (end.wasOutOfMemory || end.dying?.code === 'GUEST_OUT_OF_MEMORY') return outOfMemory(end.memoryMb);
  if (signal !== undefined && HEAP_EXHAUSTED.test(end.stderrTail)) return outOfMemory(end.memoryMb);
  if (end.phase === 'booting') return neverBooted(end);
  if (end.phase === 'loading') return callError('INIT_EXITED', { message: `${howItEnded(end)} before it was ready` });
  if (end.dying !== undefined) return callError(end.dying.code, { message: dyingText(end.dying, whileWhat(end)) });
  const handler = HANDLER_CODES[end.exitCode ?? -1];
  if (handler !== undefined) return callError(handler);
  return callError(signal === undefined ? 'GUEST_EXITED' : 'GUEST_CRASHED', {
    message: `${howItEnded(end)} ${whileWhat(end)}`,
  });
}

/** Why a guest is killed that has closed its channel and is still there: it takes its time to die of its heap, or will not die. */
export function describeClosing(stderrTail: string, memoryMb: number): CallError {
  if (HEAP_EXHAUSTED.test(stderrTail)) return outOfMemory(memoryMb);
  return callError('FRAME_SCHEMA', { message: 'the guest closed its channel and went on running' });
}

/** The end of a guest whose plugin did not get ready. */
export function initTimedOut(allowed: number): CallError {
  return callError('INIT_TIMEOUT', {
    message: `the plugin was not ready after ${allowed} ms`,
    limit: { name: 'init_timeout_ms', allowed, observed: allowed, unit: 'ms' },
  });
}

/** What tenants are told of an end: what was thrown where every tenant's work runs, for nobody in particular, may hold anybody's text. */
export function tellEnd(
  error: CallError,
  dying: Dying | undefined,
  isAnybodys: boolean,
): { readonly told: CallError; readonly stack: string | undefined } {
  if (!isAnybodys || dying === undefined) return { told: error, stack: dying?.stack };
  return { told: callError(dying.code), stack: undefined };
}

function whileWhat({ hadCalls }: GuestEnd): string {
  return hadCalls ? 'during a call' : 'while no call was running';
}

function dyingText({ code, text }: Dying, whileText: string): string {
  if (code === 'GUEST_EXITED') return `the plugin ended its process ${whileText} (${text})`;
  const where = code === 'GUEST_UNCAUGHT' ? 'outside of any call' : 'in a promise that nobody handled';
  return `${text} (thrown ${where})`;
}

function neverBooted(end: GuestEnd): CallError {
  const said = end.stderrTail.trim().split('\n').at(-1) ?? '';
  const more = said === '' ? '' : `: ${said.slice(0, SHOWN_CHARACTERS)}`;
  return callError('HOST_SPAWN_FAILED', { message: `${howItEnded(end)} before it could take a plugin${more}` });
}

function outOfMemory(memoryMb: number): CallError {
  return callError('GUEST_OUT_OF_MEMORY', {
    message: `the plugin's process ran out of its ${memoryMb} MiB of memory`,
    limit: { name: 'memory_mb', allowed: memoryMb, observed: memoryMb, unit: 'MiB' },
  });
}

function howItEnded(end: GuestEnd): string {
  const signal = signalOf(end);
  if (signal !== undefined) return `the plugin's process died of ${signal}`;
  const why = end.exitCode === UNSETTLED_EXIT && end.phase === 'loading' ? UNSETTLED : '';
  return `the plugin's process ended with exit code ${end.exitCode}${why}`;
}

const UNSETTLED = ' (its top-level await or onLoad waits for nothing)';

function signalOf(end: GuestEnd): string | undefined {
  if (end.signal !== null) return end.signal;
  const number = (end.exitCode ?? 0) - SIGNAL_EXIT_BASE;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
