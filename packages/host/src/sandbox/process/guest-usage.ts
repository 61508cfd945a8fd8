/**
 * What one guest uses, from the watchdog's samples: CPU time and memory, what it burns while nobody asked it to, and
 * whether its memory has grown so that it should be replaced before it fails (FAULTS 9, 16).
 */

/** The account of one guest. */
export type GuestUsage = {
  /** CPU time since the process began and resident memory, at the last sample; null before the first. */
  readonly cpuMs: () => number | null;
  readonly rssBytes: () => number | null;
  /** The most of its samples. */
  readonly peakRssBytes: () => number | null;
  /**
   * CPU time used since the last call ended, without the tenth of the time since then that work in the background may use for ever;
   * 0 where a call was in flight at the last sample, or since.
   */
  readonly idleCpuMs: () => number;
  /** Takes a sample and returns the CPU time since the last one. */
  readonly take: (sample: UsageSample) => number;
  /** True once memory stayed high after a call; it does not become false again. */
  readonly isWorn: () => boolean;
};

/** `callsSent` and `callsInFlight` are of the moment of the sample; `at` is monotonic milliseconds. */
export type UsageSample = {
  readonly at: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly callsSent: number;
  readonly callsInFlight: number;
};

/** Of the budget, above what the process had when it was first seen. */
const WORN_SHARE = 0.75;
/** Of a core: a thread that works a little every second is no runaway, however long it does (FAULTS 16). */
const BACKGROUND_SHARE = 0.1;
/** Garbage is collected between samples; what is still there at the third was not garbage. */
const HIGH_SAMPLES = 3;

/** Opens an account; `memoryBytes` is the budget of the plugin. */
export function createGuestUsage(memoryBytes: number): GuestUsage {
  let last: UsageSample | undefined;
  let peakRssBytes = 0;
  let idleCpuMs = 0;
  let wornRssBytes = Infinity;
  let streak: { samples: number; callsEnded: number } | undefined;
  let isWorn = false;

  function judgeWear(sample: UsageSample): void {
    if (sample.rssBytes <= wornRssBytes) {
      streak = undefined;
      return;
    }
    const callsEnded = sample.callsSent - sample.callsInFlight;
    streak ??= { samples: 0, callsEnded };
    streak.samples += 1;
    // A call that is large while it runs is no leak: it must have ended, and the memory must have stayed.
    const isAfterCall = sample.callsInFlight === 0 || callsEnded > streak.callsEnded;
    if (streak.samples >= HIGH_SAMPLES && isAfterCall) isWorn = true;
  }

  return {
    cpuMs: () => last?.cpuMs ?? null,
    rssBytes: () => last?.rssBytes ?? null,
    peakRssBytes: () => (last === undefined ? null : peakRssBytes),
    idleCpuMs: () => idleCpuMs,
    take: (sample) => {
      const spentMs = last === undefined ? 0 : Math.max(0, sample.cpuMs - last.cpuMs);
      if (last === undefined) wornRssBytes = sample.rssBytes + WORN_SHARE * memoryBytes;
      const isIdle = sample.callsInFlight === 0 && sample.callsSent === last?.callsSent;
      const freeMs = BACKGROUND_SHARE * (sample.at - (last?.at ?? sample.at));
      idleCpuMs = isIdle ? Math.max(0, idleCpuMs + spentMs - freeMs) : 0;
      judgeWear(sample);
      peakRssBytes = Math.max(peakRssBytes, sample.rssBytes);
      last = sample;
      return spentMs;
    },
    isWorn: () => isWorn,
  };
}
