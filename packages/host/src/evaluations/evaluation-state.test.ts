import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  EVALUATION_STATES,
  isEvaluationEnd,
  nextEvaluationState,
  type EvaluationEvent,
  type EvaluationState,
} from './evaluation-state.ts';

const EVENTS: readonly EvaluationEvent[] = [
  ...(['begin', 'shadow', 'canary', 'adopt', 'reject', 'roll_back', 'give_up', 'cancel', 'fail'] as const),
];
const ENDS = ['adopted', 'rejected', 'rolled_back', 'inconclusive', 'cancelled', 'failed'];

/** The states that a queued evaluation comes through, by events that may be impossible and then change nothing. */
function walk(events: readonly EvaluationEvent[]): readonly EvaluationState[] {
  const states: EvaluationState[] = ['queued'];
  for (const event of events) {
    const next = nextEvaluationState(states.at(-1) ?? 'queued', event);
    if (next !== undefined) states.push(next);
  }
  return states;
}

test('every state is reached, and the ends are those six', () => {
  const reached = new Set<EvaluationState>(['queued']);
  for (const state of reached)
    for (const event of EVENTS) {
      const next = nextEvaluationState(state, event);
      if (next !== undefined) reached.add(next);
    }
  expect([...reached].toSorted()).toEqual([...EVALUATION_STATES].toSorted());
  expect(EVALUATION_STATES.filter(isEvaluationEnd)).toEqual(ENDS);
});

test('nothing leads out of an end, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS)), (events) => {
      const ends = walk(events).filter(isEvaluationEnd);
      expect(ends.length).toBeLessThanOrEqual(1);
    }),
  );
});

test('an evaluation comes through no state twice, so that what is kept of it is bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS)), (events) => {
      const states = walk(events);
      expect(new Set(states).size).toBe(states.length);
      expect(states.length).toBeLessThanOrEqual(5);
    }),
  );
});

test('only what has been a canary is rolled back, and a canary is never merely rejected', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS)), (events) => {
      const states = walk(events);
      expect(states.includes('rolled_back') && !states.includes('canary')).toBe(false);
      expect(states.includes('rejected') && states.includes('canary')).toBe(false);
    }),
  );
});

test.each(EVALUATION_STATES.filter((state) => !isEvaluationEnd(state)))(
  'what is %s can be cancelled, and can fail',
  (state) => {
    expect([nextEvaluationState(state, 'cancel'), nextEvaluationState(state, 'fail')]).toEqual(['cancelled', 'failed']);
  },
);
