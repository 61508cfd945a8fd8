import { LIMITS, callError } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { calcDigest, createTestTime, openCalc, settled } from './moves.fixture.ts';
import { createProbation, type Fallen } from './probation.ts';
import { versionBefore } from './rollback.ts';

/** A tenant that was moved just now; the test lets its breaker open. */
async function open(kind: 'upgrade' | 'canary' = 'upgrade') {
  const time = createTestTime();
  const storage = createMemoryStorage();
  const calc = await openCalc(storage, time);
  await calc.enable('acme');
  await calc.moveTo('acme', '2.0.0', kind);
  const fallen: Fallen[] = [];
  const failures: HostError[] = [];
  const warned: string[] = [];
  const options = {
    releases: calc.releases,
    clock: time.clock,
    startTimer: time.startTimer,
    log: { warn: (_fields: object, message: string) => void warned.push(message) },
    rollBack: async (what: Fallen) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      fallen.push(what);
      const { row, move, reason } = what;
      const back = { kind: 'automatic_rollback', version: move.from_version, grants: [], reason } as const;
      await calc.releases.move(row.tenant_id, 'calc', { ...back, expected: row.revision });
    },
  };
  const probation = createProbation(options);
  const opened = (version: string, tenant = 'acme'): void =>
    probation.didOpenBreaker({
      plugin: 'calc',
      scope: tenant,
      digest: calcDigest(version),
      error: callError('GUEST_EXITED', { message: 'a word of the tenant’s' }),
    });
  return { ...calc, ...time, storage, options, probation, opened, fallen, failures, warned };
}

test('a breaker that opens within probation takes the upgrade back, and says when, from what and why', async () => {
  const bench = await open();
  await bench.pass(12_000);
  bench.opened('2.0.0');
  await settled();
  expect(bench.versionOf('acme')).toBe('1.0.0');
  const reason =
    'the breaker opened 12 s after the upgrade to 2.0.0, last for GUEST_EXITED: the plugin ended its own process during a call';
  expect(bench.releases.movesOf('acme', 'calc').at(-1)).toMatchObject({
    kind: 'automatic_rollback',
    from_version: '2.0.0',
    to_version: '1.0.0',
    actor: 'host',
    reason,
  });
  expect(bench.warned).toEqual([reason]);
  const { rows } = await bench.storage.readAudit(0, 100);
  expect(JSON.parse(rows.at(-1)?.text ?? '{}')).toMatchObject({
    actor: 'host',
    action: 'plugin.rollback',
    tenant_id: 'acme',
    details: { from_version: '2.0.0', version: '1.0.0', reason },
  });
});

test('what evidence let in is taken back like an upgrade, and written to the audit log as one', async () => {
  const bench = await open('canary');
  bench.opened('2.0.0');
  await settled();
  const moves = bench.releases.movesOf('acme', 'calc');
  expect(moves.map(({ kind }) => kind)).toEqual(['canary', 'automatic_rollback']);
  expect(versionBefore(moves, '2.0.0')).toBe('1.0.0');
  const { rows } = await bench.storage.readAudit(0, 100);
  const written = rows.map(({ text }) => JSON.parse(text) as { readonly action: string });
  expect(written.slice(-2).map(({ action }) => action)).toEqual(['plugin.upgrade', 'plugin.rollback']);
});

test.each(['upgrade', 'canary'] as const)('after probation nothing is taken back of an %s', async (kind) => {
  const bench = await open(kind);
  await bench.pass(LIMITS.probation_ms.value);
  bench.opened('2.0.0');
  await settled();
  expect([bench.versionOf('acme'), bench.fallen]).toEqual(['2.0.0', []]);
});

test('B1: only the release that was upgraded to, only its tenant, and only while that is the last move', async () => {
  const bench = await open();
  await bench.enable('other');
  bench.opened('1.0.0');
  bench.opened('2.0.0', 'other');
  bench.opened('2.0.0', 'nobody');
  await bench.moveTo('acme', '1.0.0', 'rollback');
  bench.opened('1.0.0');
  await bench.moveTo('acme', '2.0.0', 'rollback');
  bench.opened('2.0.0');
  await settled();
  expect(bench.fallen).toEqual([]);
});

test('B2: an upgrade is taken back once, also by two nodes that see it at the same time', async () => {
  const bench = await open();
  const second = await openCalc(bench.storage, bench);
  const other = createProbation({
    ...bench.options,
    releases: second.releases,
    rollBack: async ({ row, move }) => {
      const back = { kind: 'automatic_rollback', version: move.from_version, grants: [] } as const;
      await second.releases.move('acme', 'calc', { ...back, expected: row.revision });
    },
  });
  const opened = { plugin: 'calc', scope: 'acme', digest: calcDigest('2.0.0'), error: callError('GUEST_CRASHED') };
  for (const each of [bench.probation, other, bench.probation]) each.didOpenBreaker(opened);
  await settled();
  const { moves } = await bench.storage.readCatalogue();
  expect(moves.map(({ kind }) => kind)).toEqual(['upgrade', 'automatic_rollback']);
  expect(bench.warned.filter((line) => line.includes('could not'))).toEqual([]);
});

test('B3: probation goes on over a restart, from what is stored', async () => {
  const bench = await open();
  await bench.probation.close();
  await bench.pass(60_000);
  const after = await openCalc(bench.storage, bench);
  const probation = createProbation({ ...bench.options, releases: after.releases });
  probation.didOpenBreaker({
    plugin: 'calc',
    scope: 'acme',
    digest: calcDigest('2.0.0'),
    error: callError('GUEST_CRASHED'),
  });
  await settled();
  expect(bench.fallen).toMatchObject([{ reason: expect.stringContaining('60 s after the upgrade') as string }]);
});

test('a storage that is away is asked again, and what else keeps it is said and left', async () => {
  const bench = await open();
  bench.failures.push(new HostError('STORAGE_UNAVAILABLE'), new HostError('STORAGE_UNAVAILABLE'));
  bench.opened('2.0.0');
  await settled();
  await bench.pass(1_000);
  expect(bench.versionOf('acme')).toBe('2.0.0');
  await bench.pass(1_000);
  expect(bench.versionOf('acme')).toBe('1.0.0');
  await bench.moveTo('acme', '2.0.0', 'upgrade');
  bench.failures.push(new HostError('ARTIFACT_MISSING'));
  bench.opened('2.0.0');
  await settled();
  expect([bench.timerCount(), bench.warned.at(-1)]).toEqual([0, 'an upgrade could not be taken back']);
});

test('once it is closed nothing is taken back, and nothing waits', async () => {
  const bench = await open();
  bench.failures.push(new HostError('STORAGE_UNAVAILABLE'));
  bench.opened('2.0.0');
  await settled();
  await bench.probation.close();
  bench.opened('2.0.0');
  await bench.pass(5_000);
  expect([bench.timerCount(), bench.versionOf('acme')]).toEqual([0, '2.0.0']);
});
