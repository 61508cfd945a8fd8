import { LIMITS, type PluginEvent } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import type { NodeReport } from '../storage/nodes-port.ts';
import { createFailingStorage } from '../storage/failing.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { createEventExchange, type EventExchange } from './event-exchange.ts';

const SELF: NodeReport = {
  ...{ id: 'here', host_name: 'machine', version: '0.1.0', tier: 'process', state: 'ready' },
  ...{ started_at: '2026-01-01T00:00:00.000Z', plugins: [] },
};

type End = EventExchange & { readonly heard: unknown[]; readonly lost: number[]; readonly warned: string[] };

/** A storage that two nodes use, and timers and a clock that are the test's. */
async function open() {
  const storage = { ...createFailingStorage(createMemoryStorage()), isShared: true };
  const timers = new Map<() => void, number>();
  const watchers = new Set<() => void>();
  const asked: string[] = [];
  const clock = { now: 0 };
  for (const id of ['here', 'there']) await storage.beat({ ...SELF, id });
  const watched = {
    ...storage,
    readEvents: (query: Parameters<typeof storage.readEvents>[0]) => {
      asked.push(query.node);
      return storage.readEvents(query);
    },
    watchEvents: (mayHaveCome: () => void) => {
      watchers.add(mayHaveCome);
      return () => void watchers.delete(mayHaveCome);
    },
  };
  function endOf(node: string, change: { readonly isShared?: boolean } = {}): End {
    const told = { heard: [] as unknown[], lost: [] as number[], warned: [] as string[] };
    const exchange = createEventExchange({
      storage: { ...watched, ...change },
      node,
      clock: { now: () => clock.now, wallTime: () => Date.UTC(2026, 0, 1) },
      startTimer: (delayMs, didElapse) => {
        timers.set(didElapse, delayMs);
        return () => void timers.delete(didElapse);
      },
      log: { warn: (_fields: object, text: string) => void told.warned.push(text) },
      deliver: ({ event }) => void told.heard.push(event.data),
      didLose: (events) => void told.lost.push(events),
    });
    return { ...exchange, ...told };
  }
  /** Lets timers elapse, and what they began come to its end. */
  async function elapse(): Promise<void> {
    for (const didElapse of [...timers.keys()]) if (timers.delete(didElapse)) didElapse();
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  }
  return { storage, endOf, elapse, timers, watchers, asked, clock };
}

let lastId = 0;

function eventOf(data: number): { readonly event: PluginEvent; readonly depth: number } {
  lastId += 1;
  const id = `018f0000-0000-7000-8000-${String(lastId).padStart(12, '0')}`;
  return { event: { id, type: 'order.paid', source: 'shop', timestamp: '2026-01-01T00:00:00.000Z', data }, depth: 1 };
}

test('what one node tells the other hears once it began to, and never its own', async () => {
  const { endOf, elapse } = await open();
  const [here, there] = [endOf('here'), endOf('there')];
  here.send(eventOf(1));
  await elapse();
  await Promise.all([here.hear(), there.hear()]);
  here.send(eventOf(2));
  there.send(eventOf(3));
  for (let round = 0; round < 2; round += 1) await elapse();
  expect([here.heard, there.heard]).toEqual([[3], [2]]);
});

test('a notice says when to read, before the clock does', async () => {
  const { endOf, storage, watchers, timers } = await open();
  const there = endOf('there');
  await there.hear();
  await storage.addEvents('here', [eventOf(1)]);
  for (const tell of watchers) tell();
  await expect.poll(() => there.heard).toEqual([1]);
  expect([...timers.values()]).toEqual([1_000]);
});

test('more than one reading takes is read to its end', async () => {
  const { endOf, storage, elapse } = await open();
  const there = endOf('there');
  await there.hear();
  const many = Array.from({ length: 1_201 }, (_, index) => index);
  await storage.addEvents('here', many.map(eventOf));
  await elapse();
  await expect.poll(() => there.heard).toEqual(many);
});

test('a storage that is away keeps nobody waiting, is told of once, and nothing of what is told meanwhile is missed', async () => {
  const { endOf, storage, elapse } = await open();
  const [here, there] = [endOf('here'), endOf('there')];
  await there.hear();
  storage.fail();
  here.send(eventOf(1));
  for (let round = 0; round < 3; round += 1) await elapse();
  await here.hear();
  storage.mend();
  for (let round = 0; round < 3; round += 1) await elapse();
  expect([there.heard, here.lost]).toEqual([[1], []]);
  expect(there.warned).toEqual(['events of other nodes could not be read; it is tried again']);
});

test('a node that heard nothing of the storage for as long as events are kept says that it may have missed some', async () => {
  const { endOf, storage, elapse, clock } = await open();
  const there = endOf('there');
  await there.hear();
  storage.fail();
  await elapse();
  clock.now += LIMITS.event_kept_ms.value + 1;
  storage.mend();
  await elapse();
  expect(there.warned).toContain('events of other nodes may have been missed');
});

test('what waits for a storage that is away is bounded, and what is beyond is counted as lost', async () => {
  const { endOf, storage } = await open();
  const here = endOf('here');
  storage.fail();
  for (let number = 0; number < 2_003; number += 1) here.send(eventOf(number));
  expect(here.lost).toEqual([1, 1, 1]);
  storage.mend();
  await here.close();
});

test('nothing is read where nobody hears any more, and nothing is left of it', async () => {
  const { endOf, elapse, timers, watchers, asked } = await open();
  const there = endOf('there');
  await there.hear();
  await elapse();
  there.rest();
  there.rest();
  const before = asked.length;
  await elapse();
  expect([timers.size, watchers.size, asked.length - before]).toEqual([0, 0, 0]);
  await there.hear();
  expect(watchers.size).toBe(1);
  await there.close();
  expect([timers.size, watchers.size]).toEqual([0, 0]);
});

test('a storage that is one node’s alone is asked for nothing', async () => {
  const { endOf, storage, timers, watchers } = await open();
  const here = endOf('here', { isShared: false });
  await here.hear();
  here.send(eventOf(1));
  await here.close();
  expect([timers.size, watchers.size, await storage.lastEvent()]).toEqual([0, 0, 0]);
});

test('what is too old goes when much is written', async () => {
  const { endOf, storage, elapse } = await open();
  const here = endOf('here');
  const [old] = [eventOf(0)];
  await storage.addEvents('here', [{ ...old, event: { ...old.event, timestamp: '2025-12-31T23:50:00.000Z' } }]);
  for (let number = 1; number <= 1_000; number += 1) here.send(eventOf(number));
  await elapse();
  const page = await storage.readEvents({ after: 0, node: 'there', rowsMax: 1 });
  expect(page.rows.map(({ event }) => event.data)).toEqual([1]);
  await here.close();
});
