import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callOf } from '../conformance-fixture.ts';
import { createPendingCalls, type PendingCall } from './pending-calls.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function pendingCall(id: number, isBegun = false, signal?: AbortSignal): PendingCall {
  return {
    id,
    call: callOf('x', {}, { signal }),
    resolve: () => undefined,
    startedAt: 0,
    from: { stdout: 0, stderr: 0 },
    window: undefined,
    cpuMs: null,
    cpuShareMs: 0,
    peakRssBytes: null,
    isBegun,
    onAbort: undefined,
  };
}

const culprits = [
  ['the one that was named', [pendingCall(1), pendingCall(2, true), pendingCall(3)], 2, 2],
  [
    'the first that had not outlived its tick, where nobody was named',
    [pendingCall(1, true), pendingCall(2), pendingCall(3)],
    undefined,
    2,
  ],
  ['the same, where the name is of no call', [pendingCall(1, true), pendingCall(2), pendingCall(3)], 9, 2],
  ['the newest, where all had outlived their tick', [pendingCall(1, true), pendingCall(2, true)], undefined, 2],
] as const;

test.each(culprits)('the call that ended a guest is %s', (_, calls, named, expected) => {
  const table = createPendingCalls();
  for (const call of calls) table.add(call);
  const all = table.takeAll(named);
  expect(all[0]?.id).toBe(expected);
  expect(new Set(all)).toEqual(new Set(calls));
  expect(table.takeAll(undefined)).toEqual([]);
});

test('a call is taken once, and its listener goes with it', () => {
  const table = createPendingCalls();
  const abort = new AbortController();
  const call = pendingCall(1, false, abort.signal);
  const onAbort = vi.fn<() => void>();
  call.onAbort = onAbort;
  abort.signal.addEventListener('abort', onAbort);
  table.add(call);
  expect(table.take(1)).toBe(call);
  expect(table.take(1)).toBeUndefined();
  abort.abort();
  expect(onAbort).not.toHaveBeenCalled();
});

test('calls that are late are handed over, and the deadline that comes next is told', () => {
  const table = createPendingCalls();
  for (const [id, deadline] of [300, 100, 200].entries()) {
    const entry = pendingCall(id);
    table.add({ ...entry, call: { ...entry.call, deadline } });
  }
  const late: number[] = [];
  const endLate = (now: number): number => table.endLate(now, ({ id }) => void (late.push(id), table.take(id)));
  expect([endLate(99), endLate(100), endLate(150), endLate(299)]).toEqual([100, 200, 200, 300]);
  expect([endLate(300), late]).toEqual([Infinity, [1, 2, 0]]);
});

test('an overdue call is known until it is answered, and its grace ends with that', () => {
  const table = createPendingCalls();
  const didIgnore = vi.fn<() => void>();
  table.add(pendingCall(1));
  expect(table.takeOverdue(1, { graceMs: 10, didIgnore })?.id).toBe(1);
  expect([table.size(), table.overdueCount()]).toEqual([0, 1]);
  expect(table.forgetOverdue(1)).toBe(true);
  expect(table.forgetOverdue(1)).toBe(false);
  vi.advanceTimersByTime(100);
  expect(didIgnore).not.toHaveBeenCalled();
});

test('a grace that passes unanswered is told once', () => {
  const table = createPendingCalls();
  const didIgnore = vi.fn<() => void>();
  table.add(pendingCall(1));
  table.takeOverdue(1, { graceMs: 10, didIgnore });
  vi.advanceTimersByTime(100);
  expect(didIgnore).toHaveBeenCalledTimes(1);
  expect(table.overdueCount()).toBe(0);
});

test('when all are taken no grace is left', () => {
  const table = createPendingCalls();
  table.add(pendingCall(1));
  table.add(pendingCall(2));
  table.takeOverdue(1, { graceMs: 10, didIgnore: () => undefined });
  table.takeAll(undefined);
  expect(vi.getTimerCount()).toBe(0);
});

test('ids that are not pending are not marked as begun', () => {
  const table = createPendingCalls();
  table.add(pendingCall(1));
  table.markBegun([1, 7]);
  expect([...table.values()].map(({ isBegun }) => isBegun)).toEqual([true]);
});
