import { AUDIT_ORIGIN, followAudit, type Storage } from '@bulkhead/host';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../open-store.ts';
import { ENGINES, openTestServer } from '../testing/index.ts';
import type { Acknowledged } from './killed-writer.fixture.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

/** How often to kill; `BULKHEAD_TEST_KILLS=200 npx vitest run packages/store` for a long run. */
const KILLS = Number(process.env['BULKHEAD_TEST_KILLS'] ?? 3);
/** Killed so long after its first commit, in turn. */
const PAUSES_MS = [5, 120, 40, 300, 0, 75];
const BATCH = 50;
const ALL = 1_000_000;

type Counts = Record<Acknowledged['kind'], number>;

/** A writer that has committed at least once, with what it has acknowledged until it is asked. */
async function startWriter(args: readonly string[]): Promise<{ readonly child: ChildProcess; readonly acked: Counts }> {
  const acked: Counts = { ready: 0, commit: 0, start: 0, batch: 0 };
  const child = fork(new URL('killed-writer.fixture.ts', import.meta.url), [...args], {
    execArgv: ['--conditions=source'],
  });
  child.on('message', ({ kind, count }: Acknowledged) => void (acked[kind] = count));
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect.poll(() => acked.commit > 0 || child.exitCode !== null, { timeout: 60_000 }).toBe(true);
  expect(acked.commit).toBeGreaterThan(acked.ready);
  return { child, acked };
}

describe.each(ENGINES)('a writer on %s that is killed again and again', (engine) => {
  let dataDir: string;
  let url: string | undefined;
  const cleanup = new AsyncDisposableStack();
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'bulkhead-killed-test-'));
    cleanup.defer(() => rm(dataDir, { recursive: true }));
    if (engine === 'postgres') url = await cleanup.use(await openTestServer()).createDatabase();
  });
  afterAll(() => cleanup.disposeAsync());

  const callsOf = async (storage: Storage, plugin: string, pid: number | undefined): Promise<readonly string[]> => {
    const calls = await storage.listCalls({ plugin, rowsMax: ALL });
    return calls.map(({ call_id }) => call_id).filter((id) => id.includes(`-${pid}-`));
  };

  test('loses nothing that was acknowledged, leaves no half of anything, and its audit log follows', async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { child, acked } = await startWriter(url === undefined ? [dataDir] : [dataDir, url]);
      await pause(PAUSES_MS[kill % PAUSES_MS.length]);
      const ended = once(child, 'exit');
      const before = { ...acked };
      child.kill('SIGKILL');
      await ended;
      const storage = await openStore({ url, dataDir, log: { warn: () => undefined } });
      const { revision, tenants, registrations } = await storage.readCatalogue();
      expect(revision).toBeGreaterThanOrEqual(before.commit);
      // One tenant and one registration for each commit, beside the tenant that every storage has.
      expect([tenants.length, registrations.length]).toEqual([revision + 1, revision]);
      expect(tenants.at(-1)?.id).toBe(`tenant-${revision}`);
      const { rows, head } = await storage.readAudit(0, ALL);
      expect([rows.length, followAudit({ seq: 0, hash: AUDIT_ORIGIN }, rows)]).toEqual([revision, head]);
      const starts = await callsOf(storage, 'strict', child.pid);
      expect(starts.length - before.start).toBeGreaterThanOrEqual(0);
      // One that was under way may be there, and nothing that was never sent.
      expect(starts.length - acked.start).toBeLessThanOrEqual(1);
      const batch = await callsOf(storage, 'batched', child.pid);
      expect([batch.length % BATCH, batch.length >= before.batch, batch.length <= acked.batch + BATCH]).toEqual([
        0,
        true,
        true,
      ]);
      await storage.close();
    }
  });
});
