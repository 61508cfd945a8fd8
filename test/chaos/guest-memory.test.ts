/**
 * Rows of the faults table about memory that one guest takes, by what the kernel says of it: how much its process and its
 * group held at most. The bound that is promised is RLIMIT_DATA's, which no speed overshoots.
 */
import type { Outcome } from '@bulkhead/protocol';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownGroups } from '../../packages/host/src/sandbox/process/group-places.ts';
import { liveGuest, openWith, statusOf, type Live } from '../support/live-guest.ts';
import type { OwnHost } from '../support/own-host.ts';
import { tiersHere } from '../support/tiers.ts';
import { endingOf } from './matrix/observe-attack.ts';

const MIB = 1024 * 1024;
/** Of all plugins that grow; the kernel refuses data beyond that and a margin of 64 MiB, above what Node has at start. */
const MEMORY_MB = 64;
const GROWTH_BYTES_MAX = (MEMORY_MB + 64) * MIB;
/** Pages of Node's own file and the kernel's tables for a guest, which are touched only when memory runs out. */
const BESIDE_DATA_BYTES = 8 * MIB;

const REFUSED = { kind: 'out_of_memory', code: 'GUEST_OUT_OF_MEMORY' };
const REFUSALS = [
  [21, 'grow-array-buffers', REFUSED],
  [21, 'grow-buffers', REFUSED],
  [21, 'grow-shared-buffers', REFUSED],
  [21, 'grow-wasm', REFUSED],
  [22, 'swallow-refusals', { kind: 'ok', value: 5 }],
] as const;

describe.each(await tiersHere())('at tier %s', (tier) => {
  test.each(REFUSALS)(
    '[FAULTS-%i] %s is refused memory beyond its budget, answers, and nothing kills it',
    async (_row, fixture, ending) => {
      await using own = await openWith(tier, fixture);
      const restBytes = await residentBytes(await liveGuest(own, fixture));
      for (let time = 0; time < 3; time += 1) {
        const { outcome, peakBytes } = await attack(own, fixture, await liveGuest(own, fixture));
        expect(endingOf(outcome)).toEqual(ending);
        expect(peakBytes - restBytes).toBeLessThanOrEqual(GROWTH_BYTES_MAX + BESIDE_DATA_BYTES);
      }
      expect(await killsOf(own)).toBe(0);
      expect(own.host.health(fixture)).toMatchObject({ breaker: 'closed' });
    },
  );

  test('[FAULTS-22] a guest that swallows refusals has all of its budget, and no more than the margin beside it', async () => {
    await using own = await openWith(tier, 'swallow-refusals');
    const guest = await liveGuest(own, 'swallow-refusals');
    const restBytes = await residentBytes(guest);
    const { peakBytes } = await attack(own, 'swallow-refusals', guest);
    expect(peakBytes - restBytes).toBeGreaterThan(MEMORY_MB * MIB);
    expect(peakBytes - restBytes).toBeLessThanOrEqual(GROWTH_BYTES_MAX + BESIDE_DATA_BYTES);
  });

  test('[FAULTS-28] a guest that fills memory at full speed never holds 64 MiB more than its budget', async () => {
    await using own = await openWith(tier, 'grow-fast');
    const guest = await liveGuest(own, 'grow-fast');
    expect(await dataLeftBytes(guest)).toBeLessThanOrEqual(GROWTH_BYTES_MAX);
    const restBytes = await residentBytes(guest);
    const group = await watchGroup(own, guest);
    const { outcome, peakBytes } = await attack(own, 'grow-fast', guest);
    expect(endingOf(outcome)).toEqual({ ...REFUSED, limit: 'memory_mb' });
    expect(peakBytes - restBytes).toBeLessThanOrEqual(GROWTH_BYTES_MAX + BESIDE_DATA_BYTES);
    expect(await group.growthBytes()).toBeLessThanOrEqual(GROWTH_BYTES_MAX + BESIDE_DATA_BYTES);
  });
});

type Attacked = { readonly outcome: Outcome; readonly peakBytes: number };

/** Makes the attack, and looks all the while how much the process had resident at its peak. */
async function attack(own: OwnHost, plugin: string, { inner }: Live): Promise<Attacked> {
  let seen = 0;
  let isOver = false;
  const call = own.host.call({ plugin, tool: 'attack' }).finally(() => (isOver = true));
  for (; !isOver; await new Promise(setImmediate)) seen = readPeak(inner) ?? seen;
  return { outcome: await call, peakBytes: readPeak(inner) ?? seen };
}

async function residentBytes({ inner }: Live): Promise<number> {
  return Number.parseInt((await statusOf(inner, 'VmRSS')) ?? '', 10) * 1024;
}

/** The kernel's high-water mark of resident memory; undefined once the process is gone. */
function readPeak(pid: number): number | undefined {
  try {
    const kib = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

async function killsOf({ host }: OwnHost): Promise<number> {
  const lines = (await host.metrics()).split('\n').filter((line) => line.startsWith('sandbox_kills_total{'));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** What RLIMIT_DATA leaves the guest beyond what it has. */
async function dataLeftBytes({ inner }: Live): Promise<number> {
  const limits = await readFile(`/proc/${inner}/limits`, 'utf8');
  const limitBytes = Number(/^Max data size\s+(\d+)/m.exec(limits)?.[1]);
  return limitBytes - Number.parseInt((await statusOf(inner, 'VmData')) ?? '', 10) * 1024;
}

type WatchedGroup = { readonly growthBytes: () => Promise<number> };
const NO_GROUP: WatchedGroup = { growthBytes: () => Promise.resolve(0) };

/** The peak of all guests of the host together, whose group outlives them; only version 1 of control groups starts it anew. */
async function watchGroup({ host }: OwnHost, { inner }: Live): Promise<WatchedGroup> {
  const layer = host.receipt.layers.find(({ name }) => name === 'memory-cgroup');
  if (layer?.holds !== true || !layer.how.endsWith('(cgroup version 1)')) return NO_GROUP;
  const [mounts, groups] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    readFile(`/proc/${inner}/cgroup`, 'utf8'),
  ]);
  const own = ownGroups(mounts, groups).find(({ controllers }) => controllers.includes('memory'));
  const home = dirname(own?.path ?? '');
  const read = async (file: string): Promise<number> => Number(await readFile(join(home, file), 'utf8'));
  const before = await read('memory.usage_in_bytes');
  await writeFile(join(home, 'memory.max_usage_in_bytes'), '0');
  return {
    growthBytes: async () => (await read('memory.max_usage_in_bytes')) - before,
  };
}
