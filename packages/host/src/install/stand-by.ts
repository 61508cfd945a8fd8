/**
 * Keeps releases at hand that nobody runs any more and that may still be asked to serve: until a time, after which they go like any
 * that nobody runs.
 */
import type { Clock } from '../base/clock.ts';
import type { StartTimer } from '../base/timer.ts';
import type { Release } from '../catalogue/releases.ts';
import { retireUnnamed, type RetirePath } from './retire.ts';

/** Releases that are kept at hand. */
export type StandBy = {
  /** Keeps one until a time, in milliseconds since the epoch; the latest that was said holds. O(1). */
  readonly keep: (release: Release, until: number) => void;
  /** Lets all of them go; what ends them is the end of the host. */
  readonly close: () => void;
};

/** What it is made of. */
export type StandByOptions = {
  readonly path: RetirePath;
  readonly clock: Pick<Clock, 'wallTime'>;
  readonly startTimer: StartTimer;
};

type Kept = { until: number; cancelTimer: () => void; readonly letGo: () => void };

/** Keeps none yet. */
export function createStandBy({ path, clock, startTimer }: StandByOptions): StandBy {
  const kept = new Map<string, Kept>();

  function wait(release: Release): () => void {
    const leftMs = (kept.get(release.digest)?.until ?? 0) - clock.wallTime();
    return startTimer(Math.max(0, leftMs), () => look(release));
  }

  function look(release: Release): void {
    const one = kept.get(release.digest);
    if (one === undefined) return;
    if (one.until > clock.wallTime()) return void (one.cancelTimer = wait(release));
    kept.delete(release.digest);
    one.letGo();
    void retireUnnamed(path, release.manifest.name);
  }

  function keep(release: Release, until: number): void {
    const one = kept.get(release.digest);
    if (one !== undefined) return void (one.until = Math.max(one.until, until));
    const added: Kept = { until, cancelTimer: () => undefined, letGo: path.fleet.hold(release.digest) };
    kept.set(release.digest, added);
    added.cancelTimer = wait(release);
  }

  function close(): void {
    for (const { cancelTimer, letGo } of kept.values()) {
      cancelTimer();
      letGo();
    }
    kept.clear();
  }

  return { keep, close };
}
