/**
 * What every TaskQueue must do, as tests that an implementation runs over itself: `taskQueueConformance('pg-boss', open)`. A new queue is
 * done when it passes.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backlogTests } from './conformance-backlog.ts';
import { claimTests } from './conformance-claims.ts';
import { claimOf, idOf, newTask, type OpenedQueue, type QueueUnderTest } from './conformance-fixture.ts';
import { deedTests } from './conformance-deeds.ts';
import { leaseTests } from './conformance-leases.ts';
import { outcomeTests } from './conformance-outcomes.ts';
import { readTests } from './conformance-reads.ts';
import { skipTests } from './conformance-skips.ts';
import { tenantTests } from './conformance-tenants.ts';

/**
 * Declares the suite.
 *
 * @param open - Opens a queue that is new and empty; each test has its own and closes it.
 */
export function taskQueueConformance(name: string, open: () => Promise<QueueUnderTest>): void {
  describe(`task queue conformance: ${name}`, () => {
    let opened: QueueUnderTest;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.queue.close());
    const current = (): QueueUnderTest => opened;
    claimTests(current);
    outcomeTests(current);
    skipTests(current);
    leaseTests(current);
    readTests(current);
    backlogTests(current);
    tenantTests(current);
    deedTests(current);
    lifetimeTests(current);
  });
}

function lifetimeTests(opened: OpenedQueue): void {
  test('after close every method rejects with STORAGE_UNAVAILABLE, and closing again is silent', async () => {
    const { queue } = opened();
    await queue.close();
    await queue.close();
    const attempts = [
      queue.enqueue([newTask(1)]),
      queue.claim(claimOf()),
      queue.heartbeat('lease', 1_000),
      queue.release('lease'),
      queue.cancel(idOf(1)),
      queue.get(idOf(1)),
      queue.waitFor(idOf(1), 0),
      queue.list({ rowsMax: 1 }),
      queue.backlog(),
      queue.countOpen('default'),
      queue.totals(),
      queue.removeTenant('default'),
      queue.retryDead({ ids: [idOf(1)] }),
      queue.reclaim(),
      queue.prune({ ended: '2026-01-01T12:00:00Z', dead: '2026-01-01T12:00:00Z' }),
    ];
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  test('whoever waits is rejected by close with STORAGE_UNAVAILABLE', async () => {
    const { queue } = opened();
    await queue.enqueue([newTask(1, { requires: ['gpu'] })]);
    const waiting = Promise.allSettled([queue.claim(claimOf({ wait_ms: 60_000 })), queue.waitFor(idOf(1), 60_000)]);
    await queue.close();
    const rejected = { status: 'rejected', reason: { code: 'STORAGE_UNAVAILABLE' } };
    expect(await waiting).toMatchObject([rejected, rejected]);
  });
}
