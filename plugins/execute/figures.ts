/**
 * Figures of several runs of the same.
 */
import type { CommandRun, JsonObject } from '@bulkhead/sdk';

/** Median, interquartile range and the values themselves, in their unit; of no values the first two are null. */
export function figuresOf(values: readonly number[]): JsonObject {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, low, high] = [0.5, 0.25, 0.75].map((share) => quantileOf(sorted, share));
  const spread = low === undefined || high === undefined ? null : high - low;
  return { median: median ?? null, spread, values: [...values] };
}

/** What the kernel measured of the runs: wall time of each, median CPU time, largest memory; null where nothing was. */
export function measured(runs: readonly CommandRun[]): JsonObject {
  const cpu = runs.map((run) => run.cpu_ms).filter((ms) => ms !== null);
  const peaks = runs.map((run) => run.peak_rss_bytes).filter((bytes) => bytes !== null);
  return {
    wall_ms: figuresOf(runs.map((run) => run.wall_ms)),
    cpu_ms:
      quantileOf(
        cpu.toSorted((a, b) => a - b),
        0.5,
      ) ?? null,
    peak_rss_bytes: peaks.length === 0 ? null : Math.max(...peaks),
    repeats: runs.length,
  };
}

/** Linear between neighbours, as most statistics programs have it by default (Hyndman and Fan, type 7). */
function quantileOf(sorted: readonly number[], share: number): number | undefined {
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below === undefined || above === undefined ? undefined : below + (above - below) * (at - Math.floor(at));
}
