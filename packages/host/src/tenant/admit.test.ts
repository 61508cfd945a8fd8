import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TenantPolicy } from './accounts.ts';
import { createAdmitter, type Admission, type AdmissionOptions, type HostFull, type Reservation } from './admit.ts';

const PATIENT = { deadline: Infinity, signal: undefined, timeoutMs: 1_000 };

/** An admission with tenants that a test makes and changes by a write to `policies`. */
function openAdmitter(options: Partial<AdmissionOptions> = {}) {
  const policies = new Map<string, TenantPolicy>();
  const admitter = createAdmitter({
    policyOf: (tenant) => policies.get(tenant),
    hasImplicitTenants: false,
    callsInFlightMax: 100,
    ...options,
  });
  return { ...admitter, policies };
}

function admitted(admission: Admission): Reservation {
  if (admission.kind !== 'admitted') throw new Error(`not admitted: ${codeOf(admission)}`);
  return admission;
}

function full(admission: Admission): HostFull {
  if (admission.kind !== 'full') throw new Error(`not full: ${codeOf(admission)}`);
  return admission;
}

function codeOf(admission: Admission): string {
  return admission.kind === 'refused' ? admission.error.code : admission.kind;
}

test('a call that names no tenant is the tenant default', () => {
  expect(admitted(openAdmitter().admit(undefined, 0)).tenant.id).toBe('default');
});

test('a tenant that nobody made is not found where tenants are explicit', () => {
  const { admit, policies } = openAdmitter();
  expect(codeOf(admit('acme', 0))).toBe('TENANT_NOT_FOUND');
  policies.set('acme', { min_tier: 'jail', quota: {} });
  expect(admitted(admit('acme', 0)).tenant).toEqual({ id: 'acme', minTier: 'jail' });
  policies.delete('acme');
  expect(codeOf(admit('acme', 0))).toBe('TENANT_NOT_FOUND');
});

test('an embedded host knows every well-formed tenant, and no other', () => {
  const { admit } = openAdmitter({ hasImplicitTenants: true });
  expect(admitted(admit('acme', 0)).tenant.id).toBe('acme');
  for (const name of ['', '../x', 'a b', '*', 'x'.repeat(10_000)])
    expect(codeOf(admit(name, 0))).toBe('TENANT_NOT_FOUND');
});

test('a policy that changes holds for the next call', () => {
  const { admit, policies } = openAdmitter();
  policies.set('acme', { min_tier: null, quota: { calls_in_flight: 1 } });
  admit('acme', 0);
  expect(codeOf(admit('acme', 0))).toBe('TENANT_QUOTA_EXCEEDED');
  policies.set('acme', { min_tier: 'confined', quota: { calls_in_flight: 2 } });
  expect(admitted(admit('acme', 0)).tenant.minTier).toBe('confined');
  expect(codeOf(admit('acme', 0))).toBe('TENANT_QUOTA_EXCEEDED');
});

test('a call over its tenant’s rate is over_quota with the quota and when to try again, and others go on', () => {
  const { admit, policies } = openAdmitter();
  policies.set('acme', { min_tier: null, quota: { calls_per_second: 2 } });
  policies.set('calm', { min_tier: null, quota: { calls_per_second: 2 } });
  expect([admit('acme', 0), admit('acme', 0)].map(codeOf)).toEqual(['admitted', 'admitted']);
  const third = admit('acme', 0);
  expect(third.kind === 'refused' && third.error).toMatchObject({
    kind: 'over_quota',
    code: 'TENANT_QUOTA_EXCEEDED',
    retryable: true,
    limit: { name: 'calls_per_second', allowed: 2, observed: 3, unit: 'calls' },
    retry_after_ms: 501,
  });
  expect([codeOf(admit('calm', 0)), codeOf(admit('acme', 501))]).toEqual(['admitted', 'admitted']);
});

test('A3: calls in flight are those that run and those that wait; what has ended makes room', async () => {
  const { admit, wait, settle, policies, close } = openAdmitter({ callsInFlightMax: 1 });
  policies.set('acme', { min_tier: null, quota: { calls_in_flight: 2 } });
  const first = admitted(admit('acme', 0));
  const second = wait(full(admit('acme', 0)), PATIENT);
  const third = admit('acme', 0);
  expect(third.kind === 'refused' && third.error).toMatchObject({
    limit: { name: 'calls_in_flight', allowed: 2, observed: 3, unit: 'calls' },
  });
  expect(third.kind === 'refused' && third.error).not.toHaveProperty('retry_after_ms');
  settle(first, 1);
  expect(await second).toMatchObject({ kind: 'admitted', tenant: { id: 'acme' } });
  expect(codeOf(admit('acme', 1))).toBe('full');
  close();
});

test('what guests have used is a debt of their tenant that later calls wait for', () => {
  const { admit, noteGuestUse, policies } = openAdmitter();
  policies.set('acme', { min_tier: null, quota: { cpu_seconds_per_minute: 1 } });
  noteGuestUse('acme', { cpuMs: 2_000, memoryMbMs: 0 }, 0);
  noteGuestUse('nobody', { cpuMs: 2_000, memoryMbMs: 0 }, 0);
  const refused = admit('acme', 0);
  expect(refused.kind === 'refused' && refused.error).toMatchObject({
    message: "the tenant's quota cpu_seconds_per_minute is 1 s; 2 s count against it",
    retry_after_ms: 60_001,
  });
  expect(codeOf(admit('acme', 60_001))).toBe('admitted');
});

test('a call that its tenant’s policy refuses is told of, one that is admitted is not', () => {
  let told = 0;
  const { admit, policies } = openAdmitter({ didRefuse: () => void (told += 1) });
  policies.set('acme', { min_tier: null, quota: { calls_per_second: 1 } });
  admit('acme', 0);
  expect(told).toBe(0);
  admit('acme', 0);
  admit('nobody', 0);
  expect(told).toBe(2);
});

test('a full host lets a call wait, and admits it once another is settled', async () => {
  const { admit, wait, settle, callsInFlight } = openAdmitter({ callsInFlightMax: 1 });
  const first = admitted(admit(undefined, 0));
  const second = wait(full(admit(undefined, 0)), PATIENT);
  settle(first, 5);
  expect(await second).toMatchObject({ kind: 'admitted', tenant: { id: 'default' } });
  expect(callsInFlight()).toBe(1);
});

test('where too many wait, a call is overloaded and has used nothing of its quota', async () => {
  const { admit, wait, settle, policies } = openAdmitter({ callsInFlightMax: 1, callsWaitingMax: 0 });
  policies.set('acme', { min_tier: null, quota: { calls_per_second: 1 } });
  const first = admitted(admit(undefined, 0));
  expect(await wait(full(admit('acme', 0)), PATIENT)).toMatchObject({
    kind: 'refused',
    error: { kind: 'overloaded', code: 'HOST_OVERLOADED', retryable: true },
  });
  settle(first, 0);
  expect(codeOf(admit('acme', 0))).toBe('admitted');
});

test('a call that waits has used its quota when it came', () => {
  const { admit, wait, policies, close } = openAdmitter({ callsInFlightMax: 1 });
  policies.set('acme', { min_tier: null, quota: { calls_per_second: 1 } });
  admit(undefined, 0);
  void wait(full(admit('acme', 0)), PATIENT);
  expect(codeOf(admit('acme', 0))).toBe('TENANT_QUOTA_EXCEEDED');
  close();
});

test('tenants wait by their weights', async () => {
  const { admit, wait, settle, policies, close } = openAdmitter({ callsInFlightMax: 1 });
  policies.set('heavy', { min_tier: null, quota: { weight: 3 } });
  policies.set('light', { min_tier: null, quota: {} });
  const served: string[] = [];
  let last = admitted(admit(undefined, 0));
  for (let call = 0; call < 100; call += 1) {
    for (const name of ['light', 'heavy']) {
      void wait(full(admit(name, 0)), PATIENT).then((admission) => {
        if (admission.kind !== 'admitted') return;
        served.push(admission.tenant.id);
        last = admission;
      });
    }
  }
  for (let now = 10; now <= 400; now += 10) {
    settle(last, now);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(served.filter((name) => name === 'heavy')).toHaveLength(30);
  close();
});

test('settling a reservation twice is our bug and changes no count', () => {
  const { admit, settle, callsInFlight } = openAdmitter();
  const reservation = admitted(admit(undefined, 0));
  admit(undefined, 0);
  settle(reservation, 1);
  expect(() => settle(reservation, 1)).toThrow('invariant broken');
  expect(callsInFlight()).toBe(1);
});

test('names that are tried once leave nothing behind, and a tenant that owes is not forgotten for them', () => {
  const { admit, settle, noteGuestUse, policies } = openAdmitter({ hasImplicitTenants: true });
  policies.set('acme', { min_tier: null, quota: { cpu_seconds_per_minute: 1 } });
  noteGuestUse('acme', { cpuMs: 10_000, memoryMbMs: 0 }, 0);
  for (let name = 0; name < 25_000; name += 1) settle(admitted(admit(`t${name}`, 0)), 0);
  expect(codeOf(admit('acme', 0))).toBe('TENANT_QUOTA_EXCEEDED');
});

test('A1: in any order of calls the count is that of open reservations and stays within its bound', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant('admit' as const), fc.nat(20))),
      fc.integer({ min: 1, max: 8 }),
      (steps, max) => {
        const { admit, settle, callsInFlight } = openAdmitter({ hasImplicitTenants: true, callsInFlightMax: max });
        const open: Reservation[] = [];
        for (const [now, step] of steps.entries()) {
          const hadRoom = open.length < max;
          const admission = step === 'admit' ? admit('tenant', now) : undefined;
          const [ended] = step === 'admit' ? [] : open.splice(step, 1);
          if (ended !== undefined) settle(ended, now);
          if (admission?.kind === 'admitted') open.push(admission);
          expect(admission?.kind ?? 'settled').toBe(step !== 'admit' ? 'settled' : hadRoom ? 'admitted' : 'full');
          expect(callsInFlight()).toBe(open.length);
        }
      },
    ),
  );
});
