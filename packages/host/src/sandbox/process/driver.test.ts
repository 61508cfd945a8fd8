import type { Receipt } from '@bulkhead/protocol';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { Sandbox } from '../sandbox.ts';
import { createWatchdog } from '../watchdog.ts';
import { createProcessDriver, type ProcessDriver } from './driver.ts';
import type { PreparedLaunch } from './launcher.ts';
import { launchOf } from './raw-guest.fixture.ts';
import { specOf } from './sandbox-fixture.ts';

const RECEIPT: Receipt = { tier: 'process', layers: [], above: [], kernel: '', node: '', checked_at: '' };

/** A driver whose launches are the test's own. */
function driverOf(prepare: () => PreparedLaunch, spareCount = 0): ProcessDriver {
  return createProcessDriver({
    launches: { tier: 'process', prepare, hidePaths: (text) => text },
    receipt: RECEIPT,
    clock: systemClock,
    watchdog: createWatchdog(),
    log: silentLog,
    defaultShape: { memoryMb: 64 },
    spareCount,
    bootTimeoutMs: 5_000,
    onOpened: () => undefined,
    onDropped: () => undefined,
    onSaid: () => undefined,
  });
}

const GOOD = 'hello(); listen();';

async function openedBy(driver: ProcessDriver): Promise<Sandbox> {
  const opening = await driver.open(specOf('//'));
  if (!opening.ok) throw new Error(opening.error.message);
  return opening.sandbox;
}

const refusals = [
  ['a program that is not there', { file: '/nonexistent/perl' }, /ENOENT/],
  ['a program that may not be executed', { file: '/etc/passwd' }, /EACCES/],
  ['arguments that are too long', { args: ['x'.repeat(300_000)] }, /E2BIG/],
] as const;

test.each(refusals)('[FAULTS-114] %s is HOST_SPAWN_FAILED, and the next guest starts', async (_, change, reason) => {
  let released = 0;
  let isBroken = true;
  const driver = driverOf(() => {
    const launch = { ...launchOf(GOOD), release: () => void (released += 1) };
    return isBroken ? { ...launch, ...change } : launch;
  });
  const opening = await driver.open(specOf('//'));
  expect(opening).toMatchObject({ ok: false, error: { code: 'HOST_SPAWN_FAILED', kind: 'unavailable' } });
  if (!opening.ok) expect(opening.error.message).toMatch(reason);
  expect(released).toBe(1);
  isBroken = false;
  const sandbox = await openedBy(driver);
  expect(sandbox.isServing()).toBe(true);
  await driver.close();
  expect(released).toBe(2);
});

test('[FAULTS-114] what a launch cannot prepare is HOST_SPAWN_FAILED', async () => {
  const driver = driverOf(() => {
    throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  });
  expect(await driver.open(specOf('//'))).toMatchObject({ ok: false, error: { code: 'HOST_SPAWN_FAILED' } });
  await driver.close();
});

test('[FAULTS-114] a host without descriptors refuses, lives, and starts guests when it has some again', async () => {
  const program = fileURLToPath(new URL('./fixture-descriptors.ts', import.meta.url));
  const command = `ulimit -n 64; exec "${process.execPath}" --conditions=source "${program}"`;
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(JSON.parse(stdout)).toEqual({ starved: 'HOST_SPAWN_FAILED', recovered: 'ok' });
});

test('a guest that cannot boot is HOST_SPAWN_FAILED with its last words', async () => {
  const driver = driverOf(() => launchOf('process.stderr.write("no such filter\\n", () => process.exit(78));'));
  const opening = await driver.open(specOf('//'));
  expect(opening).toMatchObject({
    ok: false,
    error: { message: expect.stringMatching(/exit code 78.*no such filter/) },
  });
  await driver.close();
});

test('a driver that is closed ends every guest, bound, booting or spare, and opens none', async () => {
  let alive = 0;
  const driver = driverOf(() => {
    alive += 1;
    return { ...launchOf(GOOD), release: () => void (alive -= 1) };
  }, 1);
  await driver.pool.settled();
  const warm = await openedBy(driver);
  const cold = await openedBy(driver);
  const booting = driver.open(specOf('//'));
  await Promise.all([driver.close(), driver.close()]);
  expect([await warm.died, await cold.died].map(({ cause }) => cause)).toEqual(['closed', 'closed']);
  expect(await booting).toMatchObject({ ok: false });
  expect(await driver.open(specOf('//'))).toMatchObject({ ok: false, error: { code: 'HOST_CLOSED' } });
  expect(alive).toBe(0);
});

test('a spare that died in the pool is not handed out', async () => {
  let booted = 0;
  const driver = driverOf(() => {
    booted += 1;
    return launchOf(booted === 1 ? `${GOOD} setTimeout(() => process.exit(0), 1)` : GOOD);
  }, 1);
  await driver.pool.settled();
  await expect.poll(() => driver.pool.spareCount()).toBe(0);
  const sandbox = await openedBy(driver);
  expect(sandbox.isServing()).toBe(true);
  await driver.close();
});
