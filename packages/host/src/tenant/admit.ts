/**
 * The first step of every call: which tenant is it, is it known here, and is there room. A call that is admitted holds a
 * reservation until it is settled. It knows no plugin, token or database; who the caller is was decided at the door.
 *
 * A1: `callsInFlight` is the number of reservations that are not settled, and never exceeds `callsInFlightMax`.
 * A2: A reservation is settled exactly once, on every path; a second time is our bug.
 */
import {
  DEFAULT_TENANT,
  LIMITS,
  callError,
  parseTenantId,
  type CallError,
  type TenantId,
  type Tier,
} from '@bulkhead/protocol';
import { HostError, assertInvariant } from '../base/host-error.ts';

/** How a host admits calls. */
export type AdmissionOptions = {
  /** True in an embedded host: every well-formed tenant id is known. A server makes its tenants by `addTenant`. */
  readonly hasImplicitTenants: boolean;
  /** Calls of the whole host at once; `LIMITS.calls_in_flight` where it is left out. */
  readonly callsInFlightMax?: number;
};

/** What the operator set for a tenant; `minTier` is the weakest sandbox that may serve it. */
export type TenantPolicy = { readonly minTier?: Tier };

/** A tenant as the steps after this one know it. */
export type TenantScope = { readonly id: TenantId; readonly minTier: Tier | undefined };

/** Room for one call. Give it back with `settle`, once. */
export type Reservation = { readonly kind: 'admitted'; readonly tenant: TenantScope; isSettled: boolean };

/** `not_found` for an unknown tenant, `overloaded` where the host is full. */
export type Admission = Reservation | { readonly kind: 'refused'; readonly error: CallError };

/** The admission of one host. */
export type Admitter = {
  /** Admits one call of a tenant, `default` where none is named. O(1), one small allocation; never throws. */
  readonly admit: (tenant?: string) => Admission;
  /** Gives the room back. */
  readonly settle: (reservation: Reservation) => void;
  /** Makes a tenant known, or changes its policy. @throws {HostError} `REQUEST_INVALID` where the id cannot be one. */
  readonly addTenant: (tenant: string, policy?: TenantPolicy) => TenantScope;
  /** Forgets a tenant; its calls in flight end as they would. The tenant `default` stays. */
  readonly removeTenant: (tenant: string) => void;
  readonly tenants: () => readonly TenantScope[];
  readonly callsInFlight: () => number;
};

/** Implicit tenants remembered; beyond it the oldest is read anew at its next call, at no loss. */
const IMPLICIT_REMEMBERED = 10_000;

/** Creates the admission of one host; the tenant `default` is known from the start. */
export function createAdmitter(options: AdmissionOptions): Admitter {
  const callsInFlightMax = options.callsInFlightMax ?? LIMITS.calls_in_flight.value;
  const known = new Map<string, TenantScope>([[DEFAULT_TENANT, { id: DEFAULT_TENANT, minTier: undefined }]]);
  const implicit = new Map<string, TenantScope>();
  let callsInFlight = 0;

  function admit(name: string = DEFAULT_TENANT): Admission {
    const tenant = known.get(name) ?? implicit.get(name) ?? readImplicit(name);
    if (tenant === undefined) return { kind: 'refused', error: tenantNotFound(name) };
    if (callsInFlight >= callsInFlightMax)
      return { kind: 'refused', error: overloaded(callsInFlightMax, callsInFlight) };
    callsInFlight += 1;
    return { kind: 'admitted', tenant, isSettled: false };
  }

  function settle(reservation: Reservation): void {
    assertInvariant(!reservation.isSettled, 'a reservation is settled once');
    reservation.isSettled = true;
    callsInFlight -= 1;
  }

  function readImplicit(name: string): TenantScope | undefined {
    const id = options.hasImplicitTenants ? parseTenantId(name) : undefined;
    if (id === undefined) return undefined;
    if (implicit.size >= IMPLICIT_REMEMBERED) implicit.delete(implicit.keys().next().value ?? '');
    const tenant = { id, minTier: undefined };
    implicit.set(id, tenant);
    return tenant;
  }

  function addTenant(name: string, policy: TenantPolicy = {}): TenantScope {
    const id = parseTenantId(name);
    if (id === undefined)
      throw new HostError('REQUEST_INVALID', {
        message: `tenant id is ${quote(name)}; expected letters, digits, "_", "." or "-"`,
      });
    const tenant = { id, minTier: policy.minTier };
    known.set(id, tenant);
    return tenant;
  }

  function removeTenant(name: string): void {
    if (name !== DEFAULT_TENANT) known.delete(name);
  }

  return {
    admit,
    settle,
    addTenant,
    removeTenant,
    tenants: () => [...known.values()],
    callsInFlight: () => callsInFlight,
  };
}

function tenantNotFound(name: string): CallError {
  return callError('TENANT_NOT_FOUND', { message: `there is no tenant ${quote(name)}` });
}

function overloaded(allowed: number, observed: number): CallError {
  return callError('HOST_OVERLOADED', {
    message: `${observed} calls are in flight, as many as the server takes`,
    limit: { name: 'calls_in_flight', allowed, observed, unit: 'calls' },
  });
}

const QUOTED_CHARACTERS = 80;

function quote(name: string): string {
  return JSON.stringify(name.length > QUOTED_CHARACTERS ? `${name.slice(0, QUOTED_CHARACTERS)}…` : name);
}
