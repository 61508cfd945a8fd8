/**
 * Time as the host reads it. Deadlines are monotonic, so a jump of the wall clock ends no call (FAULTS 117).
 */
export type Clock = {
  /** Monotonic milliseconds, with fractions; only differences mean something. */
  readonly now: () => number;
  /** Milliseconds since the epoch, for what people read. */
  readonly wallTime: () => number;
};

/** The machine's own clocks. */
export const systemClock: Clock = { now: () => performance.now(), wallTime: () => Date.now() };

/** Formats a wall time as ISO 8601 in UTC with milliseconds. */
export function isoTime(wallTime: number): string {
  return new Date(wallTime).toISOString();
}

/** Rounds milliseconds to whole microseconds: what a clock says beyond them is noise, in every answer, log line and row. */
export function roundToMicroseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}

/** The day (UTC) of a wall time, `YYYY-MM-DD`. */
export function dayOf(wallTime: number): string {
  return isoTime(wallTime).slice(0, 10);
}

/** Milliseconds from a wall time to midnight UTC, when what is bounded by day begins anew. */
export function untilMidnight(wallTime: number): number {
  return DAY_MS - (wallTime % DAY_MS);
}

const DAY_MS = 86_400_000;
