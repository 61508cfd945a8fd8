import { callError } from '@bulkhead/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callOf } from './conformance-fixture.ts';
import { createFake, openGroup, type FakeSandbox } from './instance-group.fixture.ts';
import type { GroupReply, InstanceGroup } from './instance-group.ts';
import type { SandboxOpening } from './sandbox.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const codeOf = (reply: GroupReply): string =>
  reply.kind === 'retired' ? 'retired' : reply.reply.ok ? 'ok' : reply.reply.error.code;

/** Notes how calls ended, in order. */
function runMany(group: InstanceGroup, count: number, change: Parameters<typeof callOf>[2] = {}): string[] {
  const ends: string[] = [];
  for (let n = 0; n < count; n += 1) void group.run(callOf('x', {}, change)).then((reply) => ends.push(codeOf(reply)));
  return ends;
}

test('S1, S5: never more calls than the concurrency, nor more instances than twice their bound; each call one reply', async () => {
  vi.useRealTimers();
  const bounds = fc.record({
    concurrency: fc.integer({ min: 1, max: 4 }),
    instances: fc.integer({ min: 1, max: 3 }),
    isSingleUse: fc.boolean(),
  });
  const steps = fc.array(fc.constantFrom('call', 'answer', 'die', 'suspend', 'resume', 'wear'), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(bounds, steps, async (limits, events) => {
      const { group, opened } = openGroup({ ...limits, queueLengthMax: 100 });
      const ends: string[] = [];
      let made = 0;
      for (const [index, event] of events.entries()) {
        const target = opened[index % Math.max(1, opened.length)];
        if (event === 'call') {
          made += 1;
          void group.run(callOf('x')).then((reply) => ends.push(codeOf(reply)));
        } else if (target !== undefined && !target.isClosed()) act(target, event);
        await new Promise(setImmediate);
        const live = group.sandboxes() as readonly FakeSandbox[]; // All are fakes here.
        const most = limits.isSingleUse ? 1 : limits.concurrency;
        for (const sandbox of live) expect(sandbox.calls.length).toBeLessThanOrEqual(most);
        expect(live.length).toBeLessThanOrEqual(2 * limits.instances);
      }
      await group.close();
      await new Promise(setImmediate);
      expect(ends).toHaveLength(made);
    }),
    { numRuns: 1_000 },
  );
});

function act(sandbox: FakeSandbox, event: 'answer' | 'die' | 'suspend' | 'resume' | 'wear'): void {
  if (event === 'answer') sandbox.answer();
  else if (event === 'die') sandbox.die();
  else if (event === 'wear') sandbox.wear();
  else sandbox.setServing(event === 'resume');
}

test('one start serves as many waiting calls as an instance takes', async () => {
  const { group, opened } = openGroup();
  runMany(group, 2);
  await settle();
  expect(opened.map((sandbox) => sandbox.calls.length)).toEqual([2]);
  runMany(group, 1);
  await settle();
  expect(opened.map((sandbox) => sandbox.calls.length)).toEqual([2, 1]);
});

test('[FAULTS-109] a full queue refuses, and says how long it is', async () => {
  const { group } = openGroup({ instances: 1, concurrency: 1 });
  runMany(group, 1);
  await settle();
  const waiting = runMany(group, 3);
  const reply = await group.run(callOf('x'));
  expect(reply).toMatchObject({
    reply: { error: { code: 'HOST_OVERLOADED', limit: { name: 'queue_length', allowed: 3, unit: 'calls' } } },
  });
  expect(waiting).toEqual([]);
});

test('S2: a call that waits is answered at its deadline, and at its abort', async () => {
  const { group, opened } = openGroup({ instances: 1, concurrency: 1 });
  runMany(group, 1);
  await settle();
  const abort = new AbortController();
  const late = runMany(group, 1, { leftMs: 500 });
  const cancelled = runMany(group, 1, { signal: abort.signal });
  abort.abort();
  await settle();
  expect([late, cancelled]).toEqual([[], ['CALL_CANCELLED']]);
  await vi.advanceTimersByTimeAsync(501);
  expect(late).toEqual(['CALL_TIMEOUT']);
  opened[0]?.answer();
  await settle();
  expect(opened[0]?.calls).toEqual([]);
});

test('a call that leaves the queue did not run; one whose instance failed to start did', async () => {
  const busy = openGroup({ instances: 1, concurrency: 1, queueLengthMax: 1 });
  runMany(busy.group, 1);
  await settle();
  const late = busy.group.run(callOf('any', {}, { leftMs: 500 }));
  const crowdedOut = busy.group.run(callOf('any'));
  await vi.advanceTimersByTimeAsync(501);
  const broken = openGroup();
  broken.failNext();
  const ends = await Promise.all([late, crowdedOut, broken.group.run(callOf('any'))]);
  expect(ends.map((end) => [codeOf(end), end.kind === 'replied' && end.reply.didRun])).toEqual([
    ['CALL_TIMEOUT', false],
    ['HOST_OVERLOADED', false],
    ['LOAD_FAILED', true],
  ]);
});

test('a call that was aborted before does not wait', async () => {
  const { group } = openGroup();
  expect(codeOf(await group.run(callOf('x', {}, { signal: AbortSignal.abort() })))).toBe('CALL_CANCELLED');
});

test('calls wait in the order in which they came, and are told how long', async () => {
  const { group, opened } = openGroup({ instances: 1, concurrency: 1 });
  runMany(group, 1);
  await settle();
  const replies: GroupReply[] = [];
  for (const name of ['first', 'second']) void group.run(callOf(name)).then((reply) => replies.push(reply));
  await vi.advanceTimersByTimeAsync(100);
  opened[0]?.answer();
  await settle();
  expect(opened[0]?.calls.map(({ name }) => name)).toEqual(['first']);
  opened[0]?.answer();
  await settle();
  expect(opened[0]?.calls.map(({ name }) => name)).toEqual(['second']);
  expect(replies[0]).toMatchObject({ kind: 'replied', queueMs: expect.closeTo(100, 0) });
});

test('a call that came while the instance had a late one is served when it takes calls again', async () => {
  const { group, opened } = openGroup({ instances: 1, concurrency: 1 });
  runMany(group, 1);
  await settle();
  opened[0]?.setServing(false);
  opened[0]?.answer();
  await settle();
  const ends = runMany(group, 1);
  await settle();
  expect(opened[0]?.calls).toEqual([]);
  opened[0]?.setServing(true);
  await settle();
  opened[0]?.answer();
  await settle();
  expect(ends).toEqual(['ok']);
});

test('when an instance dies another one is started for those that wait', async () => {
  const { group, opened, deaths } = openGroup({ instances: 1, concurrency: 1 });
  const lost = runMany(group, 1);
  await settle();
  runMany(group, 1);
  opened[0]?.die();
  await settle();
  expect([lost, deaths.length, opened.length]).toEqual([['GUEST_LOST'], 1, 2]);
  expect(opened[1]?.calls).toHaveLength(1);
});

test('a start that fails answers those that wait, where no instance lives', async () => {
  const { group, opened, failNext } = openGroup({ concurrency: 1 });
  runMany(group, 1);
  await settle();
  failNext();
  const waiting = runMany(group, 1);
  await settle();
  expect(waiting).toEqual([]);
  opened[0]?.die();
  await settle();
  expect(waiting).toEqual(['LOAD_FAILED']);
});

test('a start that throws is an answer, and no start is lost by it', async () => {
  let attempts = 0;
  const { group } = openGroup({
    instances: 1,
    open: async () => {
      attempts += 1;
      throw new Error('a bug');
    },
  });
  for (const _ of [1, 2]) expect(codeOf(await group.run(callOf('x')))).toBe('HOST_FAULT');
  expect(attempts).toBe(2);
  await group.retire();
});

test('S3: a retired group hands back what waits, lets what is in flight end, and closes', async () => {
  const { group, opened, deaths } = openGroup({ instances: 1, concurrency: 1 });
  const inFlight = runMany(group, 1);
  await settle();
  const waiting = runMany(group, 2);
  let isRetired = false;
  void group.retire().then(() => (isRetired = true));
  await settle();
  expect([waiting, isRetired, inFlight]).toEqual([['retired', 'retired'], false, []]);
  expect(codeOf(await group.run(callOf('x')))).toBe('retired');
  opened[0]?.answer();
  await settle();
  expect([inFlight, isRetired, deaths[0]?.cause]).toEqual([['ok'], true, 'closed']);
});

test('S3: an instance that was starting when the group was retired is closed, and serves nothing', async () => {
  const { group, opened } = openGroup();
  const waiting = runMany(group, 1);
  await group.retire();
  expect(waiting).toEqual(['retired']);
  expect(opened.map((sandbox) => sandbox.isClosed())).toEqual([true]);
});

test('a group that is closed answers what waits and what is in flight', async () => {
  const { group } = openGroup({ instances: 1, concurrency: 1 });
  const inFlight = runMany(group, 1);
  await settle();
  const waiting = runMany(group, 1);
  await group.close();
  await settle();
  expect([inFlight, waiting]).toEqual([['GUEST_LOST'], ['HOST_CLOSED']]);
});

test('an instance for one call is closed after it and serves no other', async () => {
  const { group, opened } = openGroup({ isSingleUse: true, concurrency: 1 });
  runMany(group, 1);
  await settle();
  opened[0]?.answer();
  await settle();
  expect(opened[0]?.isClosed()).toBe(true);
  runMany(group, 1);
  await settle();
  expect(opened).toHaveLength(2);
});

test('an instance that is not used is closed after its time, and not before', async () => {
  const { group, opened } = openGroup();
  runMany(group, 1);
  await settle();
  opened[0]?.answer();
  await vi.advanceTimersByTimeAsync(999);
  runMany(group, 1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(opened[0]?.isClosed()).toBe(false);
  opened[0]?.answer();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(opened[0]?.isClosed()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('S4: [FAULTS-9] a worn instance takes calls until its successor does, and its last call ends', async () => {
  const { group, opened, deaths } = openGroup({ instances: 1 });
  const before = runMany(group, 1);
  await settle();
  opened[0]?.wear();
  await settle();
  const after = runMany(group, 1);
  await settle();
  expect(opened.map((sandbox) => sandbox.calls.length)).toEqual([1, 1]);
  expect(opened[0]?.isClosed()).toBe(false);
  opened[0]?.answer();
  opened[1]?.answer();
  await settle();
  expect([before, after, opened[0]?.isClosed(), opened[1]?.isClosed()]).toEqual([['ok'], ['ok'], true, false]);
  expect(deaths.map(({ cause }) => cause)).toEqual(['closed']);
});

test('S5: [FAULTS-9] where the last worn instance is still busy, the next waits until it has gone', async () => {
  const { group, opened } = openGroup({ instances: 1, concurrency: 1 });
  runMany(group, 1);
  await settle();
  opened[0]?.wear();
  await settle();
  runMany(group, 1);
  opened[1]?.wear();
  await settle();
  expect(opened).toHaveLength(2);
  opened[0]?.answer();
  await settle();
  expect(opened).toHaveLength(3);
});

test('S5: a successor of an instance that died takes its place, and no second one is started', async () => {
  const opening = Promise.withResolvers<SandboxOpening>();
  const first = createFake('first');
  let opens = 0;
  const open = (): Promise<SandboxOpening> => {
    opens += 1;
    return opens === 1 ? Promise.resolve({ ok: true, sandbox: first }) : opening.promise;
  };
  const { group } = openGroup({ instances: 1, open });
  runMany(group, 1);
  await settle();
  first.wear();
  await settle();
  first.die();
  const ends = runMany(group, 1);
  await settle();
  expect(opens).toBe(2);
  opening.resolve({ ok: false, error: callError('LOAD_FAILED'), stack: undefined });
  await settle();
  expect(ends).toEqual(['LOAD_FAILED']);
});

test('S4: a worn instance without a successor goes on', async () => {
  const { group, opened, failNext } = openGroup({ instances: 1 });
  runMany(group, 1);
  await settle();
  failNext();
  opened[0]?.wear();
  await settle();
  const ends = runMany(group, 1);
  await settle();
  expect(opened[0]?.calls).toHaveLength(2);
  opened[0]?.answer();
  opened[0]?.answer();
  await settle();
  expect([ends, opened[0]?.isClosed()]).toEqual([['ok'], false]);
});

test('S6: a new configuration reaches the instances that live, those that are being opened, and those to come', async () => {
  const { group, opened } = openGroup();
  const calls = [1, 2, 3].map(() => group.run(callOf('x')));
  await vi.advanceTimersByTimeAsync(0);
  const next = { version: 2 };
  group.configure(next);
  group.configure(next);
  expect(opened.map(({ configs }) => configs)).toEqual([
    [{ version: 1 }, next],
    [{ version: 1 }, next],
  ]);
  for (const { die } of opened) die();
  await Promise.all(calls);
  void group.run(callOf('x'));
  group.configure({ version: 3 });
  await vi.advanceTimersByTimeAsync(0);
  expect(opened[2]?.configs).toEqual([next, { version: 3 }]);
});
