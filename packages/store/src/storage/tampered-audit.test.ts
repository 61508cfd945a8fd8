import { createAuditLog, type AuditVerdict, type Storage } from '@bulkhead/host';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../engine/database.ts';
import { ENGINES, emptyTables, openTestDatabase } from '../testing/index.ts';
import { openStorage } from './open-storage.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LINES = 6;

describe.each(ENGINES)('an audit log on %s in which somebody writes', (engine) => {
  let database: Database;
  let storage: Storage;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await emptyTables(database);
    storage = await openStorage({ ...database, close: async () => undefined });
    for (let line = 1; line <= LINES; line += 1) {
      const entry = { at: '2026-01-01T00:00:00.000Z', actor: 'platform', action: 'tenant.create' };
      await storage.commit({
        changes: [],
        audit: { ...entry, tenant_id: `t${line}`, resource: 'tenant', details: {} },
      });
    }
  });

  const verify = (): Promise<AuditVerdict> => createAuditLog(storage).verify();
  const write = async (statement: string): Promise<void> => void (await sql.raw(statement).execute(database.db));

  test('it holds before', async () => {
    expect(await verify()).toMatchObject({ ok: true, lines: LINES, fault: null });
  });

  test.each([
    ['a changed text', `update audit_log set text = replace(text, 't3', 't9') where seq = 3`, 3],
    ['a changed hash', `update audit_log set hash = repeat('0', 64) where seq = 4`, 4],
    ['a line that was taken out', `delete from audit_log where seq = 2`, 2],
    ['the first line that was taken out', `delete from audit_log where seq = 1`, 1],
    [
      'two lines that were put elsewhere',
      `update audit_log set seq = case seq when 2 then -3 else -2 end where seq in (2, 3)`,
      2,
    ],
    ['a cut end', `delete from audit_log where seq > 4`, 5],
    [
      'a head that was set back',
      `update audit_head set (seq, hash) = (select seq, hash from audit_log where seq = 4)`,
      5,
    ],
    ['a line that was put at the end', `insert into audit_log (seq, text, hash) values (7, '{}', repeat('a', 64))`, 7],
    ['all lines that were taken out', `delete from audit_log`, 1],
  ])('it finds %s', async (_what, statement, seq) => {
    await write(statement);
    expect(await verify()).toMatchObject({ ok: false, lines: seq - 1, fault: { seq } });
  });

  test('whose a line is cannot be changed without changing the line', async () => {
    await expect(write(`update audit_log set tenant_id = 't9' where seq = 3`)).rejects.toMatchObject({ code: '428C9' });
    expect(await storage.listAudit({ tenant: 't3', rowsMax: 9 })).toMatchObject([{ seq: 3 }]);
  });
});
