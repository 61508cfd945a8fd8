import { openTestDatabase } from '@bulkhead/store/testing';
import { sql } from 'kysely';
import { openStorage } from '../packages/store/src/storage/open-storage.ts';
const engine = (process.argv[2] ?? 'pglite') as 'pglite' | 'postgres';
const database = await openTestDatabase(engine);
const storage = await openStorage(database);
let n = 0;
const row = () => { n += 1; const t = new Date(1_780_000_000_000 + Math.floor(n / 10)).toISOString(); return {
  call_id: `f86005d1-6a00-847f-a4ac-${n.toString(16).padStart(12, '0')}`, node: 'c0ffee00c0ffee00c0ffee00', tenant_id: 'a1b07240-5ea8-4f88-928e-6092a8f5d0f4', plugin_name: 'calculator', target: 'add',
  digest: '322071ab317dea6d23bd860a6856c62bcd6b3fdb5c219f5c71b9494723fd843b', started_at: t, ended_at: t, outcome: 'ok' as const, code: null, duration_ms: 1.2345678 }; };
const rows = (k: number) => Array.from({ length: k }, row);
async function measure(name: string, f: (k: number) => Promise<void>) {
  for (let i = 0; i < 20; i++) await f(500);
  const c0 = process.cpuUsage(); const t0 = performance.now(); const th0 = process.threadCpuUsage?.();
  for (let i = 0; i < 100; i++) await f(500);
  const t = performance.now() - t0; const c = process.cpuUsage(c0); const th = process.threadCpuUsage?.(th0);
  console.log(name, 'wall us/row', (t * 1000 / 50_000).toFixed(2), 'cpu us/row', ((c.user + c.system) / 50_000).toFixed(2), 'main', th === undefined ? '' : ((th.user + th.system) / 50_000).toFixed(2));
}
await measure('now', async (k) => storage.putCalls(rows(k)));
await measure('rows only', async (k) => { rows(k); });
await sql`drop index ix_call_ledger_started_at`.execute(database.db);
await measure('no started_at', async (k) => storage.putCalls(rows(k)));
await sql`create index ix_brin on call_ledger using brin (started_at)`.execute(database.db);
await measure('brin', async (k) => storage.putCalls(rows(k)));
await sql`drop index ix_call_ledger_of`.execute(database.db);
await measure('no of', async (k) => storage.putCalls(rows(k)));
await sql`drop index ix_call_ledger_unfinished`.execute(database.db);
await measure('no unfinished', async (k) => storage.putCalls(rows(k)));
const arr = (v: readonly (string | number | null)[]) => `{${v.map((x) => (x === null ? 'NULL' : x)).join(',')}}`;
async function grouped(k: number) {
  const r = rows(k);
  const ids = arr(r.map((x) => x.call_id)); const g = arr(r.map(() => 1)); const s = arr(r.map((x) => Date.parse(x.started_at))); const e = arr(r.map((x) => Date.parse(x.ended_at)));
  const o = arr(r.map((x) => x.outcome)); const c = arr(r.map((x) => x.code)); const d = arr(r.map((x) => x.duration_ms));
  const f = r[0]!;
  await sql`insert into call_ledger (call_id, node, tenant_id, plugin_name, target, digest, started_at, ended_at, outcome, code, duration_ms)
   select c.call_id, g.node, g.tenant, g.plugin, g.target, g.digest, to_timestamp(c.s / 1000), to_timestamp(c.e / 1000), c.o, c.c, c.d
   from unnest(${ids}::text[], ${g}::int[], ${s}::float8[], ${e}::float8[], ${o}::text[], ${c}::text[], ${d}::float8[]) as c(call_id, g, s, e, o, c, d)
   join unnest(${arr([1])}::int[], ${[f.node]}::text[], ${[f.tenant_id]}::text[], ${[f.plugin_name]}::text[], ${[f.target]}::text[], ${[f.digest]}::text[]) as g(g, node, tenant, plugin, target, digest) on g.g = c.g
   on conflict (call_id) do update
      set ended_at = excluded.ended_at, outcome = excluded.outcome, code = excluded.code,
        duration_ms = excluded.duration_ms, digest = excluded.digest
      where call_ledger.ended_at is null and excluded.ended_at is not null`.execute(database.db);
}
await measure('grouped (pk only)', grouped);
await database.close();
