/**
 * The part of the Storage conformance suite about moves from release to release, and rollouts.
 */
import { DEFAULT_TENANT, LIMITS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import type { CatalogueChange, MoveRow, RolloutRow } from './catalogue-port.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import { putRegistration, putTenant, write } from './conformance-rows.ts';

/** Declares the tests. */
export function releaseMoveTests(storage: Opened): void {
  moveTests(storage);
  rolloutTests(storage);
}

function moveTests(storage: Opened): void {
  test('moves are kept in their order, of registrations that there are', async () => {
    expect(await storage().commit(write(addMove('1.0.0', '2.0.0')))).toEqual({ kind: 'conflict', index: 0 });
    await storage().commit(write(putRegistration(DEFAULT_TENANT, 'a'), addMove('1.0.0', '2.0.0')));
    const back: MoveRow = {
      ...move('2.0.0', '1.0.0'),
      kind: 'automatic_rollback',
      reason: 'its guests died: “é😀”',
      granted_before: ['internet', 'call:other'],
    };
    await storage().commit(write({ kind: 'add_move', row: back }));
    expect((await storage().readCatalogue()).moves).toEqual([move('1.0.0', '2.0.0'), back]);
  });

  test('an upgrade that evidence let in is kept as such', async () => {
    const canary: MoveRow = {
      ...move('1.0.0', '2.0.0'),
      kind: 'canary',
      actor: 'host',
      reason: 'evaluation 7 says adopt',
    };
    await storage().commit(write(putRegistration(DEFAULT_TENANT, 'a'), { kind: 'add_move', row: canary }));
    expect((await storage().readCatalogue()).moves).toEqual([canary]);
  });

  test('of one registration the newest moves are kept, and the others keep theirs', async () => {
    const most = LIMITS.moves.value;
    const versions = Array.from({ length: most + 3 }, (_, index) => `1.0.${index}`);
    await storage().commit(
      write(putRegistration(DEFAULT_TENANT, 'a'), putTenant('acme'), putRegistration('acme', 'a')),
    );
    const other: MoveRow = { ...move('1.0.0', '2.0.0'), tenant_id: 'acme' };
    await storage().commit(write({ kind: 'add_move', row: other }));
    await storage().commit(write(...versions.map((version) => addMove('0.0.0', version))));
    const { moves } = await storage().readCatalogue();
    const own = moves.filter(({ tenant_id }) => tenant_id === DEFAULT_TENANT);
    expect(own.map(({ to_version }) => to_version)).toEqual(versions.slice(-most));
    expect(moves).toContainEqual(other);
  });

  test.each([
    { kind: 'remove_registration', tenant_id: 'acme', plugin_name: 'a' },
    { kind: 'remove_tenant', tenant_id: 'acme' },
    { kind: 'remove_plugin', plugin_name: 'a' },
  ] as const)('moves go with their registration: $kind', async (removal) => {
    const row = { ...move('1.0.0', '2.0.0'), tenant_id: 'acme' };
    const kept = { ...row, plugin_name: 'b', tenant_id: DEFAULT_TENANT };
    await storage().commit(
      write(
        ...[putTenant('acme'), putRegistration('acme', 'a'), putRegistration(DEFAULT_TENANT, 'b')],
        ...[row, kept].map((each) => ({ kind: 'add_move', row: each }) as const),
      ),
    );
    await storage().commit(write(removal));
    expect((await storage().readCatalogue()).moves).toEqual([kept]);
  });

  test('what is written again keeps its moves', async () => {
    await storage().commit(write(putRegistration(DEFAULT_TENANT, 'a'), addMove('1.0.0', '2.0.0')));
    await storage().commit(write(putRegistration(DEFAULT_TENANT, 'a'), addMove('2.0.0', '3.0.0')));
    const { moves } = await storage().readCatalogue();
    expect(moves.map(({ to_version }) => to_version)).toEqual(['2.0.0', '3.0.0']);
  });
}

function rolloutTests(storage: Opened): void {
  const put = (row: RolloutRow, expected?: number): CatalogueChange =>
    expected === undefined ? { kind: 'put_rollout', row } : { kind: 'put_rollout', row, expected };

  test('a plugin has one rollout: the newest, as it was given', async () => {
    await storage().commit(write(put(rollout('a')), put(rollout('b'))));
    const later: RolloutRow = {
      ...rollout('a'),
      state: 'halted',
      reason: 'tenant “é” was rolled back',
      steps_done: 1,
      left_out: [{ tenant_id: 'acme', code: 'CAPABILITY_CHANGE' }],
    };
    await storage().commit(write(put(later)));
    expect(
      (await storage().readCatalogue()).rollouts.toSorted((a, b) => (a.plugin_name < b.plugin_name ? -1 : 1)),
    ).toEqual([
      { ...later, revision: 2 },
      { ...rollout('b'), revision: 1 },
    ]);
  });

  test('of two nodes that carry it on from one revision exactly one does', async () => {
    await storage().commit(write(put(rollout('a'), 0)));
    expect(await storage().commit(write(put(rollout('a'), 0)))).toEqual({ kind: 'conflict', index: 0 });
    const answers = await Promise.all([1, 2].map(() => storage().commit(write(put(rollout('a'), 1)))));
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['conflict', 'done']);
  });

  test('a rollout goes with its plugin', async () => {
    await storage().commit(write(put(rollout('a')), put(rollout('b'))));
    await storage().commit(write({ kind: 'remove_plugin', plugin_name: 'a' }));
    expect((await storage().readCatalogue()).rollouts).toMatchObject([{ plugin_name: 'b' }]);
  });
}

function addMove(from: string, to: string): Extract<CatalogueChange, { kind: 'add_move' }> {
  return { kind: 'add_move', row: move(from, to) };
}

function move(from: string, to: string): MoveRow {
  return {
    tenant_id: DEFAULT_TENANT,
    plugin_name: 'a',
    kind: 'upgrade',
    from_version: from,
    to_version: to,
    granted_before: [],
    actor: 'platform',
    reason: null,
    at: minute(2),
  };
}

function rollout(plugin: string): RolloutRow {
  return {
    id: '00000000-0000-4000-8000-00000000000a',
    plugin_name: plugin,
    version: '2.0.0',
    gate: 'trial',
    steps: [0.1, 0.5, 1],
    steps_done: 0,
    wait_ms: 60_000,
    state: 'running',
    reason: null,
    left_out: [],
    node: 'node-1',
    actor: 'platform',
    started_at: minute(3),
    updated_at: minute(3),
  };
}
