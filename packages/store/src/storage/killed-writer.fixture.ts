/**
 * For killed-writer.test.ts: a process that opens a store and writes to it until it is killed: commits of two changes each,
 * starts of calls one by one, and ends of calls in batches. Each is acknowledged when the storage has answered.
 */
import type { LedgerRow } from '@bulkhead/host';
import { openStore } from '../open-store.ts';

/** What the process sends: the revision of a commit, or the last of the calls that were stored. */
export type Acknowledged = { readonly kind: 'ready' | 'commit' | 'start' | 'batch'; readonly count: number };

const [dataDir = '', url] = process.argv.slice(2);
const AT = '2026-01-01T00:00:00.000Z';
const ENDED = { ended_at: AT, outcome: 'ok', duration_ms: 1 } as const;
/** Calls of a batch. */
const BATCH = 50;

const say = (message: Acknowledged): void => void process.send?.(message);
const storage = await openStore({ url, dataDir, log: { warn: () => undefined } });
const { revision } = await storage.readCatalogue();
say({ kind: 'ready', count: revision });
await Promise.all([commitOn(revision), startOn(), endOn()]);

/** Commits one tenant with one registration each, named by the revision that it will be. */
async function commitOn(from: number): Promise<void> {
  for (let count = from + 1; ; count += 1) {
    const id = `tenant-${count}`;
    const times = { installed_at: AT, updated_at: AT };
    const tenant = { id, name: id, min_tier: null, quota: {}, created_at: AT, updated_at: AT };
    const row = { id: `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`, tenant_id: id, ...times };
    const registration = { ...row, plugin_name: 'calc', plugin_version: '1.0.0', config: {}, granted_permissions: [] };
    await storage.commit({
      changes: [
        { kind: 'put_tenant', row: tenant },
        { kind: 'put_registration', row: { ...registration, enabled: true } },
      ],
      audit: { at: AT, actor: 'test', action: 'x', tenant_id: id, resource: id, details: {} },
    });
    say({ kind: 'commit', count });
  }
}

/** Starts as a strict ledger stores them: each is durable before its call would run. */
async function startOn(): Promise<void> {
  for (let count = 1; ; count += 1) {
    await storage.putCalls([call(`start-${process.pid}-${count}`, 'strict')]);
    say({ kind: 'start', count });
  }
}

async function endOn(): Promise<void> {
  for (let count = BATCH; ; count += BATCH) {
    const ids = Array.from({ length: BATCH }, (_, index) => count - index);
    await storage.putCalls(ids.map((id) => ({ ...call(`batch-${process.pid}-${id}`, 'batched'), ...ENDED })));
    say({ kind: 'batch', count });
  }
}

function call(callId: string, plugin: string): LedgerRow {
  const blank = { digest: null, ended_at: null, outcome: null, code: null, duration_ms: null };
  return {
    ...blank,
    call_id: callId,
    node: 'n',
    tenant_id: 'default',
    plugin_name: plugin,
    target: 'x',
    started_at: AT,
  };
}
