import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWaitingLanes, type WaitingLanes } from './waiting-lanes.ts';

type Call = {
  readonly lane: string;
  readonly number: number;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const open = (): WaitingLanes<Call, string> => createWaitingLanes<Call, string>(({ lane }) => lane);

function wait(
  lanes: WaitingLanes<Call, string>,
  lane: string,
  number: number,
  more: { readonly deadline?: number; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const call = { lane, number, deadline: more.deadline ?? 1_000, signal: more.signal };
  return lanes.add(call, { queuedAt: 0, onLate: () => 'late', onAbort: () => 'aborted' });
}

function takeAll(lanes: WaitingLanes<Call, string>): string[] {
  const taken: string[] = [];
  for (let next = lanes.takeFirst(); next !== undefined; next = lanes.takeFirst()) {
    taken.push(`${next.call.lane}${next.call.number}`);
    next.resolve('taken');
  }
  return taken;
}

test('lanes take turns, and within a lane the first comes first', () => {
  const lanes = open();
  for (const number of [1, 2, 3]) void wait(lanes, 'a', number);
  for (const number of [1, 2]) void wait(lanes, 'b', number);
  void wait(lanes, 'c', 1);
  expect([lanes.size(), lanes.sizeOf('a'), lanes.sizeOf('b'), lanes.sizeOf('d')]).toEqual([6, 3, 2, 0]);
  expect(takeAll(lanes)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect([lanes.size(), lanes.takeFirst()]).toEqual([0, undefined]);
});

test('a lane that comes back waits for its turn', () => {
  const lanes = open();
  for (const number of [1, 2]) void wait(lanes, 'a', number);
  void wait(lanes, 'b', 1);
  expect(lanes.takeFirst()?.call).toMatchObject({ lane: 'a', number: 1 });
  void wait(lanes, 'c', 1);
  expect(takeAll(lanes)).toEqual(['b1', 'a2', 'c1']);
});

test('a call that leaves by itself is counted no more, and its empty lane has no turn', async () => {
  const lanes = open();
  const controller = new AbortController();
  const aborted = wait(lanes, 'a', 1, { signal: controller.signal });
  const late = wait(lanes, 'b', 1, { deadline: 10 });
  void wait(lanes, 'c', 1);
  controller.abort();
  vi.advanceTimersByTime(20);
  expect([await aborted, await late]).toEqual(['aborted', 'late']);
  expect([lanes.size(), lanes.sizeOf('a'), lanes.sizeOf('b')]).toEqual([1, 0, 0]);
  expect(takeAll(lanes)).toEqual(['c1']);
});

test('all are answered at once, whatever lane they wait in', async () => {
  const lanes = open();
  const waiting = [wait(lanes, 'a', 1), wait(lanes, 'b', 2)];
  lanes.answerAll(({ call }) => `closed ${call.number}`);
  expect(await Promise.all(waiting)).toEqual(['closed 1', 'closed 2']);
  expect(lanes.size()).toBe(0);
});
