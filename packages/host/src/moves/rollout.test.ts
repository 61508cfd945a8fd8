import { LIMITS, type ErrorCode } from '@bulkhead/protocol';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { createRollouts } from '../catalogue/rollouts.ts';
import { createFailingStorage } from '../storage/failing.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/port.ts';
import { createTestTime, openCalc, settled, type TestTime } from './moves.fixture.ts';
import { createRolloutDriver } from './rollout.ts';
import { shareOf } from './share-of.ts';

const WAIT_MS = 60_000;

/** Tenants in the order of their shares. */
function tenantsOf(count: number): readonly string[] {
  const tenants = Array.from({ length: count }, (_, index) => `tenant-${index}`);
  return tenants.toSorted((a, b) => shareOf(a, 'calc') - shareOf(b, 'calc'));
}

/** A node that carries rollouts on, over a storage that others may use. */
async function openNode(storage: Storage, time: TestTime, node = 'node-1') {
  const calc = await openCalc(storage, time);
  const refused = new Map<string, ErrorCode>();
  const lost = new Set<string>();
  const moved: string[] = [];
  const driver = createRolloutDriver({
    ...time,
    releases: calc.releases,
    rollouts: createRollouts({ catalogue: calc.catalogue, clock: time.clock, newId: randomUUID }),
    node,
    isAlive: (id) => !lost.has(id),
    log: { info: () => undefined, warn: () => undefined },
    move: async ({ version }, { tenant_id }) => {
      const code = refused.get(tenant_id);
      if (code !== undefined) throw new HostError(code, { message: 'the test says so' });
      await calc.moveTo(tenant_id, version, 'upgrade');
      moved.push(tenant_id);
    },
  });
  calc.catalogue.onChange(driver.look);
  const start = async (steps: readonly number[] = [0.25, 1], waitMs = WAIT_MS) => {
    await driver.start('calc', { version: '2.0.0', steps, waitMs, by: 'platform' });
    await settled();
  };
  const haltFor = async (reason: string): Promise<void> => {
    const rollout = driver.of('calc');
    if (rollout !== undefined) await driver.halt(rollout, reason);
  };
  return { ...calc, driver, refused, lost, moved, start, haltFor, state: () => driver.of('calc') };
}

async function open(tenants: readonly string[]) {
  const time = createTestTime();
  const storage = createFailingStorage(createMemoryStorage());
  const node = await openNode(storage, time);
  await node.enable(...tenants);
  return { ...node, ...time, storage };
}

test('tenants move by growing shares, always the same, and the next step waits', async () => {
  const tenants = tenantsOf(20);
  const early = tenants.filter((tenant) => shareOf(tenant, 'calc') < 0.25);
  const bench = await open(tenants);
  await bench.start();
  expect(bench.moved).toEqual(early);
  expect(bench.state()).toMatchObject({ state: 'running', steps_done: 1, steps: [0.25, 1], left_out: [] });
  await bench.pass(WAIT_MS - 1);
  expect(bench.moved).toHaveLength(early.length);
  await bench.pass(1);
  expect(bench.moved).toEqual(tenants);
  expect(bench.state()).toMatchObject({ state: 'done', steps_done: 2 });
  expect(bench.timerCount()).toBe(0);
  const { rows } = await bench.storage.readAudit(0, 1_000);
  const lines = rows.map(({ text }) => JSON.parse(text) as { action: string; details: object; actor: string });
  expect(lines.filter(({ action }) => action === 'plugin.rollout')).toMatchObject([
    { actor: 'platform', details: { version: '2.0.0', state: 'running', steps: [0.25, 1], wait_ms: WAIT_MS } },
    { details: { state: 'running', steps_done: 1 } },
    { details: { state: 'done', steps_done: 2 } },
  ]);
});

test('a share is spread evenly, is at least 0 and below 1, and another for another plugin', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (tenant, plugin) => {
      const share = shareOf(tenant, plugin);
      expect(share >= 0 && share < 1 && share === shareOf(tenant, plugin)).toBe(true);
    }),
  );
  const below = (share: number): number => tenantsOf(2_000).filter((tenant) => shareOf(tenant, 'calc') < share).length;
  expect([below(0.1) / 200, below(0.5) / 1_000].every((ratio) => ratio > 0.85 && ratio < 1.15)).toBe(true);
  expect(shareOf('acme', 'calc')).not.toBe(shareOf('acme', 'other'));
});

test('O3: what concerns a tenant alone leaves it out, and lists it with why', async () => {
  const tenants = tenantsOf(4);
  const bench = await open(tenants);
  const [asked = '', misfit = ''] = tenants;
  bench.refused.set(asked, 'CAPABILITY_CHANGE');
  bench.refused.set(misfit, 'CONFIG_INVALID');
  await bench.start([0.999, 1]);
  expect(bench.moved).toEqual(tenants.slice(2));
  bench.refused.delete(misfit);
  await bench.pass(WAIT_MS);
  expect(bench.state()).toMatchObject({ state: 'done' });
  expect(bench.state()?.left_out).toEqual([
    { tenant_id: misfit, code: 'CONFIG_INVALID' },
    { tenant_id: asked, code: 'CAPABILITY_CHANGE' },
  ]);
  expect(bench.versionOf(misfit)).toBe('2.0.0');
});

test('a moved tenant that the host rolls back halts it, whether it waits or moves others', async () => {
  const tenants = tenantsOf(20);
  const bench = await open(tenants);
  await bench.start();
  const [first = ''] = bench.moved;
  await bench.moveTo(first, '1.0.0', 'automatic_rollback');
  await bench.pass(0);
  expect(bench.state()).toMatchObject({ state: 'halted', reason: `tenant ${first} was rolled back by the host` });
  const count = bench.moved.length;
  await bench.pass(10 * WAIT_MS);
  expect([bench.moved.length, bench.timerCount()]).toEqual([count, 0]);
});

test('whoever watches it may halt it for a fault, on its way and after its last step, and only once', async () => {
  const bench = await open(tenantsOf(4));
  await bench.start([0.999, 1]);
  await bench.haltFor('the first fault');
  expect(bench.state()).toMatchObject({ state: 'halted', reason: 'the first fault', steps_done: 1 });
  await bench.start([1]);
  expect(bench.state()).toMatchObject({ state: 'done' });
  await bench.haltFor('the second fault');
  await bench.haltFor('one more');
  expect(bench.state()).toMatchObject({ state: 'halted', reason: 'the second fault', steps_done: 1 });
});

test('a rollout that was ended by an administrator is not halted afterwards', async () => {
  const bench = await open(tenantsOf(4));
  await bench.start([0.999, 1]);
  await bench.driver.cancel('calc', 'platform');
  await bench.haltFor('a fault');
  expect(bench.state()).toMatchObject({ state: 'cancelled', reason: null });
});

test('a release that does not load halts it at the first tenant', async () => {
  const tenants = tenantsOf(3);
  const bench = await open(tenants);
  bench.refused.set(tenants[0] ?? '', 'TRIAL_FAILED');
  await bench.start([1]);
  expect(bench.moved).toEqual([]);
  expect(bench.state()).toMatchObject({
    state: 'halted',
    reason: `tenant ${tenants[0]}: TRIAL_FAILED: the test says so`,
  });
});

test('O2: who was taken back by an administrator, or is disabled, is not moved', async () => {
  const tenants = tenantsOf(3);
  const bench = await open(tenants);
  const [first = '', second = '', third = ''] = tenants;
  await bench.releases.disable(third, 'calc');
  await bench.start([shareOf(first, 'calc') + 1e-9, 1]);
  expect(bench.moved).toEqual([first]);
  await bench.moveTo(first, '1.0.0', 'rollback');
  await bench.pass(WAIT_MS);
  expect(bench.moved).toEqual([first, second]);
  expect(bench.state()).toMatchObject({ state: 'done', left_out: [{ tenant_id: first, code: 'ROLLED_BACK' }] });
});

test('O1: a restart carries it on from where it was', async () => {
  const tenants = tenantsOf(10);
  const bench = await open(tenants);
  await bench.start();
  await bench.driver.close();
  await bench.pass(WAIT_MS);
  expect(bench.state()).toMatchObject({ state: 'running', steps_done: 1 });
  const after = await openNode(bench.storage, bench);
  after.driver.look();
  await settled();
  expect(after.state()).toMatchObject({ state: 'done', steps_done: 2 });
  expect([...bench.moved, ...after.moved]).toEqual(tenants);
});

test('O1: another node carries it on once the one that did is lost, and not before', async () => {
  const tenants = tenantsOf(10);
  const bench = await open(tenants);
  await bench.start();
  await bench.driver.close();
  const other = await openNode(bench.storage, bench, 'node-2');
  other.driver.look();
  await bench.pass(10 * WAIT_MS);
  expect(other.moved).toEqual([]);
  other.lost.add('node-1');
  await bench.pass(10_000);
  expect(other.state()).toMatchObject({ state: 'done', node: 'node-2' });
  expect(other.moved.length + bench.moved.length).toBe(tenants.length);
});

test('a storage that is away is waited for', async () => {
  const bench = await open(tenantsOf(5));
  await bench.start();
  bench.storage.fail();
  await bench.pass(WAIT_MS);
  bench.storage.mend();
  expect(bench.state()).toMatchObject({ state: 'running', steps_done: 1 });
  await bench.pass(5_000);
  expect(bench.state()).toMatchObject({ state: 'done' });
});

test('one that is ended moves nobody more, and leaves room for the next', async () => {
  const bench = await open(tenantsOf(5));
  await bench.start([0.0001, 1]);
  await expect(bench.start()).rejects.toMatchObject({ code: 'ROLLOUT_RUNNING' });
  expect(await bench.driver.cancel('calc', 'platform')).toMatchObject({ state: 'cancelled' });
  await expect(bench.driver.cancel('calc', 'platform')).rejects.toMatchObject({ code: 'ROLLOUT_NOT_FOUND' });
  await bench.pass(WAIT_MS);
  expect(bench.moved).toEqual([]);
  await bench.start([1]);
  expect(bench.state()).toMatchObject({ state: 'done' });
});

test.each([
  [{ steps: [] }, /^steps is \[\]/],
  [{ steps: [0.5, 0.5] }, /rising shares/],
  [{ steps: [0] }, /above 0/],
  [{ steps: [0.5, 1.5] }, /at most 1/],
  [{ steps: [Number.NaN] }, /rising/],
  [{ waitMs: -1 }, /^wait_ms is -1/],
  [{ waitMs: LIMITS.rollout_wait_ms.value + 1 }, /^wait_ms/],
])('%j is refused with what is expected', async (wrong, said) => {
  const bench = await open([]);
  const request = { version: '2.0.0', by: 'platform', ...wrong };
  await expect(bench.driver.start('calc', request)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: expect.stringMatching(said) as string,
  });
  await expect(bench.driver.start('calc', { version: '9.0.0', by: 'platform' })).rejects.toMatchObject({
    code: 'RELEASE_NOT_FOUND',
  });
});
