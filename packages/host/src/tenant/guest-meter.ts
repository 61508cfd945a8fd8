/**
 * What each tenant's guests use, read from the watchdog's own samples: nothing is measured for it, and nothing is done on the
 * call path. Calls cannot be asked: one that is shorter than a sample was seen to use nothing, and of calls at the same time in
 * one guest each is told the whole guest's time.
 *
 * CPU time is that of the guest's Node from its start on, at work or idle. Memory is what it holds resident, about 55 MiB
 * for an idle one, times the time that it held it. Both lag behind by one reading and one sample (50 ms for a busy guest,
 * 1 s for an idle one), and what a guest did after its last sample is not charged.
 *
 * M1: A guest is charged to one tenant, from `watch` until it is released, each interval once.
 */
import type { Clock } from '../base/clock.ts';
import type { GuestUse } from './quota.ts';

/** A guest as far as it is metered; null before its first sample. */
export type MeteredGuest = {
  readonly usage: () => { readonly cpuMs: number | null; readonly rssBytes: number | null };
};

/** The meter of one host. */
export type GuestMeter = {
  /** Charges a guest to a tenant until the returned function is called; that charges what is left, once. */
  readonly watch: (tenant: string, guest: MeteredGuest) => () => void;
  /** Charges what was used since the last reading. O(guests); somebody calls it every {@link READ_EVERY_MS}. */
  readonly read: () => void;
};

/** Where time comes from and charges go to; `now` is the moment up to which they count. */
export type GuestMeterOptions = {
  readonly clock: Clock;
  readonly charge: (tenant: string, use: GuestUse, now: number) => void;
};

/** How often guests are read: an idle one is sampled no more often. */
export const READ_EVERY_MS = 1_000;

type Entry = { readonly tenant: string; readonly guest: MeteredGuest; cpuMs: number; at: number };

const MIB = 1024 * 1024;

/** Creates a meter without guests. */
export function createGuestMeter({ clock, charge }: GuestMeterOptions): GuestMeter {
  const entries = new Set<Entry>();

  function readOne(entry: Entry): void {
    const now = clock.now();
    const { cpuMs, rssBytes } = entry.guest.usage();
    const total = cpuMs ?? entry.cpuMs;
    const memoryMbMs = ((rssBytes ?? 0) / MIB) * (now - entry.at);
    charge(entry.tenant, { cpuMs: total - entry.cpuMs, memoryMbMs }, now);
    entry.cpuMs = total;
    entry.at = now;
  }

  return {
    watch: (tenant, guest) => {
      const entry = { tenant, guest, cpuMs: 0, at: clock.now() };
      entries.add(entry);
      return () => {
        if (entries.delete(entry)) readOne(entry);
      };
    },
    read: () => {
      for (const entry of entries) readOne(entry);
    },
  };
}
