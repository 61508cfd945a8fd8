import { LIMITS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import { earlierRelease, findStanding } from './canary.ts';
import { calcDigest, createTestTime, openCalc } from './moves.fixture.ts';

const PROBATION_MS = LIMITS.probation_ms.value;

async function open(kind: 'canary' | 'upgrade' = 'canary') {
  const time = createTestTime();
  const calc = await openCalc(createMemoryStorage(), time);
  await calc.enable('acme');
  await calc.moveTo('acme', '2.0.0', kind);
  const watch = { releases: calc.releases, clock: time.clock };
  const behind = (version = '2.0.0') => earlierRelease(watch, { tenant: 'acme', plugin: 'calc', version });
  const standing = (version: string) => {
    const found = findStanding(watch, 'acme', { name: 'calc', digest: calcDigest(version) });
    return found.kind === 'resolved' ? found.registration.plugin_version : found.error.code;
  };
  return { ...calc, ...time, behind, standing };
}

test('the release before stands behind one that evidence let in, until its probation is over', async () => {
  const { behind, clock, pass } = await open();
  const until = clock.wallTime() + PROBATION_MS;
  const standIn = { release: { digest: calcDigest('1.0.0') }, registration: { plugin_version: '1.0.0' } };
  expect(behind()).toMatchObject({ until, isCurrent: false, standIn });
  await pass(PROBATION_MS - 1);
  expect(behind()).toMatchObject({ until });
  await pass(1);
  expect(behind()).toBeUndefined();
});

test('nothing stands behind an upgrade that was asked for, nor behind the release before itself', async () => {
  expect((await open('upgrade')).behind()).toBeUndefined();
  expect((await open()).behind('1.0.0')).toBeUndefined();
});

test('C2: whoever moved the registration since knows better, but one that was taken back is the release before', async () => {
  const moved = await open();
  await moved.moveTo('acme', '1.0.0', 'automatic_rollback');
  expect(moved.behind()).toMatchObject({ isCurrent: true, standIn: { registration: { plugin_version: '1.0.0' } } });
  await moved.moveTo('acme', '2.0.0', 'upgrade');
  expect(moved.behind()).toBeUndefined();
});

test('nothing stands behind a registration that is disabled, or gone', async () => {
  const { releases, behind } = await open();
  await releases.disable('acme', 'calc');
  expect(behind()).toBeUndefined();
  await releases.remove('calc');
  expect(behind()).toBeUndefined();
});

test('both releases have a standing while one stands behind the other, and then the current one alone', async () => {
  const { standing, pass } = await open();
  expect([standing('1.0.0'), standing('2.0.0')]).toEqual(['1.0.0', '2.0.0']);
  await pass(PROBATION_MS);
  expect([standing('1.0.0'), standing('2.0.0')]).toEqual(['2.0.0', '2.0.0']);
});
