import { expect, test } from 'vitest';
import { createGuestUsage, type GuestUsage } from './guest-usage.ts';

const MIB = 1024 * 1024;

/** Takes samples of resident memory in MiB above 50, each after so many calls of which so many are still running. */
function takeAll(
  usage: GuestUsage,
  samples: readonly (readonly [mib: number, sent: number, inFlight: number])[],
): void {
  for (const [mib, callsSent, callsInFlight] of samples) {
    usage.take({ at: 0, cpuMs: 0, rssBytes: (50 + mib) * MIB, callsSent, callsInFlight });
  }
}

const lives = [
  [
    '[FAULTS-9] stays high after a call',
    [
      [0, 0, 0],
      [76, 1, 1],
      [76, 1, 0],
      [76, 1, 0],
    ],
    true,
  ],
  [
    'stays just below three quarters of its budget',
    [
      [0, 0, 0],
      [74, 1, 0],
      [74, 2, 0],
      [74, 3, 0],
      [74, 4, 0],
    ],
    false,
  ],
  [
    'is high only while a call runs',
    [
      [0, 0, 0],
      [90, 1, 1],
      [90, 1, 1],
      [90, 1, 1],
      [90, 1, 1],
      [10, 1, 0],
    ],
    false,
  ],
  [
    'falls between calls',
    [
      [0, 0, 0],
      [90, 1, 0],
      [90, 2, 0],
      [10, 2, 0],
      [90, 3, 0],
      [90, 4, 0],
    ],
    false,
  ],
  [
    'was large from the start',
    [
      [90, 0, 0],
      [90, 1, 0],
      [90, 2, 0],
      [90, 3, 0],
    ],
    false,
  ],
] as const;

test.each(lives)('an instance whose memory %s', (_, samples, isWorn) => {
  const usage = createGuestUsage(100 * MIB);
  takeAll(usage, samples);
  expect(usage.isWorn()).toBe(isWorn);
});

test('CPU time is idle where no call was in flight at a sample or since the last', () => {
  const usage = createGuestUsage(MIB);
  const take = (cpuMs: number, callsSent: number, callsInFlight: number): number =>
    usage.take({ at: 0, cpuMs, rssBytes: 0, callsSent, callsInFlight });
  expect(take(100, 0, 0)).toBe(0);
  expect(take(150, 0, 0)).toBe(50);
  expect(usage.idleCpuMs()).toBe(50);
  take(200, 3, 0);
  expect(usage.idleCpuMs()).toBe(0);
  take(300, 3, 0);
  take(350, 3, 0);
  expect(usage.idleCpuMs()).toBe(150);
  take(400, 4, 1);
  expect(usage.idleCpuMs()).toBe(0);
});

test('before the first sample nothing is known', () => {
  const usage = createGuestUsage(MIB);
  expect([usage.cpuMs(), usage.rssBytes(), usage.idleCpuMs(), usage.isWorn()]).toEqual([null, null, 0, false]);
});

test('the peak is the most of all samples, and not known before the first', () => {
  const usage = createGuestUsage(100 * MIB);
  expect(usage.peakRssBytes()).toBeNull();
  for (const rssBytes of [10, 30, 20]) usage.take({ at: 0, cpuMs: 0, rssBytes, callsSent: 0, callsInFlight: 0 });
  expect([usage.peakRssBytes(), usage.rssBytes()]).toEqual([30, 20]);
});

test('work in the background may use a tenth of a core for ever, and more only until its budget is spent', () => {
  const steady = createGuestUsage(MIB);
  const greedy = createGuestUsage(MIB);
  for (let second = 0; second <= 3_600; second += 1) {
    const sample = { at: second * 1_000, rssBytes: MIB, callsSent: 1, callsInFlight: 0 };
    steady.take({ ...sample, cpuMs: second * 90 });
    greedy.take({ ...sample, cpuMs: second * 200 });
  }
  expect(steady.idleCpuMs()).toBe(0);
  expect(greedy.idleCpuMs()).toBe(3_600 * 100);
});
