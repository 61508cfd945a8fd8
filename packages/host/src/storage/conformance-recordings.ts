/**
 * The part of the Storage conformance suite for recorded calls, and for which share of calls is recorded.
 */
import { expect, test } from 'vitest';
import { minute, type Opened } from './conformance-fixture.ts';
import { putRegistration, putRelease, putTenant, write } from './conformance-rows.ts';
import type { CatalogueChange } from './catalogue-port.ts';
import type { RecordedCall } from './recordings-port.ts';

const OWNER = { tenant_id: 'acme', plugin_name: 'calc' } as const;
const MANY = 100;

/** Ids are in the order of their numbers. */
function idOf(number: number): string {
  return `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

function row(number: number, more: Partial<RecordedCall> = {}): RecordedCall {
  return {
    ...{ ...OWNER, id: idOf(number), plugin_version: '1.0.0', tool: 'add', params: { a: number } },
    ...{ outcome: 'ok', code: null, value_sha256: 'a'.repeat(64), result: { value: number + 1 } },
    ...{ duration_ms: 1.25, recorded_at: minute(number) },
    ...more,
  };
}

/** What a caller may send: no database takes it as text of its own. */
const ODD = { 'key \0': ['half a pair \uD800', '"quotes" \\', 0.1, null, { b: 1, a: 2 }] };

/** Declares the tests. */
export function recordingTests(storage: Opened): void {
  const list = (more: { readonly tool?: string; readonly rowsMax?: number } = {}): Promise<readonly RecordedCall[]> =>
    storage().listRecordings({ ...OWNER, rowsMax: MANY, ...more });
  const ids = async (more = {}): Promise<readonly string[]> => (await list(more)).map(({ id }) => id);

  test('a recorded call is read as it was stored, whatever is in it', async () => {
    const rows = [
      row(3, { params: ODD, result: { value: null } }),
      row(2, { outcome: 'tool_error', code: 'TOOL_REPORTED_ERROR', value_sha256: null, result: null }),
      row(1, { params: null, result: { value: ODD } }),
    ];
    await storage().addRecordings(rows, MANY);
    expect(await list()).toEqual(rows);
    await storage().addRecordings([], MANY);
  });

  test('recorded calls are listed newest first, of one tool or all, and counted by tool', async () => {
    await storage().addRecordings([row(1), row(3), row(2, { tool: 'sub' })], MANY);
    expect(await ids()).toEqual([idOf(3), idOf(2), idOf(1)]);
    expect(await ids({ tool: 'add', rowsMax: 1 })).toEqual([idOf(3)]);
    expect(await storage().countRecordings(OWNER)).toEqual([
      { tool: 'add', calls: 2 },
      { tool: 'sub', calls: 1 },
    ]);
    expect(await storage().countRecordings({ ...OWNER, plugin_name: 'other' })).toEqual([]);
  });

  test('the same call again changes nothing', async () => {
    await storage().addRecordings([row(1)], MANY);
    await storage().addRecordings([row(1, { params: 'other' }), row(2)], MANY);
    expect(await list()).toEqual([row(2), row(1)]);
  });

  test('of each tenant and plugin the newest stay, whatever order they come in', async () => {
    const others = [row(9, { tenant_id: 'other' }), row(8, { plugin_name: 'other' })];
    await storage().addRecordings([row(4), ...others], 2);
    await storage().addRecordings([row(2), row(5), row(1)], 2);
    expect(await ids()).toEqual([idOf(5), idOf(4)]);
    for (const { tenant_id, plugin_name } of others)
      expect(await storage().countRecordings({ tenant_id, plugin_name })).toHaveLength(1);
  });

  test('pruning removes calls that were recorded before the bound of the ledger', async () => {
    await storage().addRecordings([row(1), row(2)], MANY);
    const since = { transitionsSince: minute(0), transitionsMax: 10, usageSince: '2026-01-01' };
    await storage().prune({ now: minute(5), ledgerSince: minute(2), ...since });
    expect(await ids()).toEqual([idOf(2)]);
  });

  removalTests(storage);
  shareTests(storage);
}

function removalTests(storage: Opened): void {
  test.each<readonly [string, CatalogueChange, readonly string[]]>([
    ['its tenant', { kind: 'remove_tenant', tenant_id: 'acme' }, ['other calc', 'other notes']],
    ['its registration', { kind: 'remove_registration', ...OWNER }, ['acme notes', 'other calc', 'other notes']],
    ['its plugin', { kind: 'remove_plugin', plugin_name: 'calc' }, ['acme notes', 'other notes']],
    ['being forgotten', { kind: 'forget_recordings', ...OWNER }, ['acme notes', 'other calc', 'other notes']],
  ])('a recorded call goes with %s, and those of others stay', async (_what, change, left) => {
    const owners = ['acme', 'other'].flatMap((tenant_id) =>
      ['calc', 'notes'].map((plugin_name) => ({ tenant_id, plugin_name })),
    );
    await storage().commit(write(putTenant('acme'), putTenant('other')));
    await storage().addRecordings(
      owners.map((owner, number) => row(number, owner)),
      MANY,
    );
    expect(await storage().commit(write(change))).toMatchObject({ kind: 'done' });
    const counted = await Promise.all(
      owners.map(async (owner) => ((await storage().countRecordings(owner)).length > 0 ? owner : undefined)),
    );
    expect(counted.flatMap((owner) => (owner ? [`${owner.tenant_id} ${owner.plugin_name}`] : []))).toEqual(left);
  });
}

function shareTests(storage: Opened): void {
  const registered = (): readonly CatalogueChange[] => [
    putTenant('acme'),
    putRelease('calc', '1.0.0'),
    putRegistration('acme', 'calc'),
  ];
  const put = (share: number): CatalogueChange => ({ kind: 'put_recording', row: { ...OWNER, share } });
  const shares = async () => (await storage().readCatalogue()).recordings;

  test('the share that is recorded is the registration’s, replaced by the next, and in the steps of its commit', async () => {
    await storage().commit(write(...registered()));
    expect(await shares()).toEqual([]);
    await storage().commit(write(put(0.1)));
    await storage().commit(write(put(0.25)));
    expect(await shares()).toEqual([{ ...OWNER, share: 0.25 }]);
    expect((await storage().readSteps(2))?.flatMap(({ changes }) => changes)).toEqual([put(0.25)]);
  });

  test('without a registration there is no share, and with it goes the share', async () => {
    await storage().commit(write(putTenant('acme')));
    expect(await storage().commit(write(put(0.1)))).toEqual({ kind: 'conflict', index: 0 });
    await storage().commit(write(putRelease('calc', '1.0.0'), putRegistration('acme', 'calc'), put(0.1)));
    expect(await shares()).toHaveLength(1);
    await storage().commit(write({ kind: 'remove_registration', ...OWNER }));
    expect(await shares()).toEqual([]);
  });
}
