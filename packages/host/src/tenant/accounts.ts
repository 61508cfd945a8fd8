/**
 * The accounts of a host's tenants: which policy holds for each now, what it has used, and its share of the room.
 *
 * B1: The policy is looked up at each call, so that a change holds for the next one.
 * B2: An account is forgotten only where a new one would judge alike; so there are at most `ACCOUNTS_KEPT` of tenants at
 *     rest, however many names are tried.
 */
import { DEFAULT_TENANT, parseTenantId, type TenantId, type Tier } from '@bulkhead/protocol';
import type { TenantRow } from '../storage/catalogue-port.ts';
import { createShare, setWeight, type Share } from './fair-share.ts';
import { createQuotaUse, isDrained, type QuotaUse } from './quota.ts';

/** What the operator set for a tenant. A change is another object, never a write to this one. */
export type TenantPolicy = Pick<TenantRow, 'min_tier' | 'quota'>;

/** A tenant as the steps after admission know it; `minTier` is the weakest sandbox that may serve it. */
export type TenantScope = { readonly id: TenantId; readonly minTier: Tier | undefined };

/** One tenant. */
export type Account = {
  policy: TenantPolicy;
  tenant: TenantScope;
  /** False where no quota has to be looked at. */
  isBounded: boolean;
  readonly use: QuotaUse;
  readonly share: Share;
};

/** Where policies are found, and which tenants need none. */
export type AccountOptions = {
  /** The policy of a tenant that was made; asked at each call, so O(1). */
  readonly policyOf: (tenant: string) => TenantPolicy | undefined;
  /** True in an embedded host: every well-formed tenant id is known, and unbounded where it has no policy. */
  readonly hasImplicitTenants: boolean;
};

/** Finds the account of a tenant; undefined where there is no such tenant. The tenant `default` is always there. */
export type FindAccount = (tenant: string, now: number) => Account | undefined;

const ACCOUNTS_KEPT = 10_000;
const UNBOUNDED: TenantPolicy = { min_tier: null, quota: {} };

/** Creates the accounts of one host. */
export function createAccounts({ policyOf, hasImplicitTenants }: AccountOptions): FindAccount {
  const accounts = new Map<string, Account>();

  function open(name: string, policy: TenantPolicy, now: number): Account | undefined {
    const id = parseTenantId(name);
    if (id === undefined) return undefined;
    if (accounts.size >= ACCOUNTS_KEPT) reviewOldest(now);
    const tenant = { id, minTier: undefined };
    const account = { policy: UNBOUNDED, tenant, isBounded: false, use: createQuotaUse(), share: createShare() };
    adopt(account, policy);
    accounts.set(id, account);
    return account;
  }

  /** Each new account looks at one old one, which goes, or is not looked at again before all others. */
  function reviewOldest(now: number): void {
    const [oldest] = accounts;
    if (oldest === undefined) return;
    const [name, account] = oldest;
    accounts.delete(name);
    if (!isAtRest(account, now)) accounts.set(name, account);
  }

  return (name, now) => {
    const isImplied = hasImplicitTenants || name === DEFAULT_TENANT;
    const policy = policyOf(name) ?? (isImplied ? UNBOUNDED : undefined);
    if (policy === undefined) return undefined;
    const account = accounts.get(name);
    if (account === undefined) return open(name, policy, now);
    if (account.policy !== policy) adopt(account, policy);
    return account;
  };
}

function adopt(account: Account, policy: TenantPolicy): void {
  const { weight, ...bounds } = policy.quota;
  account.policy = policy;
  account.tenant = { id: account.tenant.id, minTier: policy.min_tier ?? undefined };
  account.isBounded = Object.values(bounds).some((bound) => bound !== undefined);
  setWeight(account.share, weight);
}

function isAtRest({ policy, use, share }: Account, now: number): boolean {
  return share.callsInFlight === 0 && share.callsWaiting === 0 && isDrained({ use, quota: policy.quota, now });
}
