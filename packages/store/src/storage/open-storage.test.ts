import { storageConformance } from '@bulkhead/host/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Database } from '../engine/database.ts';
import { ENGINES, emptyTables, openTestDatabase } from '../testing/index.ts';
import { openStorage } from './open-storage.ts';

describe.each(ENGINES)('on %s', (engine) => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
  });
  afterAll(() => database.close());

  storageConformance(engine, async () => {
    await emptyTables(database);
    return openStorage({ ...database, close: async () => undefined });
  });
});
