import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import { calcDigest, createTestTime, openCalc } from '../moves/moves.fixture.ts';
import { createFleet } from '../fleet/fleet.ts';
import { createRegistry } from '../registry/registry.ts';
import { createStandBy } from './stand-by.ts';

async function open() {
  const time = createTestTime();
  const { releases } = await openCalc(createMemoryStorage(), time);
  const release = releases.release('calc', '1.0.0');
  if (release === undefined) throw new Error('the fixture has no release 1.0.0');
  // Nothing is opened here, so nothing of what a fleet opens guests with is asked for.
  const fleet = createFleet({} as Parameters<typeof createFleet>[0]);
  const registry = createRegistry({ clock: time.clock });
  const standBy = createStandBy({ path: { fleet, releases, registry, tier: 'process' }, ...time });
  return { ...time, ...standBy, release, isHeld: () => fleet.isHeld(calcDigest('1.0.0')) };
}

test('a release is kept until the latest time that was said', async () => {
  const { keep, release, isHeld, clock, pass, timerCount } = await open();
  const now = clock.wallTime();
  keep(release, now + 1_000);
  keep(release, now + 3_000);
  keep(release, now + 2_000);
  expect([isHeld(), timerCount()]).toEqual([true, 1]);
  await pass(1_000);
  expect([isHeld(), timerCount()]).toEqual([true, 1]);
  await pass(2_000);
  expect([isHeld(), timerCount()]).toEqual([false, 0]);
});

test('a release that is asked for again after it went is kept anew', async () => {
  const { keep, release, isHeld, clock, pass } = await open();
  keep(release, clock.wallTime() + 1_000);
  await pass(1_000);
  keep(release, clock.wallTime() + 1_000);
  expect(isHeld()).toBe(true);
});

test('once it is closed nothing is kept, and no timer waits', async () => {
  const { keep, close, release, isHeld, clock, timerCount } = await open();
  keep(release, clock.wallTime() + 1_000);
  close();
  expect([isHeld(), timerCount()]).toEqual([false, 0]);
});
