/**
 * The first step of every call: which tenant is it, is it known here, is it within its quota, and is there room. A call that is
 * admitted holds a reservation until it is settled; where the host is full it may wait for one. It knows no plugin, token
 * or database; who the caller is was decided at the door.
 *
 *   call -> known? -> within its quota? -> room? -> admitted
 *                                            `-> full -> wait -> admitted, or its time is over, or too many wait
 *
 * A1: `callsInFlight` is the number of reservations that are not settled, and never exceeds `callsInFlightMax`.
 * A2: A reservation is settled exactly once, on every path; a second time is our bug.
 * A3: A tenant's quota is judged once, when the call comes: of its calls in flight, those that wait count as well.
 */
import { DEFAULT_TENANT, LIMITS, callError, type CallError } from '@bulkhead/protocol';
import { assertInvariant } from '../base/host-error.ts';
import { createAccounts, type Account, type AccountOptions, type TenantScope } from './accounts.ts';
import { findExceeded, useCall, useGuests, type Exceeded, type GuestUse } from './quota.ts';
import { createRoom, type PatientCall } from './room.ts';

/** How a host admits calls. */
export type AdmissionOptions = AccountOptions & {
  /** Calls of the whole host at once. */
  readonly callsInFlightMax: number;
  /** Calls of the whole host that wait for that; `LIMITS.calls_waiting` where it is left out. */
  readonly callsWaitingMax?: number;
  /** Told of each call that its tenant's policy refused: whoever keeps policies may look whether they are up to date. */
  readonly didRefuse?: () => void;
};

/** Room for one call. Give it back with `settle`, once. */
export type Reservation = {
  readonly kind: 'admitted';
  readonly tenant: TenantScope;
  readonly account: Account;
  readonly began: number;
  isSettled: boolean;
};

/** Why a call is not admitted. */
export type AdmissionRefused = { readonly kind: 'refused'; readonly error: CallError };

/** A call that would be admitted if the host were not full; it holds nothing, and may wait. */
export type HostFull = {
  readonly kind: 'full';
  readonly tenant: TenantScope;
  readonly account: Account;
  readonly at: number;
};

/** `not_found` for an unknown tenant, `over_quota` with the quota and when to try again. */
export type Admission = Reservation | HostFull | AdmissionRefused;

/** The admission of one host. `now` is of the host's monotonic clock. */
export type Admitter = {
  /** Admits one call of a tenant, `default` where none is named. O(1), one small allocation; never throws. */
  readonly admit: (tenant: string | undefined, now: number) => Admission;
  /**
   * Waits for room, in the tick in which `admit` found the host full. Never rejects.
   *
   * @returns the reservation; else `CALL_TIMEOUT`, `CALL_CANCELLED` or `HOST_CLOSED`, or at once `HOST_OVERLOADED` where too
   *   many wait already.
   */
  readonly wait: (full: HostFull, call: PatientCall) => Promise<Reservation | AdmissionRefused>;
  /** Gives the room back, to a call that waits if there is one. */
  readonly settle: (reservation: Reservation, now: number) => void;
  /** Notes what a tenant's guests have used; a tenant that is not there has no account to note it in. */
  readonly noteGuestUse: (tenant: string, use: GuestUse, now: number) => void;
  readonly callsInFlight: () => number;
  /** Answers every call that waits with `HOST_CLOSED`. */
  readonly close: () => void;
};

/** Creates the admission of one host. */
export function createAdmitter(options: AdmissionOptions): Admitter {
  const findAccount = createAccounts(options);
  const room = createRoom({
    callsInFlightMax: options.callsInFlightMax,
    callsWaitingMax: options.callsWaitingMax ?? LIMITS.calls_waiting.value,
  });

  function admit(name: string | undefined, now: number): Admission {
    const account = findAccount(name ?? DEFAULT_TENANT, now);
    if (account === undefined) return refuse(tenantNotFound(name ?? DEFAULT_TENANT));
    const exceeded = account.isBounded ? exceededBy(account, now) : undefined;
    if (exceeded !== undefined) return refuse(overQuota(exceeded));
    const began = room.take(account.share, now);
    if (began === undefined) return { kind: 'full', tenant: account.tenant, account, at: now };
    if (account.isBounded) noteCall(account, now);
    return reserve(account, began);
  }

  function refuse(error: CallError): AdmissionRefused {
    options.didRefuse?.();
    return { kind: 'refused', error };
  }

  async function wait({ account, at }: HostFull, call: PatientCall): Promise<Reservation | AdmissionRefused> {
    const error = room.refusalToWait(account.share, call);
    if (error !== undefined) return { kind: 'refused', error };
    if (account.isBounded) noteCall(account, at);
    const place = await room.wait(account.share, call, at);
    return place.kind === 'held' ? reserve(account, place.began) : place;
  }

  function settle(reservation: Reservation, now: number): void {
    assertInvariant(!reservation.isSettled, 'a reservation is settled once');
    reservation.isSettled = true;
    room.giveBack(reservation.account.share, reservation.began, now);
  }

  function noteGuestUse(tenant: string, use: GuestUse, now: number): void {
    const account = findAccount(tenant, now);
    if (account?.isBounded === true) useGuests({ use: account.use, quota: account.policy.quota, now }, use);
  }

  return { admit, wait, settle, noteGuestUse, callsInFlight: room.callsInFlight, close: room.close };
}

function reserve(account: Account, began: number): Reservation {
  return { kind: 'admitted', tenant: account.tenant, account, began, isSettled: false };
}

function noteCall({ use, policy }: Account, now: number): void {
  useCall({ use, quota: policy.quota, now });
}

function exceededBy({ use, policy, share }: Account, now: number): Exceeded | undefined {
  const { quota } = policy;
  const allowed = quota.calls_in_flight ?? Infinity;
  const observed = share.callsInFlight + share.callsWaiting + 1;
  if (observed <= allowed) return findExceeded({ use, quota, now });
  // Nobody knows when a call will end.
  return { name: 'calls_in_flight', unit: 'calls', allowed, observed, retryAfterMs: undefined };
}

function tenantNotFound(name: string): CallError {
  return callError('TENANT_NOT_FOUND', { message: `there is no tenant ${quote(name)}` });
}

function overQuota({ name, allowed, observed, unit, retryAfterMs }: Exceeded): CallError {
  return callError('TENANT_QUOTA_EXCEEDED', {
    message: `the tenant's quota ${name} is ${allowed} ${unit}; ${observed} ${unit} count against it`,
    limit: { name, allowed, observed, unit },
    retryAfterMs,
  });
}

const QUOTED_CHARACTERS = 80;

function quote(name: string): string {
  return JSON.stringify(name.length > QUOTED_CHARACTERS ? `${name.slice(0, QUOTED_CHARACTERS)}…` : name);
}
