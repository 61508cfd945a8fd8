/**
 * A machine that runs out of memory while a guest keeps to its limits: a host and its guests share a control group that
 * is too small for them. The kernel ends the guest, the host and its other guests go on.
 */
import type { Tier } from '@bulkhead/protocol';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHost } from '../support/child-host.ts';
import { liveGuest, openWith } from '../support/live-guest.ts';
import { openPressure } from '../support/pressure.ts';
import { openScratch, writeFiles } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';
import { fixtureFolder } from './matrix/hostile-folders.ts';

const MIB = 1024 * 1024;
/** Keeps to its own limits, which are far above what its machine has for it. */
const EATER = {
  'plugin.json': JSON.stringify({
    ...{ name: 'eater', version: '1.0.0', description: 'Fills memory.', author: 'Bulkhead' },
    limits: { memory_mb: 1_024 },
  }),
  'main.js': `
    const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
    const attack = () => { for (const kept = []; ; ) kept.push(Buffer.alloc(1024 * 1024, 1)); };
    export default { tools: [tool('attack', attack), tool('ping', () => 'pong')] };
  `,
};
const HEADROOM_BYTES = 64 * MIB;

test.each(await tiersHere())('[FAULTS-27] short of memory, the kernel ends a guest of tier %s first', async (tier) => {
  await using pressure = await openPressure();
  if (pressure.holds) await assertGuestGoesFirst(tier, pressure);
  else await assertGuestIsMarked(tier, pressure.reason);
});

type Pressure = Extract<Awaited<ReturnType<typeof openPressure>>, { readonly holds: true }>;

async function assertGuestGoesFirst(tierMax: Tier, { through, squeeze, peakBytes: peak }: Pressure): Promise<void> {
  await using scratch = await openScratch('eater');
  const folders = [fixtureFolder('good-neighbour'), await writeFiles(join(scratch.path, 'eater'), EATER)];
  await using host = startHost({ verb: 'serve', folders, options: { tierMax, spareCount: 0 } }, { through });
  expect(await host.line()).toMatchObject({ tier: tierMax });
  const neighbour = { plugin: 'good-neighbour', tool: 'ping' };
  const good = { ending: { kind: 'ok', value: 'pong' }, state: 'INITIALIZED' };
  expect(await host.ask(neighbour)).toMatchObject(good);
  expect(await host.ask({ plugin: 'eater', tool: 'ping' })).toMatchObject(good);
  const limitBytes = await squeeze(HEADROOM_BYTES);
  for (let time = 0; time < 2; time += 1) {
    // It kept to its own limit, so it is not told that it was out of memory: the machine was.
    expect(await host.ask({ plugin: 'eater', tool: 'attack' })).toMatchObject({
      ending: { kind: 'crashed', code: 'GUEST_CRASHED' },
    });
    expect(await host.ask(neighbour)).toMatchObject(good);
    expect(await host.ask({ plugin: 'eater', tool: 'ping' })).toMatchObject(good);
  }
  expect(await peak()).toBeGreaterThan(limitBytes - 2 * MIB);
}

/** Where no pressure can be made, what decides about it is what the kernel was told. */
async function assertGuestIsMarked(tier: Tier, reason: string): Promise<void> {
  await using own = await openWith(tier, 'good-neighbour');
  const layer = own.host.receipt.layers.find(({ name }) => name === 'memory-cgroup');
  expect({ holds: layer?.holds, how: layer?.how }).toMatchObject({
    holds: false,
    how: expect.stringContaining(reason),
  });
  const { inner } = await liveGuest(own, 'good-neighbour');
  const [guest, host] = await Promise.all([inner, 'self'].map((pid) => readFile(`/proc/${pid}/oom_score_adj`, 'utf8')));
  expect(Number(guest)).toBe(1_000);
  expect(Number(host)).toBeLessThan(1_000);
}
