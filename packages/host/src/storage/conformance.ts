/**
 * What every Storage must do, as tests that an implementation runs over itself: `storageConformance('PGlite', open)`.
 * A new storage is done when it passes.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentTests } from './conformance-agents.ts';
import { catalogueTests } from './conformance-catalogue.ts';
import { releaseMoveTests } from './conformance-moves.ts';
import { evaluationTests } from './conformance-evaluations.ts';
import { eventTests } from './conformance-events.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import { indexTests } from './conformance-indexes.ts';
import { memoryTests } from './conformance-memory.ts';
import { recordingTests } from './conformance-recordings.ts';
import { recordTests } from './conformance-records.ts';
import { secretTests } from './conformance-secrets.ts';
import { sharedTests } from './conformance-shared.ts';
import { usageTests } from './conformance-usage.ts';
import type { Storage } from './port.ts';

/**
 * Declares the suite.
 *
 * @param open - Opens a storage that is new; each test has its own and closes it.
 */
export function storageConformance(name: string, open: () => Promise<Storage>): void {
  describe(`storage conformance: ${name}`, () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await open();
    });
    afterEach(() => storage.close());
    const opened = (): Storage => storage;
    catalogueTests(opened);
    releaseMoveTests(opened);
    recordTests(opened);
    sharedTests(opened);
    secretTests(opened);
    memoryTests(opened);
    eventTests(opened);
    indexTests(opened);
    usageTests(opened);
    agentTests(opened);
    recordingTests(opened);
    evaluationTests(opened);
    lifetimeTests(opened);
  });
}

function lifetimeTests(storage: Opened): void {
  test('after close every method rejects with STORAGE_UNAVAILABLE, and closing again is silent', async () => {
    await storage().close();
    await storage().close();
    const attempts = [
      storage().readCatalogue(),
      storage().readSteps(0),
      storage().readAudit(0, 1),
      storage().listAudit({ rowsMax: 1 }),
      storage().listSecretsOfOtherKeys('', 1),
      storage().readMemory({ tenant_id: 'default', plugin_name: 'notes' }, []),
      storage().lastEvent(),
      storage().seeIndex({ name: 'ours', key: 'k', serial: 1 }),
      storage().addUsage([]),
      storage().listUsage({ tenant_id: 'default', from: '2026-01-01', to: '2026-01-01' }),
      storage().listAgentRuns({ tenant_id: 'default', rowsMax: 1 }),
      storage().listUnfinishedAgentRuns('node-1'),
      storage().pruneAgentRuns(minute(0)),
      storage().getEvaluation('01900000-0000-7000-8000-000000000001'),
      storage().listEvaluations({ rowsMax: 1 }),
      storage().listRunningEvaluations(),
      storage().pruneEvaluations(minute(0)),
      storage().addRecordings([], 1),
      storage().listRecordings({ tenant_id: 'default', plugin_name: 'notes', rowsMax: 1 }),
      storage().countRecordings({ tenant_id: 'default', plugin_name: 'notes' }),
      storage().putCalls([]),
      storage().prune({
        now: minute(0),
        ledgerSince: minute(0),
        transitionsSince: minute(0),
        transitionsMax: 1,
        usageSince: '2026-01-01',
      }),
    ];
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
}
