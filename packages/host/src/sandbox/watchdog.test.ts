import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, test, vi } from 'vitest';
import { callOf } from './conformance-fixture.ts';
import { openRawGuest } from './process/raw-guest.fixture.ts';
import type { GuestProcess } from './process/guest-process.ts';
import { setStanding } from './standing.ts';
import { createWatchdog, type WatchLimits } from './watchdog.ts';

const LIMITS: WatchLimits = { cpuMsMax: 10_000, memoryMb: 64 };
const call = (): ReturnType<typeof callOf> => callOf('x', {}, { target: 'export', leftMs: 25_000 });

/**
 * Spins on each call until it has used so much CPU time, however long a loaded machine makes it wait for that, with turns
 * of its loop between, so that it answers others.
 */
const BURN = `
  const usedMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1_000; };
  const burn = (ms) => { const end = usedMs() + ms; while (usedMs() < end); };
  const work = (ms, then) => { burn(20); if (ms > 0) setTimeout(work, 1, ms - 20, then); else then(); };
`;

async function watched(program: string, limits: Partial<WatchLimits> = {}): Promise<GuestProcess> {
  const guest = await openRawGuest(`${BURN} ${program}`);
  void guest.died.then(createWatchdog().watch(guest, { ...LIMITS, ...limits }));
  return guest;
}

test('[FAULTS-16] a call that uses more CPU time than it may is ended, and named as the culprit', async () => {
  // The first call waits idly; the second burns.
  const guest = await watched(
    'let calls = 0; heard.call = ({ id }) => { calls += 1; if (calls === 2) { say({ t: "begun", ids: [1, 2] }); work(5000, () => undefined); } };',
    { cpuMsMax: 300 },
  );
  const idle = guest.run(call());
  await new Promise(setImmediate);
  const burning = await guest.run(call());
  expect([burning, await idle].map((reply) => (reply.ok ? 'ok' : reply.error.code)).toSorted()).toEqual([
    'CALL_CPU_LIMIT',
    'GUEST_LOST',
  ]);
  expect(await guest.died).toMatchObject({
    error: { kind: 'timeout', limit: { name: 'cpu_ms', allowed: 300, unit: 'ms' } },
    isKilled: true,
  });
});

test('[FAULTS-16] a plugin that burns CPU time while no call runs is ended too', async () => {
  const guest = await watched(
    'heard.call = ({ id }) => { say({ t: "ok", id, value: 1 }); work(1e9, () => undefined); };',
    {
      cpuMsMax: 500,
    },
  );
  expect(await guest.run(call())).toMatchObject({ ok: true });
  const { error, isTold } = await guest.died;
  expect(error).toMatchObject({ code: 'CALL_CPU_LIMIT', message: expect.stringMatching(/no call was running/) });
  expect(isTold).toBe(false);
});

test('many short calls are not taken for work without a call', async () => {
  const guest = await watched('heard.call = ({ id }) => { burn(20); say({ t: "ok", id, value: 1 }); };', {
    cpuMsMax: 500,
  });
  const until = performance.now() + 1_600;
  while (performance.now() < until) expect(await guest.run(call())).toMatchObject({ ok: true });
  await guest.close();
});

test('[FAULTS-16] a call that computes at length gives way to others until it has ended', async () => {
  const guest = await watched(
    'heard.call = ({ id }) => { say({ t: "begun", ids: [id] }); work(400, () => say({ t: "ok", id, value: 1 })); };',
  );
  const pid = guest.nodePid() ?? NaN;
  setStanding(pid, 'launched');
  const seen = new Set<string>();
  let isOver = false;
  const long = guest.run(call()).then(() => (isOver = true));
  for (; !isOver; await new Promise(setImmediate)) seen.add(standingOf(pid));
  await long;
  expect([...seen]).toEqual([standing({ process: 10, session: 5 }), standing({ process: 19, session: 15 })]);
  await vi.waitFor(() => expect(standingOf(pid)).toBe(standing({ process: 10, session: 5 })), { timeout: 10_000 });
  await guest.close();
});

test('many short calls keep their place', async () => {
  const guest = await watched('heard.call = ({ id }) => { burn(20); say({ t: "ok", id, value: 1 }); };');
  const pid = guest.nodePid() ?? NaN;
  setStanding(pid, 'launched');
  const until = performance.now() + 600;
  while (performance.now() < until) {
    await guest.run(call());
    expect(standingOf(pid)).toBe(standing({ process: 10, session: 5 }));
  }
  await guest.close();
});

const GROUPS_SESSIONS = existsSync('/proc/self/autogroup');
const standingOf = (pid: number): string => {
  const group = GROUPS_SESSIONS ? readFileSync(`/proc/${pid}/autogroup`, 'utf8') : '';
  return standing({ process: getPriority(pid), session: Number(/nice (-?\d+)/.exec(group)?.[1]) });
};
const standing = ({ process, session }: { readonly process: number; readonly session: number }): string =>
  `process ${process}, session ${GROUPS_SESSIONS ? session : 'none'}`;

test('[FAULTS-28] a guest that holds more memory than it may is ended, and its call says so', async () => {
  const guest = await watched(
    'const hoard = []; const grow = () => { hoard.push(Buffer.alloc(4e6, 1)); setTimeout(grow, 1); }; heard.call = grow;',
  );
  expect(await guest.run(call())).toMatchObject({
    error: { code: 'GUEST_OUT_OF_MEMORY', limit: { name: 'memory_mb', allowed: 64, unit: 'MiB' } },
  });
});

test('a reply has figures where a sample fell inside its call, and null where none did', async () => {
  const guest = await watched(
    'let calls = 0; heard.call = ({ id }) => { calls += 1; work(calls === 1 ? 400 : -1, () => say({ t: "ok", id, value: 1 })); };',
  );
  const measured = await guest.run(call());
  expect(measured.cpu_ms).toBeGreaterThan(150);
  expect(measured.cpu_ms).toBeLessThan(2_000);
  expect(measured.peak_rss_bytes).toBeGreaterThan(20 * 1024 * 1024);
  await guest.close();
  const unwatched = await openRawGuest('heard.call = ({ id }) => say({ t: "ok", id, value: 1 });');
  expect(await unwatched.run(call())).toMatchObject({ cpu_ms: null, peak_rss_bytes: null });
  await unwatched.close();
});

test('a watchdog that is closed, and one whose guests are gone, keeps no timer', async () => {
  const watchdog = createWatchdog();
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const guest = {
    nodePid: () => undefined,
    callsInFlight: () => 0,
    callsSent: () => 0,
    sample: () => undefined,
    kill: () => undefined,
  };
  const stop = watchdog.watch({ ...guest, hungriestCall: () => undefined, idleCpuMs: () => 0 }, LIMITS);
  stop();
  watchdog.watch({ ...guest, hungriestCall: () => undefined, idleCpuMs: () => 0 }, LIMITS);
  watchdog.close();
  expect(timers()).toBe(before);
});
