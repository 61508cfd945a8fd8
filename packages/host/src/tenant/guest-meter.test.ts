import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createGuestMeter } from './guest-meter.ts';

const MIB = 1024 * 1024;

/** A meter whose clock and guests a test moves, and what it charged each tenant in all. */
function openMeter() {
  let now = 0;
  const charged = new Map<string, { readonly cpuMs: number; readonly memoryMbMs: number }>();
  const meter = createGuestMeter({
    clock: { now: () => now, wallTime: () => 0 },
    charge: (tenant, { cpuMs, memoryMbMs }) => {
      const before = charged.get(tenant) ?? { cpuMs: 0, memoryMbMs: 0 };
      charged.set(tenant, { cpuMs: before.cpuMs + cpuMs, memoryMbMs: before.memoryMbMs + memoryMbMs });
    },
  });
  return { ...meter, charged, pass: (milliseconds: number) => void (now += milliseconds) };
}

function guestOf(usage: { cpuMs: number | null; rssBytes: number | null }) {
  return { usage: () => usage };
}

test('a guest’s CPU time and the memory that it holds are charged to its tenant as time passes', () => {
  const { watch, read, charged, pass } = openMeter();
  const usage = { cpuMs: 40, rssBytes: 60 * MIB };
  watch('acme', guestOf(usage));
  pass(1_000);
  read();
  usage.cpuMs = 100;
  pass(500);
  read();
  expect(charged.get('acme')).toEqual({ cpuMs: 100, memoryMbMs: 60 * 1_500 });
});

test('a guest that no sample has seen yet is charged nothing until one has', () => {
  const { watch, read, charged, pass } = openMeter();
  const usage: { cpuMs: number | null; rssBytes: number | null } = { cpuMs: null, rssBytes: null };
  watch('acme', guestOf(usage));
  pass(1_000);
  read();
  expect(charged.get('acme')).toEqual({ cpuMs: 0, memoryMbMs: 0 });
  usage.cpuMs = 70;
  read();
  expect(charged.get('acme')).toEqual({ cpuMs: 70, memoryMbMs: 0 });
});

test('M1: however it is read, a guest is charged once for all of its life, and nothing after it', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ ms: fc.nat(1_000), isRead: fc.boolean() })), (steps) => {
      const { watch, read, charged, pass } = openMeter();
      const usage = { cpuMs: 0, rssBytes: 10 * MIB };
      const release = watch('acme', guestOf(usage));
      for (const { ms, isRead } of steps) {
        pass(ms);
        usage.cpuMs += ms;
        if (isRead) read();
      }
      release();
      release();
      pass(5_000);
      usage.cpuMs += 5_000;
      read();
      const lifeMs = steps.reduce((sum, { ms }) => sum + ms, 0);
      expect(charged.get('acme')).toEqual({ cpuMs: lifeMs, memoryMbMs: 10 * lifeMs });
    }),
  );
});
