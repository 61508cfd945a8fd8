/**
 * A registry with a clock that only the test moves. For tests of this folder; nothing else imports it.
 */
import { DEFAULT_TENANT, callError, type ErrorCode } from '@bulkhead/protocol';
import type { Transition } from './history.ts';
import { createRegistry, type Registry, type RunningCall } from './registry.ts';

/** Wall time of the bench at monotonic 0. */
export const EPOCH_MS = 1_700_000_000_000;

/** A registry under test, with its clock. */
export type Bench = Disposable & {
  readonly registry: Registry;
  /** What was told to the storage. */
  readonly told: readonly Transition[];
  readonly advance: (ms: number) => void;
};

/** Creates it at monotonic 5,000 ms; disposing closes the registry. */
export function createBench(): Bench {
  let now = 5_000;
  const told: Transition[] = [];
  const registry = createRegistry({
    clock: { now: () => now, wallTime: () => EPOCH_MS + now },
    didTransition: (transition) => void told.push(transition),
  });
  return { registry, told, advance: (ms) => void (now += ms), [Symbol.dispose]: () => registry.close() };
}

/** Starts a call of plugin "p" that the breaker lets pass. */
export function start(registry: Registry, scope: string = DEFAULT_TENANT): RunningCall {
  const call = registry.startCall('p', scope);
  if (call.kind !== 'running') throw new Error(`held back: ${call.error.message}`);
  return call;
}

/** Runs one call of plugin "p" to the end that the code names; none is a good end. */
export function run(registry: Registry, code?: ErrorCode, scope: string = DEFAULT_TENANT): void {
  const error = code === undefined ? undefined : callError(code);
  registry.settle(start(registry, scope), { error, durationMs: 1 });
}

/** Reports the death of a guest of plugin "p". */
export function die(
  registry: Registry,
  instanceId: string,
  death: { readonly code?: ErrorCode; readonly isCallerShortened?: boolean; readonly isToldByCall?: boolean } = {},
): void {
  const { code = 'GUEST_CRASHED', isCallerShortened = false, isToldByCall = true } = death;
  registry.recordDeath(
    'p',
    { scope: DEFAULT_TENANT },
    { instanceId, error: callError(code), isCallerShortened, isToldByCall },
  );
}
