/**
 * What tenants move over the network in a day (UTC), and what their quota leaves of it. Pieces are summed in memory and handed on
 * a few times a second; other nodes' bytes are read from the storage, at most once a second for a tenant that has a quota.
 *
 * EA1: Counting and judging a piece is O(1) and asks nobody.
 * EA2: A request that would pass the quota is neither sent nor counted; an answer that passes it is counted, and ends.
 * EA3: What was used is known a moment late, so what is under way together may pass the quota by so much; what comes next is refused.
 */
import { dayOf, untilMidnight, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { StartTimer } from '../base/timer.ts';
import type { Quota } from '../storage/catalogue-port.ts';
import type { UsageRow, UsageStorage } from '../storage/usage-port.ts';

/** Whose bytes move. */
export type Mover = { readonly tenant: string; readonly plugin: string };

/** Bytes of URLs and bodies, as they go and come. */
export type Moved = { readonly direction: 'sent' | 'received'; readonly bytes: number };

/** The accounts of one host. */
export type EgressAccounts = {
  /** Learns what a tenant has used, where it has a quota and that is not known. @throws {HostError} `STORAGE_UNAVAILABLE`. */
  readonly prepare: (tenant: string) => Promise<void>;
  /** Counts what moves; gives why no more may, `EGRESS_QUOTA_EXCEEDED`. Never throws (EA1). */
  readonly move: (mover: Mover, moved: Moved) => HostError | undefined;
  /** Hands on what was counted. */
  readonly close: () => void;
};

/** What accounts are made of. */
export type EgressAccountsOptions = {
  readonly storage: Pick<UsageStorage, 'listUsage'>;
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  readonly quotaOf: (tenant: string) => Quota | undefined;
  /** Writes sums behind what moves. */
  readonly add: (row: UsageRow) => void;
};

/** So long bytes wait to be handed on: a host that is killed loses no more of them. */
const HAND_ON_AFTER_MS = 250;
/** So long what the storage said of all nodes holds. */
const FRESH_MS = 1_000;
/** So long it is remembered at all. */
const KNOWN_MS = 60_000;

/** What the storage said of a tenant at a moment (`clock.now`), and what has moved here since. */
type Known = { readonly day: string; readonly at: number; readonly stored: number; since: number };
type Reading = { done: Promise<void>; since: number };

/** Opens accounts in which nothing has moved. */
export function createEgressAccounts({
  storage,
  clock,
  startTimer,
  ...options
}: EgressAccountsOptions): EgressAccounts {
  const counted = createCounts();
  const known = new Map<string, Known>();
  const readings = new Map<string, Reading>();
  let cancelTimer: (() => void) | undefined;

  const today = (): string => dayOf(clock.wallTime());
  const allowedOf = (tenant: string): number | undefined => options.quotaOf(tenant)?.egress_bytes_per_day;

  async function prepare(tenant: string): Promise<void> {
    const said = known.get(tenant);
    const isFresh = said?.day === today() && clock.now() - said.at < FRESH_MS;
    if (allowedOf(tenant) !== undefined && !isFresh) await (readings.get(tenant) ?? beginReading(tenant)).done;
  }

  /** What was counted and not handed on is in no row yet; what moves while the storage is asked may be in none. */
  function beginReading(tenant: string): Reading {
    const [day, at] = [today(), clock.now()];
    const reading: Reading = { since: counted.bytesOf(tenant), done: Promise.resolve() };
    readings.set(tenant, reading);
    reading.done = read();
    return reading;

    async function read(): Promise<void> {
      try {
        const rows = await storage.listUsage({ tenant_id: tenant, from: day, to: day });
        known.set(tenant, { day, at, stored: sumOf(rows), since: reading.since });
      } finally {
        readings.delete(tenant);
      }
    }
  }

  function move(mover: Mover, { direction, bytes }: Moved): HostError | undefined {
    const { tenant } = mover;
    const [said, allowed] = [known.get(tenant), allowedOf(tenant)];
    const used = said?.day === today() ? said.stored + said.since + bytes : 0;
    const error = allowed !== undefined && used > allowed ? pastQuota(allowed, used, clock.wallTime()) : undefined;
    if (error !== undefined && direction === 'sent') return error;
    counted.add(mover, bytes);
    if (said !== undefined) said.since += bytes;
    const reading = readings.get(tenant);
    if (reading !== undefined) reading.since += bytes;
    cancelTimer ??= startTimer(HAND_ON_AFTER_MS, handOn);
    return error;
  }

  function handOn(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    // An answer that is read for minutes asks for nothing more. A storage that is away is asked again at the next tick. Asked
    // before they are handed on, since a row that is on its way would be in neither sum.
    for (const tenant of counted.tenants()) prepare(tenant).catch(() => undefined);
    const day = today();
    for (const { tenant, plugin, bytes } of counted.take())
      options.add({ tenant_id: tenant, day, meter: 'egress_bytes', subject: plugin, amount: bytes });
    for (const [tenant, { at }] of known) if (clock.now() - at >= KNOWN_MS) known.delete(tenant);
  }

  return { prepare, move, close: handOn };
}

function pastQuota(allowed: number, observed: number, wallTime: number): HostError {
  return new HostError('EGRESS_QUOTA_EXCEEDED', {
    limit: { name: 'egress_bytes_per_day', allowed, observed, unit: 'bytes' },
    retryAfterMs: untilMidnight(wallTime),
    details: { rule: 'egress_bytes_per_day', target: '*' },
  });
}

function sumOf(rows: readonly UsageRow[]): number {
  return rows.reduce((sum, { meter, amount }) => (meter === 'egress_bytes' ? sum + amount : sum), 0);
}

/** Bytes by tenant and plugin, until they are taken. */
function createCounts() {
  let counts = new Map<string, Map<string, number>>();

  function add({ tenant, plugin }: Mover, bytes: number): void {
    const ofTenant = counts.get(tenant) ?? new Map<string, number>();
    counts.set(tenant, ofTenant.set(plugin, (ofTenant.get(plugin) ?? 0) + bytes));
  }

  function take(): readonly (Mover & { readonly bytes: number })[] {
    const taken = counts;
    counts = new Map();
    return [...taken].flatMap(([tenant, ofTenant]) =>
      [...ofTenant].map(([plugin, bytes]) => ({ tenant, plugin, bytes })),
    );
  }

  const bytesOf = (tenant: string): number => [...(counts.get(tenant)?.values() ?? [])].reduce((sum, n) => sum + n, 0);
  return { add, take, bytesOf, tenants: (): readonly string[] => [...counts.keys()] };
}
