/**
 * Every row of the faults table that a plugin can cause by itself, at every tier of this machine: the exact outcome, what
 * the registry and the breaker make of it, that a neighbour notices nothing, and that nothing is left.
 */
import type { Tier } from '@bulkhead/protocol';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ATTACKS, BAD_STARTS } from '../../fixtures/hostile/expectations.ts';
import { tiersHere } from '../support/tiers.ts';
import { fixtureFolder } from './matrix/hostile-folders.ts';
import { openHostileHost, type HostileHost } from './matrix/hostile-host.ts';
import { TIMES, expectedOf, expectedOfBadStart, observeAttack, observeBadStart } from './matrix/observe-attack.ts';

const TIERS_HERE = await tiersHere();
/** A start that hangs takes its 10 s each time, and what the breaker makes of it is the same at every tier. */
const timesOf = (fixture: string, tier: Tier): number =>
  fixture === 'spin-at-init' && tier !== TIERS_HERE.at(-1) ? 1 : TIMES;
/** What a host may keep of some 400 calls and 200 dead guests: history, caches, V8's own pages. */
const HEAP_GROWTH_BYTES_MAX = 48 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void; // What the flag brings.

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const named = ATTACKS.map((attack, index) => ({
  ...attack,
  tenant: `tenant-${index}`,
  name: `[FAULTS-${attack.row}] ${attack.fixture} ${JSON.stringify(attack.params)}`,
}));

describe.each(TIERS_HERE)('at tier %s', (tier: Tier) => {
  let hostile: HostileHost;
  let heapBytesBefore: number;
  beforeAll(async () => {
    hostile = await openHostileHost(tier);
    heapBytesBefore = heapBytes();
  });

  test.concurrent.each(named)('$name ends as $ending.kind, its guest $guest', async (attack) => {
    const seen = await observeAttack(hostile.host, attack, attack.tenant);
    expect(seen).toEqual(expectedOf(attack));
  });

  test.concurrent.each(BAD_STARTS)(
    '[FAULTS-$row] $fixture ends as $ending.code',
    { timeout: 120_000 },
    async (start) => {
      const installed = await hostile.host.install(fixtureFolder(start.fixture));
      expect(installed.state).toBe(start.state);
      const times = timesOf(start.fixture, tier);
      const seen = await observeBadStart(hostile.host, start, { tenant: 'default', times });
      expect(seen).toEqual(expectedOfBadStart(start, times));
    },
  );

  test('[FAULTS-115] the host answered within 100 ms all the while', () => {
    expect(hostile.lagMs()).toBeLessThan(100);
  });

  test('[FAULTS-52] no prototype of the host was changed', () => {
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('no guest runs that the host does not know of, and no memory is kept', async () => {
    expect(await hostile.strayGuests()).toBe(0);
    expect(heapBytes() - heapBytesBefore).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  });

  test('a host that was attacked by everything closes, and leaves nothing', async () => {
    expect(await hostile.close()).toEqual([]);
  });

  afterAll(() => hostile?.host.close());
});
