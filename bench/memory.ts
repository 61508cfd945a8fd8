/**
 * Question: what does a guest hold, and does a host that serves for long keep more and more?
 *
 * Workload: private memory (Private_Clean and Private_Dirty of smaps_rollup) of the Node process inside the strongest
 * sandbox: of spares, and of guests of the fixture `trivial` that were idle for 10 s after 1,000 calls, made one by one
 * and 64 at once. Then 200,000 calls, 64 in flight, on a host whose heap is collected by force and read every 10,000.
 *
 * Budget: a spare at most 12 MB, an idle guest at most 18 MB. The host's heap and buffers are flat: the slope over the
 * samples is at most 5 bytes a call, a third of the smallest object that could be kept for each. About 20 s; run with
 * --expose-gc.
 */
import type { Host } from '@bulkhead/host';
import { setTimeout as delay } from 'node:timers/promises';
import { atMost, report, told, type Figure } from './lib/figures.ts';
import { assertOk, callTrivial, openBenchHost, untilSpare } from './lib/host.ts';
import { guestsBelow, privateMb, rssMb } from './lib/processes.ts';
import { median, slope } from './lib/statistics.ts';

const SPARES = 5;
const IDLE_MS = 10_000;
const GUEST_CALLS = 1_000;
const IN_FLIGHT = 64;
const WARM_UP_CALLS = 40_000;
const HEAP_CALLS = 200_000;
const SAMPLE_CALLS = 10_000;
const BOUNDS = { spareMb: 12, idleMb: 18, bytesPerCall: 5 };

await using host = await openBenchHost(['trivial']);
report('memory', [...(await measureGuests()), ...(await measureHeap())]);

async function measureGuests(): Promise<readonly Figure[]> {
  const spares: number[] = [];
  const guests: number[] = [];
  for (let sample = 0; sample < SPARES; sample += 1) {
    const spare = await untilNewGuest(guests);
    spares.push(privateMb(spare));
    guests.push(spare);
    await callMany(host, {
      tenant: `tenant-${sample}`,
      calls: GUEST_CALLS,
      inFlight: sample % 2 === 0 ? 1 : IN_FLIGHT,
    });
  }
  await delay(IDLE_MS);
  const idle = guests.map(privateMb);
  return [
    atMost('spare_private', Math.max(...spares), { unit: 'MB', bound: BOUNDS.spareMb }),
    told('spare_private_median', median(spares), 'MB'),
    atMost('idle_guest_private', Math.max(...idle), { unit: 'MB', bound: BOUNDS.idleMb }),
    told('idle_guest_private_median', median(idle), 'MB'),
  ];
}

/** The pool has one spare, so it is the one guest that no tenant has yet. */
async function untilNewGuest(known: readonly number[]): Promise<number> {
  await untilSpare(host);
  const guest = guestsBelow(process.pid).find((pid) => !known.includes(pid));
  if (guest === undefined) throw new Error('the pool has a spare, but no process is it');
  return guest;
}

async function measureHeap(): Promise<readonly Figure[]> {
  await callMany(host, { tenant: 'heap', calls: WARM_UP_CALLS, inFlight: IN_FLIGHT });
  const calls: number[] = [0];
  const bytes: number[] = [heldBytes()];
  for (let done = SAMPLE_CALLS; done <= HEAP_CALLS; done += SAMPLE_CALLS) {
    await callMany(host, { tenant: 'heap', calls: SAMPLE_CALLS, inFlight: IN_FLIGHT });
    calls.push(done);
    bytes.push(heldBytes());
  }
  const megabytes = bytes.map((held) => held / 2 ** 20);
  return [
    atMost('host_heap_slope', slope(calls, bytes), { unit: 'B/call', bound: BOUNDS.bytesPerCall }),
    told('host_heap_lowest', Math.min(...megabytes), 'MB'),
    told('host_heap_highest', Math.max(...megabytes), 'MB'),
    told('host_rss', rssMb(), 'MB'),
  ];
}

function heldBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

type Load = { readonly tenant: string; readonly calls: number; readonly inFlight: number };

async function callMany(target: Host, { tenant, calls, inFlight }: Load): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < calls) {
      begun += 1;
      assertOk(await callTrivial(target, tenant));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}
