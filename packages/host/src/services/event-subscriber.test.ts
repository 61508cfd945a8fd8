import { LIMITS } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSubscriber, type EventDelivery, type EventFate } from './event-subscriber.ts';

const WINDOW = LIMITS.event_window.value;
const QUEUE = LIMITS.event_queue.value;
const SPEAKER = { plugin: 'hearer', tenant: 'acme', isTrial: false };

type Sent = { readonly id: number; readonly to: readonly number[]; readonly data: unknown; readonly isWork: boolean };

/** A subscriber of everything, whose line takes events while the test lets it, and whose timers are the test's. */
function open() {
  const sent: Sent[] = [];
  const fates: EventFate[] = [];
  const timers = new Map<() => void, number>();
  const line = { isOpen: true };
  const subscriber = createSubscriber({
    speaker: SPEAKER,
    line: {
      send: (json, isWork) => {
        const { id, to, event } = JSON.parse(json) as { id: number; to: number[]; event: { data: unknown } }; // As it was written.
        if (line.isOpen) sent.push({ id, to, data: event.data, isWork });
        return line.isOpen;
      },
    },
    startTimer: (delayMs, didElapse) => {
      timers.set(didElapse, delayMs);
      return () => void timers.delete(didElapse);
    },
    didHappen: (_speaker, fate) => void fates.push(fate),
  });
  subscriber.add(1, '**');
  const elapse = (delayMs: number): void => {
    for (const [didElapse, at] of [...timers]) if (at === delayMs && timers.delete(didElapse)) didElapse();
  };
  const offer = (data: unknown, change: Partial<EventDelivery> = {}): void =>
    subscriber.offer({ ...deliveryOf(data), ...change }, subscriber.wanting('order.paid'));
  return { subscriber, sent, fates, timers, line, elapse, offer };
}

function deliveryOf(data: unknown, source = 'shop'): EventDelivery {
  const event = { id: 'id', type: 'order.paid', source, timestamp: 't', data: data as string };
  return { event, depth: 2, json: () => JSON.stringify(event) };
}

const dataOf = (sent: readonly Sent[]): readonly unknown[] => sent.map(({ data }) => data);
const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('an event goes to those subscriptions that mean it, and says whether another gave the work', () => {
  const { subscriber, sent, offer } = open();
  subscriber.add(2, 'order.*');
  subscriber.add(3, 'order.late');
  offer('a');
  offer('b', deliveryOf('b', 'hearer'));
  expect(sent).toEqual([
    { id: 1, to: [1, 2], data: 'a', isWork: true },
    { id: 2, to: [1, 2], data: 'b', isWork: false },
  ]);
});

test('so many events are at work at once, and the next goes when one was heard, in the order of offers', () => {
  const { subscriber, sent, fates, offer } = open();
  for (const number of numbers(1, WINDOW + 3)) offer(number);
  expect(dataOf(sent)).toEqual(numbers(1, WINDOW));
  subscriber.didHear(7);
  expect(dataOf(sent)).toEqual(numbers(1, WINDOW + 1));
  subscriber.didHear(7); // Once more, and one that was never sent: both say nothing.
  subscriber.didHear(999);
  expect(dataOf(sent)).toEqual(numbers(1, WINDOW + 1));
  expect(fates.map(({ kind }) => kind)).toEqual(['delivered']);
});

test('where too many wait the oldest are dropped, which is told as the first once until none waits', () => {
  const { subscriber, sent, fates, offer } = open();
  for (const number of numbers(1, WINDOW + QUEUE + 3)) offer(number);
  expect(fates).toEqual([
    { kind: 'dropped', isFirst: true },
    { kind: 'dropped', isFirst: false },
    { kind: 'dropped', isFirst: false },
  ]);
  for (let id = 1; id <= sent.length; id += 1) subscriber.didHear(id);
  expect(dataOf(sent)).toEqual([...numbers(1, WINDOW), ...numbers(WINDOW + 4, WINDOW + QUEUE + 3)]);
  for (const number of numbers(1, WINDOW + QUEUE + 1)) offer(number);
  expect(fates.filter((fate) => fate.kind === 'dropped' && fate.isFirst)).toHaveLength(2);
});

test('what waits has so many characters at most, and one that is larger waits alone', () => {
  const { fates, offer } = open();
  for (const number of numbers(1, WINDOW)) offer(number);
  const large = 'x'.repeat(300_000);
  for (let count = 1; count <= 3; count += 1) offer(large);
  expect(fates).toEqual([]);
  offer(large);
  expect(fates).toEqual([{ kind: 'dropped', isFirst: true }]);
  offer('x'.repeat(2_000_000));
  expect(fates).toHaveLength(4);
});

test('an event that is not heard in time gives its place to the next, and what is said of it later is nothing', () => {
  const { subscriber, sent, fates, elapse, offer } = open();
  for (const number of numbers(1, WINDOW + 1)) offer(number);
  elapse(LIMITS.event_handler_ms.value);
  expect(dataOf(sent)).toEqual(numbers(1, WINDOW + 1));
  expect(fates.map(({ kind }) => kind)).toEqual(Array.from({ length: WINDOW }, () => 'late'));
  subscriber.didHear(1);
  expect(fates).toHaveLength(WINDOW);
});

test('an instance that takes nothing now is tried again, and loses nothing', () => {
  const { sent, line, elapse, offer } = open();
  line.isOpen = false;
  for (const number of numbers(1, 3)) offer(number);
  elapse(250);
  expect(sent).toEqual([]);
  line.isOpen = true;
  elapse(250);
  expect(dataOf(sent)).toEqual([1, 2, 3]);
});

test('what waits for a subscription that has ended goes nowhere', () => {
  const { subscriber, sent, offer } = open();
  for (const number of numbers(1, WINDOW + 2)) offer(number);
  subscriber.remove(1);
  subscriber.didHear(1);
  expect(dataOf(sent)).toEqual(numbers(1, WINDOW));
  expect(subscriber.wanting('order.paid')).toEqual([]);
});

test('the depth of an event is known while it is at work', () => {
  const { subscriber, offer } = open();
  offer('a');
  expect([subscriber.depthOf(1), subscriber.depthOf(2)]).toEqual([2, undefined]);
  subscriber.didHear(1);
  expect(subscriber.depthOf(1)).toBeUndefined();
});

test('at its end nothing is left: no timer, no subscription, and nothing is sent any more', () => {
  const { subscriber, sent, timers, line, offer } = open();
  for (const number of numbers(1, WINDOW + 3)) offer(number);
  line.isOpen = false;
  subscriber.didHear(1);
  subscriber.end();
  subscriber.end();
  expect([timers.size, subscriber.count(), subscriber.isEnded()]).toEqual([0, 0, true]);
  line.isOpen = true;
  offer('late');
  subscriber.didHear(2);
  expect([sent.length, subscriber.add(5, '**')]).toEqual([WINDOW, false]);
});

test('whatever is heard when, each event is sent once and in order, or was dropped, and no more are at work than may be', () => {
  const step = fc.oneof(fc.constant('offer' as const), fc.nat({ max: 40 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const { subscriber, sent, fates, offer } = open();
      let offered = 0;
      for (const each of steps) {
        if (each === 'offer') offer((offered += 1));
        else subscriber.didHear(each);
        const heard = fates.filter(({ kind }) => kind === 'delivered').length;
        expect(sent.length - heard).toBeLessThanOrEqual(WINDOW);
      }
      const order = dataOf(sent) as readonly number[]; // What was offered.
      expect(order).toEqual([...new Set(order)].toSorted((a, b) => a - b));
    }),
  );
});
