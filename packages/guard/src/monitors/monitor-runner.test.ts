import type { StartTimer } from '@bulkhead/host';
import type { MonitorRecord } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { createLatency } from './latency.ts';
import { createMonitorRunner } from './monitor-runner.ts';
import { pairsOf, recordOf } from './records.fixture.ts';

const CONTEXT = { task: 'test', total_cases: 3 };
const RECORDS = pairsOf(
  3,
  () => ({}),
  () => ({}),
);
const BATCHES = [RECORDS.slice(0, 4), RECORDS.slice(4)];

/** A clock that stands until it is told that all time is up. */
function createTimers() {
  const waiting = new Set<() => void>();
  const startTimer: StartTimer = (_delayMs, didElapse) => {
    waiting.add(didElapse);
    return () => waiting.delete(didElapse);
  };
  const elapse = (): void => {
    for (const didElapse of waiting) didElapse();
  };
  return { startTimer, elapse, waiting };
}

/** A monitor that counts what it sees. */
function counting(id: string, overrides: object = {}) {
  const seen: string[] = [];
  const monitor = {
    identifier: () => id,
    start: ({ task }: { task: string }): unknown => seen.push(`start ${task}`),
    record: ({ case_index, role }: MonitorRecord): unknown => seen.push(`${role} ${case_index}`),
    finalize: (): unknown => ({ id, summary: { seen: seen.length }, alerts: [] }),
    ...overrides,
  };
  return { monitor, seen };
}

async function run(monitors: readonly unknown[], startTimer: StartTimer = createTimers().startTimer) {
  const runner = createMonitorRunner(monitors, { startTimer });
  await runner.start(CONTEXT);
  for (const batch of BATCHES) await runner.record(batch);
  return runner.finalize();
}

const NEVER = (): Promise<never> => new Promise(() => {});
const fail = (): never => {
  throw new Error('broken');
};

test('[F002-22, F002-23, F002-24] each monitor is started, sees each record in order, and is asked at the end', async () => {
  const { monitor, seen } = counting('mine');
  expect(await run([monitor])).toEqual([{ id: 'mine', summary: { seen: 7 }, alerts: [] }]);
  expect(seen).toEqual([
    ...['start test', 'baseline 0', 'candidate 0', 'baseline 1', 'candidate 1', 'baseline 2', 'candidate 2'],
  ]);
});

test('[F002-25] reports stand in the order of the monitors, and no two have the same id', async () => {
  const reports = await run([
    counting('b').monitor,
    counting('a').monitor,
    counting('b').monitor,
    counting('b').monitor,
  ]);
  expect(reports.map(({ id }) => id)).toEqual(['b', 'a', 'b#2', 'b#3']);
});

test.each([
  ['start throws', { start: fail }],
  ['record throws', { record: fail }],
  ['finalize throws', { finalize: fail }],
  ['identifier throws', { identifier: fail }],
  ['start rejects', { start: async () => fail() }],
  ['record rejects', { record: async () => fail() }],
  ['finalize rejects', { finalize: async () => fail() }],
  ['its promise throws', { record: () => new Proxy({}, { has: fail }) }],
])('[F002-18] a monitor of which %s costs its own summary only', async (_name, overrides) => {
  const [before, after] = [counting('before'), counting('after')];
  const reports = await run([before.monitor, counting('bad', overrides).monitor, after.monitor]);
  expect(reports).toEqual([
    { id: 'before', summary: { seen: 7 }, alerts: [] },
    { id: 'identifier' in overrides ? 'monitor-2' : 'bad', failed: 'broken' },
    { id: 'after', summary: { seen: 7 }, alerts: [] },
  ]);
  expect(after.seen).toEqual(before.seen);
});

test('a monitor that has failed is not called again', async () => {
  let calls = 0;
  const record = (): never => {
    calls += 1;
    return fail();
  };
  expect(
    await run([counting('bad', { record, finalize: () => ({ id: 'bad', summary: {}, alerts: [] }) }).monitor]),
  ).toEqual([{ id: 'bad', failed: 'broken' }]);
  expect(calls).toBe(1);
});

test.each(['start', 'record', 'finalize'])(
  'one that hangs in %s is failed when its time is up, and the others go on',
  async (method) => {
    const timers = createTimers();
    const good = counting('good');
    const runner = createMonitorRunner([counting('hung', { [method]: NEVER }).monitor, good.monitor], {
      ...{ startTimer: timers.startTimer, stepMs: 50 },
    });
    const steps = [() => runner.start(CONTEXT), () => runner.record(RECORDS), () => runner.finalize()];
    let last: unknown;
    for (const step of steps) {
      const pending = step();
      timers.elapse();
      last = await pending;
    }
    expect(last).toEqual([
      { id: 'hung', failed: 'it did not answer within 50 ms' },
      { id: 'good', summary: { seen: 7 }, alerts: [] },
    ]);
    expect(timers.waiting.size).toBe(0);
  },
);

test('records that a slow monitor has not taken when its time is up never come to it', async () => {
  const timers = createTimers();
  const { promise, resolve } = Promise.withResolvers<void>();
  const taken: number[] = [];
  const record = ({ case_index }: MonitorRecord): Promise<void> => {
    taken.push(case_index);
    return promise;
  };
  const runner = createMonitorRunner([counting('slow', { record }).monitor], { startTimer: timers.startTimer });
  await runner.start(CONTEXT);
  const pending = runner.record(RECORDS);
  timers.elapse();
  await pending;
  resolve();
  expect(await runner.finalize()).toEqual([{ id: 'slow', failed: expect.stringContaining('10000 ms') }]);
  expect(taken).toEqual([0]);
});

test('one that answers by promises sees the records one after another, and leaves no timer', async () => {
  const timers = createTimers();
  let [open, most] = [0, 0];
  const record = async (): Promise<void> => {
    open += 1;
    most = Math.max(most, open);
    await Promise.resolve();
    open -= 1;
  };
  const finalize = async () => ({ id: 'slow', summary: { most }, alerts: [{ type: 'mine' }] });
  const reports = await run([counting('slow', { record, finalize }).monitor], timers.startTimer);
  expect(reports).toEqual([{ id: 'slow', summary: { most: 1 }, alerts: [{ type: 'mine' }] }]);
  expect(timers.waiting.size).toBe(0);
});

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

test.each([
  ['nothing', undefined],
  ['a text', 'fine'],
  ['no summary', { id: 'x', alerts: [] }],
  ['no id', { summary: {}, alerts: [] }],
  ['no alerts', { id: 'x', summary: {} }],
  ['an alert without a type', { id: 'x', summary: {}, alerts: [{ ratio: 2 }] }],
  ['a summary that is no JSON', { id: 'x', summary: cycle, alerts: [] }],
  ['too much', { id: 'x', summary: { text: 'x'.repeat(1_000_001) }, alerts: [] }],
  ['a big number', { id: 'x', summary: { n: 1n }, alerts: [] }],
])('one that answers %s has failed', async (_name, answer) => {
  expect(await run([counting('odd', { finalize: () => answer }).monitor])).toEqual([
    { id: 'odd', failed: expect.stringMatching(/^finalize\(\) gave/) },
  ]);
});

test('a summary is a copy under the name of the monitor, whatever id it gives', async () => {
  const answer = { id: 'another', summary: { a: 1 }, alerts: [] };
  const [report] = await run([counting('mine', { finalize: () => answer }).monitor]);
  answer.summary.a = 2;
  expect(report).toEqual({ id: 'mine', summary: { a: 1 }, alerts: [] });
});

test.each([
  ['a nameless one', { ...counting('').monitor }, 'gave no name'],
  ['what is no monitor', { finalize: fail }, 'it is no monitor'],
  ['nothing', undefined, 'it is no monitor'],
])('%s has failed from the beginning', async (_name, monitor, reason) => {
  expect(await run([monitor])).toEqual([{ id: 'monitor-1', failed: expect.stringContaining(reason) }]);
});

test.each([
  ['no error', 'text', 'text'],
  ['an error without a message', new Error(''), 'it threw an error without a message'],
  ['something without a text', Object.create(null), 'it threw something that has no text'],
  ['a long message', new Error('x'.repeat(9_999)), 'x'.repeat(500)],
])('a monitor that throws %s has a reason all the same', async (_name, thrown, reason) => {
  const start = (): never => {
    throw thrown;
  };
  expect(await run([counting('odd', { start }).monitor])).toEqual([{ id: 'odd', failed: reason }]);
});

test('[F002-20] monitors of ours and of others run side by side', async () => {
  const reports = await run([createLatency(), counting('mine').monitor]);
  expect(reports).toMatchObject([{ id: 'latency', summary: { status: 'nodata', pairs: 3 } }, { id: 'mine' }]);
});

test('a record that no case can have costs a monitor its summary, with what was wrong', async () => {
  const runner = createMonitorRunner([createLatency()], { startTimer: createTimers().startTimer });
  await runner.start(CONTEXT);
  await runner.record([recordOf(-1, 'baseline')]);
  expect(await runner.finalize()).toEqual([{ id: 'latency', failed: expect.stringContaining('case_index is -1') }]);
});
