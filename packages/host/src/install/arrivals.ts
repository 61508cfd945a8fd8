/**
 * Releases on their way to this host: each is brought up by one attempt at a time, which whoever needs it joins. One that
 * failed a moment ago is not tried again for each call that asks for it.
 */
import type { Clock } from '../base/clock.ts';
import type { Release } from '../catalogue/releases.ts';
import type { InstallPath } from './install-path.ts';
import { restoreRelease } from './restore.ts';

/** How long a failed attempt stands. */
export const RETRY_AFTER_MS = 1_000;

/** Brings releases up. */
export type Arrivals = {
  /** Brings a release up, or waits for whoever does; never rejects. The registry says what came of it. */
  readonly bring: (release: Release) => Promise<void>;
  /** Tells whether the last attempt met a storage that was away, so that another may do better. */
  readonly isAwaited: (digest: string) => boolean;
  /** Forgets the attempts of a release that nobody names any more. */
  readonly forget: (digest: string) => void;
};

/** Makes arrivals of which none is on its way. */
export function createArrivals(path: InstallPath, clock: Pick<Clock, 'now'>): Arrivals {
  const bringing = new Map<string, Promise<void>>();
  const failures = new Map<string, { readonly at: number; readonly isAway: boolean }>();

  async function attempt(release: Release): Promise<void> {
    const { digest } = release;
    const restored = await restoreRelease(path, release);
    bringing.delete(digest);
    if (restored === 'tried') failures.delete(digest);
    else failures.set(digest, { at: clock.now(), isAway: restored === 'away' });
  }

  return {
    bring: (release) => {
      const { digest } = release;
      const running = bringing.get(digest);
      if (running !== undefined) return running;
      const failure = failures.get(digest);
      if (failure !== undefined && clock.now() - failure.at < RETRY_AFTER_MS) return Promise.resolve();
      const started = attempt(release);
      bringing.set(digest, started);
      return started;
    },
    isAwaited: (digest) => failures.get(digest)?.isAway === true,
    forget: (digest) => void failures.delete(digest),
  };
}
