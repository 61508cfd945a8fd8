import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Storage } from '@bulkhead/host';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDatabase } from './engine/database.ts';
import { openStore } from './open-store.ts';
import { ENGINES, openTestServer } from './testing/index.ts';

// A first start takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const log = { warn: () => undefined };
const AUDIT = {
  at: '2026-01-01T00:00:00.000Z',
  actor: 'test',
  action: 'x',
  tenant_id: null,
  resource: 'r',
  details: {},
};

describe.each(ENGINES)('on %s', (engine) => {
  let dataDir: string;
  let url: string | undefined;
  const cleanup = new AsyncDisposableStack();
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'bulkhead-store-test-'));
    cleanup.defer(() => rm(dataDir, { recursive: true }));
    if (engine === 'postgres') url = await cleanup.use(await openTestServer()).createDatabase();
  });
  afterAll(() => cleanup.disposeAsync());

  const open = (): Promise<Storage> => openStore({ url, dataDir, log });

  test('a new database is brought to its tables, and what was committed is there when it is opened again', async () => {
    const first = await open();
    expect(await first.commit({ changes: [], audit: AUDIT })).toEqual({ kind: 'done', revision: 1 });
    await first.close();
    const second = await open();
    expect(await second.readCatalogue()).toMatchObject({ revision: 1, tenants: [{ id: 'default' }] });
    await second.close();
  });

  test('a database of a newer Bulkhead is refused, and left as it is', async () => {
    const place = url === undefined ? ({ kind: 'directory', dir: join(dataDir, 'database') } as const) : undefined;
    const database = await openDatabase(place ?? { kind: 'server', url: url ?? '' });
    await database.db
      .insertInto('schema_migrations' as never) // The migrator's own table.
      .values({ name: '9999_later', timestamp: '2027-01-01T00:00:00.000Z' })
      .execute();
    await database.close();
    await expect(open()).rejects.toMatchObject({
      code: 'DATABASE_NEWER',
      message: expect.stringContaining('9999_later'),
    });
  });
});

test.each([
  ['postgres://nobody@127.0.0.1:1/none', 'STORAGE_UNAVAILABLE'],
  ['mysql://127.0.0.1/none', 'CONFIG_INVALID'],
])('a database at %s is refused with %s, and nothing stays open', async (url, code) => {
  await expect(openStore({ url, dataDir: '/nowhere', log })).rejects.toMatchObject({ code });
});
