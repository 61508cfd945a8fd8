/**
 * Compares what a killed server left in its database with what it had acknowledged. Each function answers faults, in words;
 * none is what there must be.
 */
import { isDeepStrictEqual } from 'node:util';
import { AUDIT_ORIGIN, followAudit, type CatalogueRows, type LedgerRow, type Storage } from '@bulkhead/host';
import type { CallSent, Life } from './life.ts';
import { CHANGED, LEDGERS } from './plugins.ts';

const ALL = 1_000_000;
/** What a crash may lose of a batched ledger, while the database answers as it should (DESIGN 10). */
const LOST_MS_MAX = 50;

/** Judges everything; `killedAt` is of this process, taken before the kill. */
export async function judge(storage: Storage, life: Life, killedAt: number): Promise<readonly string[]> {
  const catalogue = await storage.readCatalogue();
  const audit = await storage.readAudit(0, ALL);
  const followed = followAudit({ seq: 0, hash: AUDIT_ORIGIN }, audit.rows);
  const bound = killedAt - LOST_MS_MAX - slowestMs(life.calls, killedAt);
  const ledgers = await Promise.all(
    LEDGERS.map(async (plugin) => {
      const rows = await storage.listCalls({ plugin, tenant: life.tenant, rowsMax: ALL });
      const calls = life.calls.filter((call) => call.plugin === plugin);
      return judgeLedger(rows, calls, { bound, killedAt });
    }),
  );
  return [
    ...wrong('what' in followed, () => `the audit log does not follow: ${JSON.stringify(followed)}`),
    ...wrong(audit.head.seq !== catalogue.revision, () => `revision ${catalogue.revision}, audit ${audit.head.seq}`),
    ...judgeRegistration(catalogue, life),
    ...judgeAuditOf(
      audit.rows.map(({ text }) => JSON.parse(text) as AuditLine),
      catalogue,
      life,
    ),
    ...judgeTokens(catalogue, life),
    ...judgeTenants(catalogue, life),
    ...ledgers.flat(),
    ...judgeHeld(await storage.listCalls({ plugin: 'strict', tenant: life.tenant, rowsMax: ALL }), life),
  ];
}

/** Calls that have begun and not ended, of any life but this one: the start in between has ended those. */
export async function judgeEarlier(storage: Storage, node: string, life: Life): Promise<readonly string[]> {
  const unended = await storage.listUnfinishedCalls(node);
  const keys = await storage.listUnsettledKeys(node);
  const earlier = [...unended, ...keys].filter(({ tenant_id }) => tenant_id !== life.tenant);
  return earlier.map(({ call_id }) => `call ${call_id} of an earlier life has no end`);
}

type AuditLine = {
  readonly action: string;
  readonly tenant_id: string | null;
  readonly resource: string;
  readonly details: { readonly enabled?: boolean; readonly version?: string };
};

function judgeRegistration({ registrations }: CatalogueRows, { tenant, registration }: Life): readonly string[] {
  const row = registrations.find((each) => each.tenant_id === tenant && each.plugin_name === CHANGED);
  const found = { n: row?.config['n'], enabled: row?.enabled, version: row?.plugin_version };
  const { acked, underway } = registration;
  const isOneOf = [acked, underway].some((each) => isDeepStrictEqual(each, found));
  return wrong(!isOneOf, () => `registration ${JSON.stringify({ found, acked, underway })}`);
}

/** A registration and its lines in the audit log are of the same commits: neither is there without the other. */
function judgeAuditOf(lines: readonly AuditLine[], catalogue: CatalogueRows, { tenant }: Life): readonly string[] {
  const own = lines.filter((line) => line.tenant_id === tenant && line.resource === `plugin ${CHANGED}`);
  const row = catalogue.registrations.find((each) => each.tenant_id === tenant && each.plugin_name === CHANGED);
  const updates = own.filter(({ action }) => action === 'plugin.config_update').length;
  const isEnabled = own.findLast(({ details }) => details.enabled !== undefined)?.details.enabled;
  const version = own.at(-1)?.details.version;
  const isSame = updates === row?.config['n'] && isEnabled === row?.enabled && version === row?.plugin_version;
  return wrong(!isSame, () => {
    return `the audit log tells of ${updates} configurations, ${version} and enabled ${isEnabled}: ${JSON.stringify(row)}`;
  });
}

function judgeTokens({ tokens }: CatalogueRows, { tenant, tokens: sent }: Life): readonly string[] {
  const found = new Set(tokens.filter((row) => row.tenant_id === tenant).map(({ id }) => id));
  const lost = [...sent.made].filter((id) => !found.has(id) && !sent.revoked.has(id) && id !== sent.revoking);
  const back = [...sent.revoked].filter((id) => found.has(id));
  // One may have been made that nobody was told of.
  const unknown = [...found].filter((id) => !sent.made.has(id)).slice(1);
  return [
    ...lost.map((id) => `token ${id} is lost`),
    ...back.map((id) => `token ${id} is back`),
    ...unknown.map((id) => `token ${id} was never asked for`),
  ];
}

function judgeTenants({ tenants }: CatalogueRows, { tenants: sent }: Life): readonly string[] {
  const found = new Set(tenants.map(({ id }) => id));
  const newest = [...sent.made.keys()].at(-1);
  const lost = [...sent.made.keys()].filter((id) => !found.has(id) && !sent.removed.has(id) && id !== newest);
  const back = [...sent.removed].filter((id) => found.has(id));
  return [...lost.map((id) => `tenant ${id} is lost`), ...back.map((id) => `tenant ${id} is back`)];
}

type Moments = {
  /** What was answered before it must be there with its end. */
  readonly bound: number;
  readonly killedAt: number;
};

function judgeLedger(
  rows: readonly LedgerRow[],
  calls: readonly CallSent[],
  { bound, killedAt }: Moments,
): readonly string[] {
  const byId = new Map(rows.map((row) => [row.call_id, row]));
  const acked = calls.filter((call) => call.outcome !== undefined);
  const isStrict = calls[0]?.plugin === 'strict';
  const old = acked.filter(({ ackedAt = 0 }) => ackedAt < bound);
  const unstarted = (isStrict ? acked : old).filter((call) => !byId.has(idOf(call)));
  const unended = old.filter((call) => byId.get(idOf(call))?.outcome !== 'ok');
  const ackedIds = new Set(acked.map(idOf));
  const others = rows.filter(({ call_id }) => !ackedIds.has(call_id));
  return [
    ...unstarted.map((call) => `${tell(call, killedAt)} has no start`),
    ...unended.map((call) => `${tell(call, killedAt)} is ${byId.get(idOf(call))?.outcome}, not ok`),
    ...wrong(others.length > calls.length - acked.length, () => {
      return `${others.length} rows of calls that were not answered; ${calls.length - acked.length} were sent`;
    }),
  ];
}

/** How slow machine and database were: the slowest call that had its end of late, or none; a strict one holds a write. */
function slowestMs(calls: readonly CallSent[], killedAt: number): number {
  const late = calls.filter(({ tool, ackedAt = killedAt }) => tool !== 'hold' && killedAt - ackedAt < LATE_MS);
  return Math.max(0, ...late.map(({ sentAt, ackedAt = killedAt }) => ackedAt - sentAt));
}

const LATE_MS = 500;

/** Of the calls that never end, those that the guest has told of are there. */
function judgeHeld(rows: readonly LedgerRow[], { calls, seenHeld }: Life): readonly string[] {
  const found = rows.filter(({ target }) => target === 'hold').length;
  const sent = calls.filter(({ tool }) => tool === 'hold').length;
  return wrong(found < seenHeld || found > sent, () => `${found} held calls; seen ${seenHeld}, sent ${sent}`);
}

function idOf({ outcome }: CallSent): string {
  return outcome?.call.call_id ?? '';
}

function tell({ plugin, n, ackedAt = 0, ...call }: CallSent, killedAt: number): string {
  const age = (killedAt - ackedAt).toFixed(1);
  return `call ${n} of ${plugin} (${idOf({ plugin, n, ackedAt, ...call })}), answered ${age} ms before the kill,`;
}

function wrong(isWrong: boolean, tellIt: () => string): readonly string[] {
  return isWrong ? [tellIt()] : [];
}
