import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import type { NodePlugin, NodeReport, NodeStorage } from '../storage/nodes-port.ts';
import { openNodes, type Nodes, type NodesOptions } from './nodes.ts';

const TIMING = { heartbeatMs: 2_000, lostMs: 10_000 };
const PLUGIN: NodePlugin = {
  ...{ name: 'a', state: 'INITIALIZED', health: 'healthy', breaker: 'closed', version: '1.0.0', is_released: true },
  ...{ reason: null, full_reason: null, success_count: 0, error_count: 0, last_used: null },
};

/** Nodes of one storage, on a clock that the test moves; time passes in steps of a heartbeat. */
function createBench() {
  let now = 1_000_000;
  const clock = { now: () => now, wallTime: () => now };
  const storage = { ...createMemoryStorage({}, clock), isShared: true };
  const timers = new Map<() => void, number>();
  const ended: string[] = [];

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  }

  async function open(id: string, options: Partial<NodesOptions> = {}): Promise<Nodes> {
    const self: NodesOptions['self'] = {
      ...{ id, host_name: 'machine', version: '0.1.0', tier: 'jail' },
      started_at: new Date(now).toISOString(),
    };
    const startTimer: NodesOptions['startTimer'] = (delayMs, didElapse) => {
      timers.set(didElapse, now + delayMs);
      return () => void timers.delete(didElapse);
    };
    return openNodes({
      ...{ storage, clock, startTimer, timing: TIMING, self, log: { warn: () => undefined } },
      plugins: () => [PLUGIN],
      endLost: async (node) => void ended.push(`${id} ends ${node}`),
      ...options,
    });
  }

  async function pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += TIMING.heartbeatMs) {
      now += TIMING.heartbeatMs;
      for (const [elapse, at] of timers) {
        if (at > now) continue;
        timers.delete(elapse);
        elapse();
      }
      await settle();
    }
  }

  return { storage, open, pass, ended, timers, settle };
}

/** A node that gives one sign of life and then none. */
async function dieAfterOneBeat(storage: NodeStorage, id: string): Promise<void> {
  const report: NodeReport = {
    ...{ id, host_name: 'elsewhere', version: '0.1.0', tier: 'jail', state: 'ready', plugins: [PLUGIN] },
    started_at: '1970-01-01T00:00:00.000Z',
  };
  await storage.beat(report);
}

const statesOf = (nodes: Nodes): readonly string[] => nodes.list().map(({ id, state }) => `${id} ${state}`);

test('each node lists all of them in order of their starts, and how plugins are on the others', async () => {
  const { open, pass } = createBench();
  const first = await open('first');
  await pass(2_000);
  const second = await open('second');
  await pass(2_000);
  expect(statesOf(first)).toEqual(['first ready', 'second ready']);
  expect(second.list().map(({ id, is_self }) => [id, is_self])).toEqual([
    ['first', false],
    ['second', true],
  ]);
  expect([...first.elsewhere()]).toEqual([['a', [PLUGIN]]]);
});

test('a node that drains says so, and one that closes is no longer listed', async () => {
  const { open, pass, settle } = createBench();
  const [first, second] = [await open('first'), await open('second')];
  second.drain();
  await settle();
  expect(statesOf(second)).toContain('second draining');
  await pass(2_000);
  expect(statesOf(first)).toEqual(['first ready', 'second draining']);
  await second.close();
  await second.close();
  await pass(2_000);
  expect(statesOf(first)).toEqual(['first ready']);
});

test('M2: a node that is silent for longer than ten seconds is lost, and each survivor ends its calls once', async () => {
  const { storage, open, pass, ended } = createBench();
  await dieAfterOneBeat(storage, 'dead');
  const [first] = [await open('first'), await open('second')];
  await pass(10_000);
  expect(ended).toEqual([]);
  await pass(2_000);
  expect(statesOf(first)).toEqual(['dead lost', 'first ready', 'second ready']);
  await pass(10_000);
  expect(ended.toSorted()).toEqual(['first ends dead', 'second ends dead']);
});

test('a lost node that is heard again is as it says, and may be lost again', async () => {
  const { storage, open, pass, ended } = createBench();
  await dieAfterOneBeat(storage, 'dead');
  const nodes = await open('first');
  await pass(12_000);
  await dieAfterOneBeat(storage, 'dead');
  await pass(2_000);
  expect(statesOf(nodes)).toContain('dead ready');
  await pass(12_000);
  expect(statesOf(nodes)).toContain('dead lost');
  expect(ended).toEqual(['first ends dead', 'first ends dead']);
});

test('M1: after the storage was away nobody is lost who speaks soon', async () => {
  const { storage, open, pass, ended } = createBench();
  let isAway = false;
  const beat: NodeStorage['beat'] = async (report) => {
    if (isAway) throw new Error('away');
    return storage.beat(report);
  };
  const first = await open('first', { storage: { ...storage, beat } });
  await open('second', { storage: { ...storage, beat } });
  isAway = true;
  await pass(20_000);
  isAway = false;
  await pass(30_000);
  expect(ended).toEqual([]);
  expect(statesOf(first)).toEqual(['first ready', 'second ready']);
});

test('what could not be ended is tried again, and the node is lost once it has been', async () => {
  const { storage, open, pass } = createBench();
  await dieAfterOneBeat(storage, 'dead');
  let attempts = 0;
  const nodes = await open('first', {
    endLost: async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('away');
    },
  });
  await pass(12_000);
  expect([attempts, statesOf(nodes)[0]]).toEqual([1, 'dead ready']);
  await pass(14_000);
  expect([attempts, statesOf(nodes)[0]]).toEqual([2, 'dead lost']);
});

test('M3: what was heard too long ago says nothing about now, and the list still says what was heard', async () => {
  const { storage, open, pass } = createBench();
  await dieAfterOneBeat(storage, 'dead');
  let isAway = false;
  const beat: NodeStorage['beat'] = async (report) => (isAway ? new Promise(() => undefined) : storage.beat(report));
  const nodes = await open('first', { storage: { ...storage, beat } });
  expect(nodes.elsewhere().size).toBe(1);
  isAway = true;
  await pass(12_000);
  expect(nodes.elsewhere().size).toBe(0);
  expect(statesOf(nodes)).toEqual(['dead ready', 'first ready']);
});

test('a storage of one node alone is told nothing', async () => {
  const { storage, open, timers } = createBench();
  const nodes = await open('only', { storage: { ...storage, isShared: false } });
  nodes.drain();
  expect(statesOf(nodes)).toEqual(['only draining']);
  expect(timers.size).toBe(0);
  await nodes.close();
  const others = await storage.beat({
    ...{ id: 'other', host_name: 'm', version: '0.1.0', tier: 'jail', state: 'ready', plugins: [] },
    started_at: '2026-01-01T00:00:00.000Z',
  });
  expect(others.map(({ id }) => id)).toEqual(['other']);
});

test('a storage that hangs does not keep a node from closing', async () => {
  const { storage, open, pass } = createBench();
  const nodes = await open('first', {
    storage: { ...storage, removeNode: () => new Promise<never>(() => undefined) },
  });
  const closed = nodes.close();
  await pass(2_000);
  await closed;
  expect(statesOf(nodes)).toEqual(['first ready']);
});
