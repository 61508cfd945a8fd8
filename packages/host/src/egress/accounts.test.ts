import { expect, test } from 'vitest';
import { createFailingStorage } from '../storage/failing.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Quota } from '../storage/catalogue-port.ts';
import type { UsageRow } from '../storage/usage-port.ts';
import { createEgressAccounts } from './accounts.ts';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const FETCH = { tenant: 'acme', plugin: 'fetch' };
const sent = (bytes: number) => ({ direction: 'sent', bytes }) as const;
const received = (bytes: number) => ({ direction: 'received', bytes }) as const;
const PAST = { code: 'EGRESS_QUOTA_EXCEEDED', retryAfterMs: 12 * 3_600_000 };

/** Nodes on one storage, whose timers elapse when a test says so. */
function openNodes(quota: Quota | undefined) {
  const storage = createFailingStorage(createMemoryStorage());
  const time = { now: 0, wall: NOON };
  const held = { quota };
  const written: UsageRow[] = [];
  let reads = 0;
  const counted = {
    listUsage: (query: Parameters<typeof storage.listUsage>[0]) => {
      reads += 1;
      return storage.listUsage(query);
    },
  };
  function openNode() {
    const timers: (() => void)[] = [];
    const writes: Promise<void>[] = [];
    const accounts = createEgressAccounts({
      storage: counted,
      clock: { now: () => time.now, wallTime: () => time.wall },
      startTimer: (_delayMs, didElapse) => {
        timers.push(didElapse);
        return () => undefined;
      },
      quotaOf: () => held.quota,
      add: (row) => {
        written.push(row);
        writes.push(storage.addUsage([row]));
      },
    });
    const tick = async (): Promise<void> => {
      time.now += 250;
      timers.splice(0).forEach((didElapse) => didElapse());
      await Promise.all(writes);
      await accounts.prepare('acme').catch(() => undefined);
    };
    return { ...accounts, tick, timers };
  }
  return { openNode, storage, time, held, written, reads: () => reads };
}

test('pieces are summed by tenant and plugin, and written together', async () => {
  const { openNode, written, reads } = openNodes(undefined);
  const node = openNode();
  await node.prepare('acme');
  for (let piece = 0; piece < 1_000; piece += 1) node.move(FETCH, received(65_536));
  node.move({ ...FETCH, plugin: 'other' }, sent(7));
  expect([written.length, node.timers.length, reads()]).toEqual([0, 1, 0]);
  await node.tick();
  const row = { tenant_id: 'acme', day: '2026-03-01', meter: 'egress_bytes' };
  expect(written).toEqual([
    { ...row, subject: 'fetch', amount: 65_536_000 },
    { ...row, subject: 'other', amount: 7 },
  ]);
  await node.tick();
  expect([written.length, node.timers.length]).toEqual([2, 0]);
});

test('a request that would pass the quota is neither sent nor counted, until midnight', async () => {
  const { openNode, time, written } = openNodes({ egress_bytes_per_day: 100 });
  const node = openNode();
  await node.prepare('acme');
  expect(node.move(FETCH, sent(60))).toBeUndefined();
  expect(node.move(FETCH, sent(41))).toMatchObject({
    ...PAST,
    limit: { name: 'egress_bytes_per_day', allowed: 100, observed: 101, unit: 'bytes' },
  });
  expect(node.move(FETCH, sent(40))).toBeUndefined();
  node.close();
  expect(written).toMatchObject([{ amount: 100 }]);
  time.wall += 12 * 3_600_000;
  await node.prepare('acme');
  expect(node.move(FETCH, sent(41))).toBeUndefined();
});

test('an answer that passes the quota is counted, and ends', async () => {
  const { openNode, written } = openNodes({ egress_bytes_per_day: 100 });
  const node = openNode();
  await node.prepare('acme');
  expect(node.move(FETCH, received(100))).toBeUndefined();
  expect(node.move(FETCH, received(50))).toMatchObject({ ...PAST, limit: { observed: 150 } });
  node.close();
  expect(written).toMatchObject([{ amount: 150 }]);
});

test('what other nodes moved counts from the next reading on, at most a second later', async () => {
  const { openNode, time, reads } = openNodes({ egress_bytes_per_day: 100 });
  const [here, there] = [openNode(), openNode()];
  await Promise.all([here.prepare('acme'), there.prepare('acme')]);
  expect(there.move(FETCH, received(100))).toBeUndefined();
  await there.tick();
  const before = reads();
  await here.prepare('acme');
  expect(reads()).toBe(before);
  time.now += 1_000;
  await here.prepare('acme');
  expect(here.move(FETCH, sent(1))).toMatchObject(PAST);
});

test('what is under way while the storage is asked is not forgotten', async () => {
  const { openNode } = openNodes({ egress_bytes_per_day: 100 });
  const node = openNode();
  node.move(FETCH, received(30));
  const prepared = node.prepare('acme');
  node.move(FETCH, received(30));
  await prepared;
  expect(node.move(FETCH, sent(40))).toBeUndefined();
  expect(node.move(FETCH, sent(1))).toMatchObject(PAST);
});

test('an answer that is read for long is held to a quota that comes meanwhile', async () => {
  const { openNode, held } = openNodes(undefined);
  const node = openNode();
  await node.prepare('acme');
  node.move(FETCH, received(1_000));
  held.quota = { egress_bytes_per_day: 100 };
  await node.tick();
  expect(node.move(FETCH, received(1))).toMatchObject({ ...PAST, limit: { observed: 1_001 } });
});

test('a storage that is away refuses who has a quota, and nobody else', async () => {
  const bounded = openNodes({ egress_bytes_per_day: 100 });
  bounded.storage.fail();
  await expect(bounded.openNode().prepare('acme')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  const free = openNodes(undefined);
  free.storage.fail();
  await free.openNode().prepare('acme');
  expect(free.reads()).toBe(0);
});
