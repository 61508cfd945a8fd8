import { taskQueueConformance } from '@bulkhead/host/testing';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import type { Database } from '../engine/database.ts';
import { ENGINES, openTestDatabase } from '../testing/index.ts';
import { RETRY_MS, createTestTime, openEmptyQueue, readLines } from './task-queue.fixture.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe.each(ENGINES)('pg-boss on %s', (engine) => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
  });
  afterAll(() => database.close());

  taskQueueConformance(engine, async () => {
    const { advance, aheadMs, startTimer } = createTestTime();
    const queue = await openEmptyQueue(database, { aheadMs, startTimer });
    const lines = () => readLines(database);
    return { queue, retryMs: RETRY_MS, now: () => Date.now() + aheadMs(), advance: async (ms) => advance(ms), lines };
  });
});
