/**
 * Says why a guest's process is gone, from what the host saw: its own kill first, then what the guest managed to say,
 * then how the process really ended. Pure.
 */
import { callError, type CallError, type ErrorCode, type GuestError } from '@bulkhead/protocol';
import { constants } from 'node:os';

export type GuestPhase = 'booting' | 'loading' | 'serving';

export type GuestEnd = {
  readonly phase: GuestPhase;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Set where the host killed it: the reason is then known better than the process could say. */
  readonly killedFor: CallError | undefined;
  readonly dying: { readonly code: ErrorCode; readonly error: GuestError } | undefined;
  /** The last text of stderr: V8 says there that the heap was exhausted. */
  readonly stderrTail: string;
  readonly memoryMb: number;
};

const HEAP_EXHAUSTED = /heap out of memory|Fatal process out of memory|Allocation failed|Array buffer allocation failed/;
/** Exit codes of the guest's last handlers (guest/death.ts), for when their message was lost. */
const HANDLER_CODES: Readonly<Record<number, ErrorCode>> = { 71: 'GUEST_UNHANDLED_REJECTION', 72: 'GUEST_UNCAUGHT' };
/** A shell, bwrap and this host report a death by signal n as exit code 128 + n. */
const SIGNAL_EXIT_BASE = 128;

/** Returns the error that the guest's end means for the call that caused it. */
export function describeEnd(end: GuestEnd): CallError {
  if (end.killedFor !== undefined) return end.killedFor;
  if (HEAP_EXHAUSTED.test(end.stderrTail) && signalOf(end) !== undefined) return outOfMemory(end);
  if (end.dying?.code === 'GUEST_OUT_OF_MEMORY') return outOfMemory(end);
  if (end.phase === 'booting') return neverBooted(end);
  if (end.phase === 'loading') return callError('INIT_EXITED', { message: `${howItEnded(end)} before it was ready` });
  if (end.dying !== undefined) return callError(end.dying.code, { message: dyingText(end.dying) });
  const handler = HANDLER_CODES[end.exitCode ?? -1];
  if (handler !== undefined) return callError(handler);
  if (signalOf(end) !== undefined) return callError('GUEST_CRASHED', { message: howItEnded(end) });
  return callError('GUEST_EXITED', { message: `${howItEnded(end)} during a call` });
}

function dyingText(dying: { readonly code: ErrorCode; readonly error: GuestError }): string {
  const { name, message } = dying.error;
  if (dying.code === 'GUEST_EXITED') return `the plugin called ${message} during a call`;
  const where = dying.code === 'GUEST_UNCAUGHT' ? 'outside of any call' : 'in a promise that nobody handled';
  return `${name}: ${message} (thrown ${where})`;
}

function neverBooted(end: GuestEnd): CallError {
  const said = end.stderrTail.trim().split('\n').at(-1) ?? '';
  const message = `${howItEnded(end)} before it could take a plugin${said === '' ? '' : `: ${said.slice(0, 300)}`}`;
  return callError('HOST_SPAWN_FAILED', { message });
}

function outOfMemory(end: GuestEnd): CallError {
  return callError('GUEST_OUT_OF_MEMORY', {
    message: `the plugin's process ran out of its ${end.memoryMb} MiB of memory`,
    limit: { name: 'memory_mb', allowed: end.memoryMb, observed: end.memoryMb, unit: 'MiB' },
  });
}

function howItEnded(end: GuestEnd): string {
  const signal = signalOf(end);
  if (signal !== undefined) return `the plugin's process died of ${signal}`;
  if (end.exitCode === 13 && end.phase === 'loading') {
    return "the plugin's process ended with exit code 13 (its top-level await or onLoad waits for nothing)";
  }
  return `the plugin's process ended with exit code ${end.exitCode}`;
}

function signalOf(end: GuestEnd): string | undefined {
  if (end.signal !== null) return end.signal;
  const number = (end.exitCode ?? 0) - SIGNAL_EXIT_BASE;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
