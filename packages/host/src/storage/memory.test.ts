import { expect, test } from 'vitest';
import { storageConformance } from './conformance.ts';
import { createFailingStorage } from './failing.ts';
import { createMemoryStorage } from './memory.ts';
import type { LedgerRow } from './records-port.ts';

storageConformance('memory', async () => createMemoryStorage());
storageConformance('a failing storage that does not fail', async () => createFailingStorage(createMemoryStorage()));

function call(callId: number): LedgerRow {
  const blank = { ended_at: null, outcome: null, code: null, duration_ms: null, digest: null };
  return {
    ...blank,
    call_id: String(callId),
    node: 'n',
    tenant_id: 't',
    plugin_name: 'p',
    target: 'x',
    started_at: '2026-01-01T00:00:00.000Z',
  };
}

const AUDIT = { at: '2026-01-01T00:00:00.000Z', actor: 'a', action: 'x', tenant_id: null, resource: 'r', details: {} };

test('memory storage keeps the newest steps and lines, and says that older steps are gone', async () => {
  const storage = createMemoryStorage({ steps: 3 });
  for (let count = 0; count < 5; count += 1) await storage.commit({ changes: [], audit: AUDIT });
  expect(await storage.readSteps(1)).toBeUndefined();
  expect((await storage.readSteps(2))?.map(({ revision }) => revision)).toEqual([3, 4, 5]);
  expect((await storage.readAudit(0, 10)).rows.map(({ seq }) => seq)).toEqual([3, 4, 5]);
});

test('memory storage keeps the newest calls within its bound without being pruned', async () => {
  const storage = createMemoryStorage({ calls: 3 });
  await storage.putCalls([1, 2, 3, 4, 5].map(call));
  expect((await storage.listCalls({ plugin: 'p', rowsMax: 10 })).map((row) => row.call_id)).toEqual(['5', '4', '3']);
});

test('a failing storage rejects every method with STORAGE_UNAVAILABLE until it is mended', async () => {
  const storage = createFailingStorage(createMemoryStorage());
  storage.fail();
  const attempts = [
    storage.readCatalogue(),
    storage.readSteps(0),
    storage.commit({ changes: [], audit: AUDIT }),
    storage.readAudit(0, 1),
    storage.appendTransitions([]),
    storage.listTransitions({ plugin: 'p', rowsMax: 1 }),
    storage.putCalls([call(1)]),
    storage.listCalls({ plugin: 'p', rowsMax: 1 }),
    storage.listUnfinishedCalls('n'),
    storage.freeKey('1'),
    storage.getTrial({ digest: 'd', tier: 'jail', node_version: 'v26' }),
  ];
  for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  storage.mend();
  expect(await storage.listCalls({ plugin: 'p', rowsMax: 1 })).toEqual([]);
});
