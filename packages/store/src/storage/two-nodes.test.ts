import { randomUUID } from 'node:crypto';
import {
  AUDIT_ORIGIN,
  followAudit,
  type CatalogueWrite,
  type EventRow,
  type NodeReport,
  type Storage,
} from '@bulkhead/host';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../engine/database.ts';
import { migrateUp } from '../migrate.ts';
import { ENGINES, emptyTables, openTestDatabase, openTestServer, type TestServer } from '../testing/index.ts';
import { openStorage } from './open-storage.ts';

const AT = '2026-01-01T00:00:00.000Z';

const NODE: Omit<NodeReport, 'id'> = {
  ...{ host_name: 'machine', version: '0.1.0', tier: 'process', state: 'ready', started_at: AT },
  plugins: [],
};

function eventRow(data: string | number): EventRow {
  return { event: { id: randomUUID(), type: 'order.paid', source: 'shop', timestamp: AT, data }, depth: 1 };
}

function putTenant(id: string): CatalogueWrite {
  const row = { id, name: id, min_tier: null, quota: {}, created_at: AT, updated_at: AT };
  const audit = { at: AT, actor: 'test', action: 'tenant.create', tenant_id: id, resource: id, details: {} };
  return { changes: [{ kind: 'put_tenant', row }], audit };
}

describe('two nodes on one PostgreSQL', () => {
  let server: TestServer;
  let url: string;
  let nodes: readonly Storage[] = [];
  beforeAll(async () => {
    server = await openTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    url = await server.createDatabase();
    nodes = await Promise.all(
      [1, 2].map(async () => {
        const database = await openDatabase({ kind: 'server', url, connectionsMax: 4 });
        await migrateUp(database);
        return openStorage(database);
      }),
    );
    return async () => void (await Promise.all(nodes.map((node) => node.close())));
  });
  const node = (index: number): Storage => {
    const found = nodes[index];
    if (found === undefined) throw new Error(`the test has no node ${index}`);
    return found;
  };

  test('both may start at once on an empty database, and see one catalogue', async () => {
    expect(await node(0).readCatalogue()).toEqual(await node(1).readCatalogue());
  });

  test('each hears of the other’s commits, and no longer once it stopped to watch', async () => {
    let heard = 0;
    const stop = node(1).watch(() => void (heard += 1));
    await expect.poll(() => heard).toBe(1); // Listening has begun.
    await node(0).commit(putTenant('acme'));
    await expect.poll(() => heard).toBe(2);
    expect(await node(1).readSteps(0)).toMatchObject([{ revision: 1 }]);
    stop();
    await node(0).commit(putTenant('other'));
    await node(0).commit(putTenant('third'));
    expect(heard).toBe(2);
  });

  test('commits of both at once are one row of numbers and one chain', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `tenant-${index}`);
    const answers = await Promise.all(names.map((name, index) => node(index % 2).commit(putTenant(name))));
    const revisions = answers.map((answer) => (answer.kind === 'done' ? answer.revision : 0));
    expect(revisions.toSorted((a, b) => a - b)).toEqual(names.map((_, index) => index + 1));
    const { rows, head } = await node(0).readAudit(0, 100);
    expect(followAudit({ seq: 0, hash: AUDIT_ORIGIN }, rows)).toEqual(head);
    const steps = (await node(1).readSteps(0)) ?? [];
    const [last] = steps.slice(-1);
    expect([steps.length, last?.revision]).toEqual([40, 40]);
  });

  test('of what both tell at once none is missed by who reads meanwhile, also where the first to begin is the last to end', async () => {
    await using database = await openDatabase({ kind: 'server', url, connectionsMax: 2 });
    await sql`create function dawdle() returns trigger language plpgsql as
      $$ begin if new.event->>'data' = 'slow' then perform pg_sleep(0.5); end if; return null; end $$`.execute(
      database.db,
    );
    await sql`create trigger dawdling after insert on plugin_events for each row execute function dawdle()`.execute(
      database.db,
    );
    for (const id of ['a', 'b', 'reader']) await node(0).beat({ ...NODE, id });
    const sleeping = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
    const slow = node(0).addEvents('a', [eventRow('slow')]);
    await expect.poll(async () => (await sleeping.execute(database.db)).rows.length).toBe(1);
    const fast = node(1).addEvents('b', [eventRow('fast')]);
    const read: unknown[] = [];
    let after = 0;
    const readOn = async (): Promise<readonly unknown[]> => {
      const page = await node(1).readEvents({ after, node: 'reader', rowsMax: 7 });
      after = page.next;
      read.push(...page.rows.map(({ event }) => event.data));
      return read;
    };
    await expect.poll(readOn, { interval: 10, timeout: 5_000 }).toEqual(['slow', 'fast']);
    await Promise.all([slow, fast]);
  });

  test('each hears that the other told something, and no longer once it stopped to watch', async () => {
    for (const id of ['a', 'b']) await node(0).beat({ ...NODE, id });
    let heard = 0;
    const stop = node(1).watchEvents(() => void (heard += 1));
    await expect.poll(() => heard).toBe(1); // Listening has begun.
    await node(0).addEvents('a', [eventRow(1)]);
    await expect.poll(() => heard).toBe(2);
    stop();
    await node(0).addEvents('a', [eventRow(2)]);
    expect((await node(1).readEvents({ after: 0, node: 'b', rowsMax: 7 })).rows).toHaveLength(2);
    expect(heard).toBe(2);
  });

  test('of ten first enables on both exactly one is the first', async () => {
    const registration = { tenant_id: 'default', plugin_name: 'calc', plugin_version: '1.0.0', config: {} };
    const row = { ...registration, enabled: true, granted_permissions: [], installed_at: AT, updated_at: AT };
    const { audit } = putTenant('default');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => {
        const id = `00000000-0000-4000-8000-00000000000${index}`;
        const change = { kind: 'put_registration', row: { id, ...row }, expected: 0 } as const;
        return node(index % 2).commit({ changes: [change], audit });
      }),
    );
    expect(answers.filter(({ kind }) => kind === 'done')).toHaveLength(1);
  });
});

describe.each(ENGINES)('the audit log on %s', (engine) => {
  let database: Database;
  let storage: Storage;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await emptyTables(database);
    storage = await openStorage({ ...database, close: async () => undefined });
    for (const name of ['one', 'two', 'three']) await storage.commit(putTenant(name));
  });

  const judged = async (): Promise<unknown> => {
    const { rows, head } = await storage.readAudit(0, 100);
    const end = followAudit({ seq: 0, hash: AUDIT_ORIGIN }, rows);
    return 'what' in end ? end.what : end.seq === head.seq && end.hash === head.hash;
  };

  test('is whole as it was written', async () => {
    expect(await judged()).toBe(true);
  });

  test.each([
    ['a line that was changed', sql`update audit_log set text = replace(text, 'two', 'zwei') where seq = 2`, /line 2 /],
    ['a line that was taken out', sql`delete from audit_log where seq = 2`, /line 2 is missing/],
    ['its newest line taken out', sql`delete from audit_log where seq = 3`, false],
  ] as const)('shows %s', async (_what, crime, verdict) => {
    await crime.execute(database.db);
    const found = await judged();
    if (verdict === false) expect(found).toBe(false);
    else expect(found).toMatch(verdict);
  });
});
