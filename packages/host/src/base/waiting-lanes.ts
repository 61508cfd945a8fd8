/**
 * Calls that wait for room in lanes, one call of each lane after the other, so that a lane which is full of them keeps no
 * other waiting. With one lane it is {@link createWaitingCalls}.
 */
import {
  createWaitingCalls,
  type Patience,
  type WaitingCall,
  type WaitingCalls,
  type WaitOptions,
} from './waiting-calls.ts';

/** The lanes. `takeFirst` takes the call that has waited longest in the lane whose turn it is. */
export type WaitingLanes<Call extends Patience, Reply> = WaitingCalls<Call, Reply> & {
  readonly sizeOf: (lane: string) => number;
};

/** Makes empty lanes. A lane is there while calls wait in it. */
export function createWaitingLanes<Call extends Patience, Reply>(
  laneOf: (call: Call) => string,
): WaitingLanes<Call, Reply> {
  // In the order of their turns.
  const lanes = new Map<string, WaitingCalls<Call, Reply>>();
  let count = 0;

  function add(call: Call, { queuedAt, onLate, onAbort }: WaitOptions<Reply>): Promise<Reply> {
    const name = laneOf(call);
    const lane = lanes.get(name) ?? createWaitingCalls<Call, Reply>();
    lanes.set(name, lane);
    count += 1;
    const left = (reply: () => Reply) => (): Reply => {
      count -= 1;
      if (lane.size() === 0 && lanes.get(name) === lane) lanes.delete(name);
      return reply();
    };
    return lane.add(call, { queuedAt, onLate: left(onLate), onAbort: left(onAbort) });
  }

  function takeFirst(): WaitingCall<Call, Reply> | undefined {
    const [turn] = lanes;
    if (turn === undefined) return undefined;
    const [name, lane] = turn;
    const first = lane.takeFirst();
    lanes.delete(name);
    if (lane.size() > 0) lanes.set(name, lane);
    if (first !== undefined) count -= 1;
    return first;
  }

  return {
    size: () => count,
    sizeOf: (name) => lanes.get(name)?.size() ?? 0,
    add,
    takeFirst,
    answerAll: (reply) => {
      const all = [...lanes.values()];
      lanes.clear();
      count = 0;
      for (const lane of all) lane.answerAll(reply);
    },
  };
}
