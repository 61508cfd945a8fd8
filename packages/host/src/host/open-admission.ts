/**
 * Joins admission to the catalogue, which says what a tenant may use, and to the guests, which use it.
 */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { createAdmitter, type Admitter } from '../tenant/admit.ts';
import { READ_EVERY_MS, createGuestMeter } from '../tenant/guest-meter.ts';
import type { GuestUse } from '../tenant/quota.ts';
import type { HostSettings } from './settings.ts';

/** The admission of a host, and how a guest that was opened for a tenant is charged to it for as long as it lives. */
export type HostAdmission = {
  readonly admitter: Admitter;
  readonly chargeGuest: (tenant: string, guest: Sandbox) => void;
  /** Charges what was used beside its guests, such as by a command that one of them asked for. */
  readonly chargeUse: (tenant: string, use: GuestUse) => void;
};

/** Opens the admission; calls that wait are not answered by `closing`, but by `admitter.close`. */
export function openAdmission(
  { clock, hasImplicitTenants, callsInFlightMax }: HostSettings,
  catalogue: Catalogue,
  closing: AsyncDisposableStack,
): HostAdmission {
  const admitter = createAdmitter({
    policyOf: catalogue.shelf.tenant,
    hasImplicitTenants,
    callsInFlightMax,
    // A call that passes reads the catalogue at its next step; one that does not must not keep an old policy alive.
    didRefuse: catalogue.noteRead,
  });
  const meter = createGuestMeter({ clock, charge: admitter.noteGuestUse });
  const timer = setInterval(meter.read, READ_EVERY_MS).unref();
  closing.defer(() => clearInterval(timer));
  return {
    admitter,
    chargeGuest: (tenant, guest) => void guest.died.then(meter.watch(tenant, guest)),
    chargeUse: (tenant, use) => admitter.noteGuestUse(tenant, use, clock.now()),
  };
}
