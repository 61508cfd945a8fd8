/**
 * The records' part of the Storage conformance suite: transitions, ledger, keys, trials.
 */
import { callError, type Outcome } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import type { Transition } from '../registry/history.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import type { CallCountQuery, KeyClaim, LedgerRow, Retention, TrialRow } from './records-port.ts';

/** Keeps everything that a test does not say otherwise of. */
const KEPT: Retention = {
  now: minute(9),
  ledgerSince: minute(0),
  transitionsSince: minute(0),
  transitionsMax: 10,
  usageSince: '2026-01-01',
};

/** Declares the tests. */
export function recordTests(storage: Opened): void {
  transitionTests(storage);
  ledgerTests(storage);
  addedCallTests(storage);
  callCountTests(storage);
  keyTests(storage);
  keyEndTests(storage);
  trialTests(storage);
}

function transitionTests(storage: Opened): void {
  test('transitions of a plugin are listed newest first, of one scope or all, up to a bound', async () => {
    await storage().appendTransitions([
      transition('a', 'acme', 1),
      transition('a', '*', 2),
      transition('b', 'acme', 3),
    ]);
    await storage().appendTransitions([transition('a', 'acme', 4)]);
    expect(await storage().listTransitions({ plugin: 'a', rowsMax: 10 })).toEqual([
      transition('a', 'acme', 4),
      transition('a', '*', 2),
      transition('a', 'acme', 1),
    ]);
    expect(await storage().listTransitions({ plugin: 'a', tenant: 'acme', rowsMax: 1 })).toEqual([
      transition('a', 'acme', 4),
    ]);
    expect(await storage().listTransitions({ plugin: 'nobody', rowsMax: 10 })).toEqual([]);
  });

  test('pruning keeps the newest transitions of each plugin and scope, and none that are too old', async () => {
    await storage().appendTransitions([1, 2, 3, 4].map((at) => transition('a', 'acme', at)));
    await storage().appendTransitions([transition('a', 'other', 2), transition('b', 'acme', 4)]);
    await storage().prune({ ...KEPT, transitionsSince: minute(4), transitionsMax: 1 });
    expect(await storage().listTransitions({ plugin: 'a', rowsMax: 10 })).toEqual([transition('a', 'acme', 4)]);
    expect(await storage().listTransitions({ plugin: 'b', rowsMax: 10 })).toEqual([transition('b', 'acme', 4)]);
  });
}

function ledgerTests(storage: Opened): void {
  test('a call that ended replaces its own start, and a late start does not bring it back', async () => {
    await storage().putCalls([started('1')]);
    expect(await storage().listUnfinishedCalls('node-1')).toEqual([started('1')]);
    await storage().putCalls([ended('1'), started('2')]);
    await storage().putCalls([started('1')]);
    expect(await storage().listUnfinishedCalls('node-1')).toEqual([started('2')]);
    expect(await storage().listCalls({ plugin: 'a', rowsMax: 10 })).toEqual([started('2'), ended('1')]);
  });

  test('an outcome that was recorded is not replaced by another', async () => {
    await storage().putCalls([ended('1')]);
    await storage().putCalls([{ ...ended('1'), outcome: 'crashed', code: 'GUEST_CRASHED' }]);
    expect(await storage().listCalls({ plugin: 'a', rowsMax: 10 })).toEqual([ended('1')]);
  });

  test('a name that no database can hold costs no other row, and is found by itself', async () => {
    const names = ['nul \0 within', 'half a pair \ud83d', 'x'.repeat(100_000), '\\ " \' $1 ; --', 'é\u0001\u202e'];
    const rows = names.map((name, index) => ({ ...ended(String(index)), plugin_name: name, target: name }));
    await storage().putCalls([...rows, ended('good')]);
    for (const [index, name] of names.entries()) {
      const found = await storage().listCalls({ plugin: name, rowsMax: 10 });
      expect(found.map(({ call_id }) => call_id)).toEqual([String(index)]);
    }
    expect(await storage().listCalls({ plugin: 'a', rowsMax: 10 })).toEqual([ended('good')]);
  });

  test('unfinished calls are those of one node, and calls of one tenant are its own', async () => {
    await storage().putCalls([started('1'), { ...started('2'), node: 'node-2', tenant_id: 'other' }]);
    expect((await storage().listUnfinishedCalls('node-2')).map((row) => row.call_id)).toEqual(['2']);
    expect((await storage().listCalls({ plugin: 'a', tenant: 'acme', rowsMax: 10 })).map((row) => row.call_id)).toEqual(
      ['1'],
    );
  });

  test('pruning removes calls that started before the bound', async () => {
    await storage().putCalls([ended('1'), { ...ended('2'), started_at: minute(5) }]);
    await storage().prune({ ...KEPT, ledgerSince: minute(5) });
    expect((await storage().listCalls({ plugin: 'a', rowsMax: 10 })).map((row) => row.call_id)).toEqual(['2']);
  });
}

function addedCallTests(storage: Opened): void {
  test('calls are added and listed newest first, by the order of their ids', async () => {
    await storage().addCalls([]);
    await storage().addCalls([ended('1'), started('2')]);
    await storage().addCalls([{ ...ended('3'), plugin_name: 'b' }, ended('4')]);
    expect(await storage().listCalls({ plugin: 'a', rowsMax: 2 })).toEqual([ended('4'), started('2')]);
    expect(await storage().listUnfinishedCalls('node-1')).toEqual([started('2')]);
  });

  test('one that was there before costs the others of its write nothing, and follows the same rules', async () => {
    await storage().addCalls([ended('1'), started('2')]);
    const other = { ...ended('1'), outcome: 'crashed', code: 'GUEST_CRASHED' } as const;
    await storage().addCalls([other, ended('2'), ended('3'), ended('3')]);
    expect(await storage().listCalls({ plugin: 'a', rowsMax: 9 })).toEqual([ended('3'), ended('2'), ended('1')]);
  });

  test('calls that ended in many ways, for many tenants and at many times, are each as they were', async () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({
      ...ended(String(index + 10)),
      tenant_id: `tenant-${index % 3}`,
      target: `tool "${index % 2}"`,
      digest: index % 5 === 0 ? null : `digest-${index % 4}`,
      started_at: new Date(Date.UTC(2026, 0, 1) + index * 86_400_000 * (index % 2 === 0 ? 1 : -1)).toISOString(),
      outcome: index % 7 === 0 ? ('crashed' as const) : ('ok' as const),
      code: index % 7 === 0 ? 'GUEST_CRASHED' : null,
      duration_ms: index / 8,
    }));
    await storage().addCalls(rows);
    expect(await storage().listCalls({ plugin: 'a', rowsMax: 99 })).toEqual(rows.toReversed());
  });
}

function callCountTests(storage: Opened): void {
  const NEW = 'b'.repeat(64);
  const counted = async (query: Omit<CallCountQuery, 'plugin' | 'since'> & { readonly since?: string }) => {
    const counts = await storage().countCalls({ plugin: 'a', since: minute(0), ...query });
    return counts
      .map(({ digest, outcome, calls }) => `${digest?.slice(0, 1) ?? 'none'} ${outcome} ${calls}`)
      .toSorted();
  };

  test('calls are counted by release and outcome, one that found no release by itself', async () => {
    const served = { ...ended('1'), digest: NEW, outcome: 'ok', code: null } as const;
    await storage().addCalls([
      ...[served, { ...served, call_id: '2' }, { ...ended('3'), digest: NEW }, ended('4')],
      ...[
        { ...ended('5'), digest: 'c'.repeat(64) },
        { ...ended('6'), plugin_name: 'b' },
      ],
    ]);
    expect(await counted({})).toEqual(['b ok 2', 'b timeout 1', 'c timeout 1', 'none timeout 1']);
    expect(await storage().countCalls({ plugin: 'nobody', since: minute(0) })).toEqual([]);
  });

  test('a call that has not ended is not counted, and once it has it is counted once', async () => {
    await storage().putCalls([started('1'), ended('2')]);
    expect(await counted({})).toEqual(['none timeout 1']);
    await storage().putCalls([{ ...ended('1'), digest: NEW }]);
    expect(await counted({})).toEqual(['b timeout 1', 'none timeout 1']);
  });

  test('calls are counted from a time on, up to another one, and of one tenant', async () => {
    await storage().addCalls(
      [1, 2, 3, 4].map((at) => ({
        ...{ ...ended(String(at)), started_at: minute(at), ended_at: minute(9) },
        tenant_id: at === 3 ? 'other' : 'acme',
      })),
    );
    expect(await counted({ since: minute(2) })).toEqual(['none timeout 3']);
    expect(await counted({ since: minute(2), until: minute(4) })).toEqual(['none timeout 2']);
    expect(await counted({ since: minute(2), until: minute(4), tenant: 'acme' })).toEqual(['none timeout 1']);
    expect(await counted({ since: minute(5) })).toEqual([]);
  });
}

function keyTests(storage: Opened): void {
  test('a key runs once: then it is running, and once settled it replays the stored outcome', async () => {
    expect(await storage().claimKey(claim('1'))).toEqual({ kind: 'claimed' });
    expect(await storage().claimKey(claim('2'))).toEqual({ kind: 'running' });
    await storage().settleKey('1', OUTCOME);
    expect(await storage().claimKey(claim('3'))).toEqual({ kind: 'replay', outcome: OUTCOME });
  });

  test('a key with other params is a conflict, whether the call runs or has ended', async () => {
    await storage().claimKey(claim('1'));
    expect(await storage().claimKey({ ...claim('2'), params_hash: 'other' })).toEqual({ kind: 'conflict' });
    await storage().settleKey('1', OUTCOME);
    expect(await storage().claimKey({ ...claim('2'), params_hash: 'other' })).toEqual({ kind: 'conflict' });
  });

  test('a key is of one tenant, plugin and tool; others may use the same word', async () => {
    await storage().claimKey(claim('1'));
    for (const other of [{ tenant_id: 'other' }, { plugin_name: 'b' }, { tool: 'subtract' }, { key: 'k2' }]) {
      expect(await storage().claimKey({ ...claim(JSON.stringify(other)), ...other })).toEqual({ kind: 'claimed' });
    }
  });

  test('keys that no database can hold are keys like any other', async () => {
    const keys = ['\0', '\ufffd', '\ud83d', 'x'.repeat(100_000), '\\ " \' $1'];
    for (const [index, key] of keys.entries())
      expect(await storage().claimKey({ ...claim(`odd-${index}`), key })).toEqual({ kind: 'claimed' });
    for (const key of keys) expect(await storage().claimKey({ ...claim('again'), key })).toEqual({ kind: 'running' });
  });

  test('of ten claims at once exactly one is claimed', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => storage().claimKey(claim(String(index)))),
    );
    expect(answers.filter((answer) => answer.kind === 'claimed')).toHaveLength(1);
    expect(answers.filter((answer) => answer.kind === 'running')).toHaveLength(9);
  });
}

function keyEndTests(storage: Opened): void {
  test('keys whose calls never ended are listed for their node, and no longer once they are settled or freed', async () => {
    await storage().claimKey(claim('1'));
    await storage().claimKey({ ...claim('2'), key: 'k2', claimed_at: minute(2) });
    await storage().claimKey({ ...claim('3'), key: 'k3', node: 'node-2' });
    await storage().claimKey({ ...claim('4'), key: 'k4' });
    const of = { node: 'node-1', tenant_id: 'acme', plugin_name: 'a', tool: 'add' };
    await storage().freeKey('4');
    expect(await storage().listUnsettledKeys('node-1')).toEqual([
      { call_id: '1', ...of, claimed_at: minute(1) },
      { call_id: '2', ...of, claimed_at: minute(2) },
    ]);
    await storage().settleKey('1', OUTCOME);
    expect((await storage().listUnsettledKeys('node-1')).map(({ call_id }) => call_id)).toEqual(['2']);
  });

  test('a freed key may be claimed again', async () => {
    await storage().claimKey(claim('1'));
    await storage().freeKey('1');
    expect(await storage().claimKey(claim('2'))).toEqual({ kind: 'claimed' });
  });

  test('an expired key is free, and a late outcome of its old call is not kept under the new one', async () => {
    await storage().claimKey(claim('1'));
    expect(await storage().claimKey({ ...claim('2'), claimed_at: minute(30), expires_at: minute(50) })).toEqual({
      kind: 'claimed',
    });
    await storage().settleKey('1', OUTCOME);
    expect(await storage().claimKey({ ...claim('3'), claimed_at: minute(31), expires_at: minute(51) })).toEqual({
      kind: 'running',
    });
  });

  test('a key is free from the moment at which it expires', async () => {
    await storage().claimKey(claim('1'));
    expect(await storage().claimKey({ ...claim('2'), claimed_at: minute(19) })).toEqual({ kind: 'running' });
    expect(await storage().claimKey({ ...claim('3'), claimed_at: minute(20) })).toEqual({ kind: 'claimed' });
  });

  test('settling or freeing a call that claimed nothing is silent', async () => {
    await storage().settleKey('nobody', OUTCOME);
    await storage().freeKey('nobody');
    expect(await storage().claimKey(claim('1'))).toEqual({ kind: 'claimed' });
  });

  test('pruning removes expired keys and keeps the others', async () => {
    await storage().claimKey(claim('1'));
    await storage().claimKey({ ...claim('2'), key: 'k2', expires_at: minute(59) });
    await storage().prune({ ...KEPT, now: minute(30) });
    expect(await storage().claimKey(claim('3'))).toEqual({ kind: 'claimed' });
    expect(await storage().claimKey({ ...claim('4'), key: 'k2' })).toEqual({ kind: 'running' });
  });
}

function trialTests(storage: Opened): void {
  test('a trial is found by digest, tier and Node version together, and a new one replaces it', async () => {
    await storage().putTrial(TRIAL);
    expect(await storage().getTrial(TRIAL)).toEqual(TRIAL);
    for (const other of [{ digest: 'f'.repeat(64) }, { tier: 'process' as const }, { node_version: 'v24.0.0' }]) {
      expect(await storage().getTrial({ ...TRIAL, ...other })).toBeUndefined();
    }
    const again: TrialRow = { ...TRIAL, state: 'INITIALIZED', code: null, reason: null };
    await storage().putTrial(again);
    expect(await storage().getTrial(TRIAL)).toEqual(again);
  });
}

function transition(plugin: string, scope: string, at: number): Transition {
  const digest = 'd'.repeat(64);
  return {
    plugin,
    scope,
    digest,
    from: 'RUNNING',
    to: 'FAILED',
    cause: 'call_failed',
    reason: `row ${at}`,
    at: minute(at),
    last_at: minute(at),
    times: 1,
  };
}

function started(callId: string): LedgerRow {
  return {
    call_id: callId,
    node: 'node-1',
    tenant_id: 'acme',
    plugin_name: 'a',
    target: 'add',
    digest: null,
    started_at: minute(1),
    ended_at: null,
    outcome: null,
    code: null,
    duration_ms: null,
  };
}

function ended(callId: string): LedgerRow {
  return { ...started(callId), ended_at: minute(2), outcome: 'timeout', code: 'CALL_TIMEOUT', duration_ms: 500.25 };
}

function claim(callId: string): KeyClaim {
  return {
    tenant_id: 'acme',
    plugin_name: 'a',
    tool: 'add',
    key: 'k1',
    params_hash: 'same',
    call_id: callId,
    node: 'node-1',
    claimed_at: minute(1),
    expires_at: minute(20),
  };
}

const OUTCOME: Outcome = {
  ok: false,
  error: callError('PLUGIN_THREW', { message: 'TypeError: ü' }),
  call: {
    call_id: '1',
    plugin: 'a',
    version: '1.0.0',
    digest: null,
    tenant: 'acme',
    target: 'add',
    instance_id: null,
    tier: 'jail',
    duration_ms: 1.5,
    queue_ms: 0,
    cpu_ms: null,
    peak_rss_bytes: null,
    stdout: '',
    stderr: '',
  },
};

const TRIAL: TrialRow = {
  digest: 'd'.repeat(64),
  tier: 'jail',
  node_version: 'v26.10.0',
  state: 'FAILED',
  code: 'INIT_FAILED',
  reason: 'TypeError: x is not a function (INIT_FAILED)',
  ready: null,
  health: 'error',
  tried_at: minute(3),
};
