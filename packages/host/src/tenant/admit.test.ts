import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAdmitter, type Admission, type Reservation } from './admit.ts';

function admitted(admission: Admission): Reservation {
  if (admission.kind !== 'admitted') throw new Error(`refused: ${admission.error.message}`);
  return admission;
}

function codeOf(admission: Admission): string {
  return admission.kind === 'refused' ? admission.error.code : 'admitted';
}

describe('admission', () => {
  test('a call that names no tenant is the tenant default', () => {
    expect(admitted(createAdmitter({ hasImplicitTenants: false }).admit()).tenant.id).toBe('default');
  });

  test('a tenant that nobody made is not found where tenants are explicit', () => {
    const admitter = createAdmitter({ hasImplicitTenants: false });
    expect(codeOf(admitter.admit('acme'))).toBe('TENANT_NOT_FOUND');
    admitter.addTenant('acme', { minTier: 'jail' });
    expect(admitted(admitter.admit('acme')).tenant).toEqual({ id: 'acme', minTier: 'jail' });
    admitter.removeTenant('acme');
    expect(codeOf(admitter.admit('acme'))).toBe('TENANT_NOT_FOUND');
  });

  test('an embedded host knows every well-formed tenant, and no other', () => {
    const admitter = createAdmitter({ hasImplicitTenants: true });
    expect(admitted(admitter.admit('acme')).tenant.id).toBe('acme');
    for (const name of ['', '../x', 'a b', '*', 'x'.repeat(10_000)])
      expect(codeOf(admitter.admit(name))).toBe('TENANT_NOT_FOUND');
  });

  test('a full host answers overloaded with the bound, and takes calls again once one is settled', () => {
    const admitter = createAdmitter({ hasImplicitTenants: false, callsInFlightMax: 2 });
    const first = admitted(admitter.admit());
    admitter.admit();
    const third = admitter.admit();
    expect(third.kind === 'refused' && third.error).toMatchObject({
      kind: 'overloaded',
      code: 'HOST_OVERLOADED',
      limit: { name: 'calls_in_flight', allowed: 2, observed: 2, unit: 'calls' },
    });
    admitter.settle(first);
    expect(codeOf(admitter.admit())).toBe('admitted');
  });

  test('settling a reservation twice is our bug and changes no count', () => {
    const admitter = createAdmitter({ hasImplicitTenants: false });
    const reservation = admitted(admitter.admit());
    admitter.admit();
    admitter.settle(reservation);
    expect(() => admitter.settle(reservation)).toThrow('invariant broken');
    expect(admitter.callsInFlight()).toBe(1);
  });

  test('in any order of calls the count is that of open reservations and stays within its bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant('admit' as const), fc.nat(20))),
        fc.integer({ min: 1, max: 8 }),
        (steps, max) => {
          const admitter = createAdmitter({ hasImplicitTenants: true, callsInFlightMax: max });
          const open: Reservation[] = [];
          for (const step of steps) {
            const hadRoom = open.length < max;
            const admission = step === 'admit' ? admitter.admit('tenant') : undefined;
            const [ended] = step === 'admit' ? [] : open.splice(step, 1);
            if (ended !== undefined) admitter.settle(ended);
            if (admission?.kind === 'admitted') open.push(admission);
            expect(admission?.kind ?? 'settled').toBe(step !== 'admit' ? 'settled' : hadRoom ? 'admitted' : 'refused');
            expect(admitter.callsInFlight()).toBe(open.length);
          }
        },
      ),
    );
  });
});
