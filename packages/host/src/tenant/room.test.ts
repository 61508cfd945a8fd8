import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { createShare, setWeight, type Share } from './fair-share.ts';
import { createRoom, type PatientCall, type Place, type Room } from './room.ts';

const PATIENT: PatientCall = { deadline: Infinity, signal: undefined, timeoutMs: 1_000 };
const rooms: Room[] = [];

function openRoom(callsInFlightMax: number, callsWaitingMax = 2_048): Room {
  const room = createRoom({ callsInFlightMax, callsWaitingMax });
  rooms.push(room);
  return room;
}

afterEach(() => rooms.splice(0).forEach((room) => room.close()));

/** Lets every promise that can go on do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A host under load: calls that hold a place for a time, and the virtual clock that they are measured by. */
function simulate(room: Room) {
  const inFlight: { readonly share: Share; readonly began: number; readonly from: number; readonly until: number }[] =
    [];
  const held = new Map<Share, number>();
  const served: Share[] = [];
  let now = 1_000;

  function hold(share: Share, began: number, durationMs: number): void {
    served.push(share);
    inFlight.push({ share, began, from: now, until: now + durationMs });
  }

  function wait(share: Share, durationMs: () => number, didStart: () => void = () => undefined): void {
    void room.wait(share, PATIENT, now).then((place) => {
      if (place.kind !== 'held') return;
      hold(share, place.began, durationMs());
      didStart();
    });
  }

  /** Ends the call that is over first; whoever is served starts. */
  async function endNext(): Promise<void> {
    const next = inFlight.toSorted((a, b) => a.until - b.until)[0];
    if (next === undefined) return;
    inFlight.splice(inFlight.indexOf(next), 1);
    now = next.until;
    held.set(next.share, (held.get(next.share) ?? 0) + next.until - next.from);
    room.giveBack(next.share, next.began, now);
    await settled();
  }

  /** Always has one call waiting. */
  function keepAsking(share: Share, durationMs: () => number): void {
    wait(share, durationMs, () => keepAsking(share, durationMs));
  }

  return {
    served,
    wait,
    keepAsking,
    endMany: async (calls: number): Promise<void> => {
      for (let ended = 0; ended < calls; ended += 1) await endNext();
    },
    take: (share: Share, durationMs: number): boolean => {
      const began = room.take(share, now);
      if (began !== undefined) hold(share, began, durationMs);
      return began !== undefined;
    },
    /** Time that the share's calls have held places until now. */
    heldMs: (share: Share): number => {
      const running = inFlight.filter((call) => call.share === share);
      return running.reduce((sum, { from }) => sum + now - from, held.get(share) ?? 0);
    },
  };
}

function shareOf(weight: number): Share {
  const share = createShare();
  setWeight(share, weight);
  return share;
}

test('while there is room nobody waits', () => {
  const room = openRoom(2);
  const share = createShare();
  expect([room.take(share, 1), room.take(share, 2.5), room.take(share, 3)]).toEqual([1, 2.5, undefined]);
  expect(room.callsInFlight()).toBe(2);
});

test('one call of a tenant beside a thousand of another gets the first place that is given back', async () => {
  const room = openRoom(4);
  const load = simulate(room);
  const [flood, calm] = [createShare(), createShare()];
  for (let call = 0; call < 4; call += 1) load.take(flood, 10 + call);
  for (let call = 0; call < 1_000; call += 1) load.wait(flood, () => 10);
  load.wait(calm, () => 10);
  await load.endMany(1);
  expect(load.served.indexOf(calm)).toBe(4);
});

test('places that are given back at once are shared out, though nothing has been held yet', () => {
  const room = openRoom(4);
  const [filler, one, other] = [createShare(), createShare(), createShare()];
  const began = Array.from({ length: 4 }, () => room.take(filler, 0) ?? 0);
  for (const share of [one, other]) for (let call = 0; call < 4; call += 1) void room.wait(share, PATIENT, 0);
  for (const from of began) room.giveBack(filler, from, 10);
  expect([one.callsInFlight, other.callsInFlight]).toEqual([2, 2]);
});

test('a tenant of long calls leaves half of the time to one of short calls', async () => {
  const room = openRoom(4);
  const load = simulate(room);
  const [long, short] = [createShare(), createShare()];
  for (let call = 0; call < 4; call += 1) load.take(long, 1_000);
  load.keepAsking(long, () => 1_000);
  load.keepAsking(short, () => 10);
  await load.endMany(5_000);
  const part = load.heldMs(short) / (load.heldMs(short) + load.heldMs(long));
  expect(part).toBeGreaterThan(0.4);
  expect(part).toBeLessThan(0.6);
});

test('a tenant whose calls were short, and are long now, does not get every place before the first one ends', async () => {
  const room = openRoom(4);
  const load = simulate(room);
  const [turning, short] = [createShare(), createShare()];
  let durationMs = 1;
  load.take(short, 1);
  while (load.take(turning, 1));
  load.keepAsking(turning, () => durationMs);
  load.keepAsking(short, () => 10);
  await load.endMany(100);
  durationMs = 100_000;
  await load.endMany(500);
  // Two keep it level with the other; the third puts it ahead for as long as they last.
  expect(turning.callsInFlight).toBe(3);
});

test('W3: who filled the host while nobody else came is not behind whoever comes then', async () => {
  const room = openRoom(2);
  const load = simulate(room);
  const [early, late] = [createShare(), createShare()];
  for (let call = 0; call < 50; call += 1) {
    load.take(early, 1_000);
    await load.endMany(1);
  }
  while (load.take(early, 100));
  for (const share of [late, early]) load.keepAsking(share, () => 100);
  await load.endMany(16);
  // The two that it held when the other came are of its half.
  expect(load.served.slice(-18).filter((share) => share === early)).toHaveLength(9);
});

test('W3: calls that were long in flight when others came count from then on', async () => {
  const room = openRoom(3);
  const load = simulate(room);
  const [early, late] = [createShare(), createShare()];
  load.take(early, 5_000);
  load.take(early, 5_000);
  load.take(late, 4_900);
  await load.endMany(1);
  load.take(late, 1);
  let durationMs = 10;
  for (const share of [late, early, late, early]) load.keepAsking(share, () => (share === early ? durationMs : 10));
  await load.endMany(1_000);
  expect(Math.abs(load.heldMs(early) - 9_800 - load.heldMs(late) + 4_900)).toBeLessThan(100);
  durationMs = 100_000;
  await load.endMany(500);
  expect(early.callsInFlight).toBe(2);
});

test('W1: a tenant that asked for nothing has saved nothing up', async () => {
  const room = openRoom(1);
  const load = simulate(room);
  const [steady, sleeper] = [createShare(), createShare()];
  load.take(steady, 10);
  // Two, so that one of them always waits: the period does not end.
  for (let call = 0; call < 2; call += 1) load.keepAsking(steady, () => 10);
  load.wait(sleeper, () => 10);
  await load.endMany(40);
  load.keepAsking(sleeper, () => 10);
  await load.endMany(20);
  expect(load.served.slice(-20).filter((share) => share === sleeper)).toHaveLength(10);
});

test('W2: tenants that wait all the time hold places by their weights, whatever their calls take', async () => {
  const tenants = fc.array(
    fc.record({
      weight: fc.constantFrom(0.5, 1, 2, 5),
      durationsMs: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      joinsAfter: fc.integer({ min: 0, max: 60 }),
      depth: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 2, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(tenants, fc.integer({ min: 1, max: 5 }), async (specs, places) => {
      const room = openRoom(places);
      const load = simulate(room);
      const filler = createShare();
      while (load.take(filler, 5));
      const asking = specs.map((spec) => ({ ...spec, share: shareOf(spec.weight), calls: 0 }));
      const pairs = asking.flatMap((one, place) => asking.slice(place + 1).map((other) => ({ one, other })));
      /** What each pair had held when both waited. */
      const before = new Map<(typeof pairs)[number], readonly [number, number]>();
      for (let ended = 0; ended < 200; ended += 1) {
        for (const tenant of asking.filter(({ joinsAfter }) => joinsAfter === ended)) {
          const durationMs = (): number => tenant.durationsMs[tenant.calls++ % tenant.durationsMs.length] ?? 1;
          for (let call = 0; call < tenant.depth; call += 1) load.keepAsking(tenant.share, durationMs);
        }
        const contending = pairs.filter(({ one, other }) => Math.max(one.joinsAfter, other.joinsAfter) <= ended);
        for (const pair of contending) {
          const { one, other } = pair;
          const [hadOne, hadOther] = before.get(pair) ?? [load.heldMs(one.share), load.heldMs(other.share)];
          before.set(pair, [hadOne, hadOther]);
          const lead =
            (load.heldMs(one.share) - hadOne) / one.weight - (load.heldMs(other.share) - hadOther) / other.weight;
          expect(Math.abs(lead)).toBeLessThanOrEqual(2 * places * 50 * (1 / one.weight + 1 / other.weight));
        }
        await load.endMany(1);
      }
      room.close();
    }),
    { numRuns: 60 },
  );
});

test('N1: in any order of events the places held are those not given back, and nobody waits beside a free one', async () => {
  const steps = fc.array(fc.record({ tenant: fc.nat(2), end: fc.boolean(), abort: fc.boolean() }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (events, places) => {
      const room = openRoom(places, 8);
      const shares = [shareOf(1), shareOf(2), shareOf(0.5)] as const;
      const held: { readonly share: Share; readonly began: number }[] = [];
      const aborts: AbortController[] = [];
      for (const [now, { tenant, end, abort }] of events.entries()) {
        const share = shares[tenant] ?? shares[0];
        const ending = end ? held.shift() : undefined;
        if (ending !== undefined) room.giveBack(ending.share, ending.began, now);
        if (abort) aborts.shift()?.abort();
        const began = room.take(share, now);
        if (began !== undefined) held.push({ share, began });
        const controller = new AbortController();
        const call = { ...PATIENT, signal: controller.signal };
        if (began === undefined && room.refusalToWait(share, call) === undefined) {
          aborts.push(controller);
          void room.wait(share, call, now).then((place) => {
            if (place.kind === 'held') held.push({ share, began: place.began });
          });
        }
        await settled();
        expect(room.callsInFlight()).toBe(held.length);
        const waiting = shares.reduce((sum, { callsWaiting }) => sum + callsWaiting, 0);
        expect(held.length === places || waiting === 0).toBe(true);
        expect(waiting).toBeLessThanOrEqual(8);
      }
      room.close();
    }),
    { numRuns: 100 },
  );
});

test('N4: one tenant takes half of the queue, and whoever comes next finds room', () => {
  const room = openRoom(1, 8);
  const [flood, calm] = [createShare(), createShare()];
  room.take(flood, 0);
  const waitIfMay = (share: Share): boolean => {
    const isAllowed = room.refusalToWait(share, PATIENT) === undefined;
    if (isAllowed) void room.wait(share, PATIENT, 0);
    return isAllowed;
  };
  expect(Array.from({ length: 8 }, () => waitIfMay(flood)).filter(Boolean)).toHaveLength(4);
  expect(room.refusalToWait(flood, PATIENT)).toMatchObject({
    kind: 'overloaded',
    code: 'HOST_OVERLOADED',
    limit: { name: 'calls_waiting', allowed: 4, observed: 5, unit: 'calls' },
  });
  expect([waitIfMay(calm), waitIfMay(calm), waitIfMay(calm)]).toEqual([true, true, false]);
});

test('N3: a call that waits leaves at its deadline, and the place goes to the next', async () => {
  const room = openRoom(1);
  const share = createShare();
  const began = room.take(share, 0) ?? 0;
  const late = await room.wait(share, { ...PATIENT, deadline: 5, timeoutMs: 5 }, 0);
  expect(late).toMatchObject({
    kind: 'refused',
    error: { code: 'CALL_TIMEOUT', limit: { name: 'timeout_ms', allowed: 5 } },
  });
  expect(share.callsWaiting).toBe(0);
  const next = room.wait(share, PATIENT, 6);
  room.giveBack(share, began, 7);
  expect(await next).toEqual({ kind: 'held', began: 7 });
});

test('N3: a call that is cancelled while it waits leaves, and one that was cancelled before does not wait', async () => {
  const room = openRoom(1);
  const share = createShare();
  room.take(share, 0);
  const controller = new AbortController();
  const call = { ...PATIENT, signal: controller.signal };
  const waiting = room.wait(share, call, 0);
  controller.abort();
  expect(await waiting).toMatchObject({ kind: 'refused', error: { code: 'CALL_CANCELLED' } });
  expect(room.refusalToWait(share, call)).toMatchObject({ code: 'CALL_CANCELLED' });
});

test('N3: a host that closes answers every call that waits, and lets none wait', async () => {
  const room = openRoom(1);
  const shares = [createShare(), createShare()];
  room.take(createShare(), 0);
  const waiting: Promise<Place>[] = shares.flatMap((share) => [1, 2].map((now) => room.wait(share, PATIENT, now)));
  room.close();
  const codes = (await Promise.all(waiting)).map((place) => (place.kind === 'refused' ? place.error.code : 'held'));
  expect(codes).toEqual(Array.from({ length: 4 }, () => 'HOST_CLOSED'));
  expect(room.refusalToWait(createShare(), PATIENT)).toMatchObject({ code: 'HOST_CLOSED' });
});
