/**
 * Keeps what this host runs in step with what the catalogue says, whoever changed it: this host, or another node. It decides
 * nothing and commits nothing.
 *
 *   named by a registration, and not here  ──▶ brought up from its artifact, at once or when a call asks for it first
 *   named until now, and by nobody now     ──▶ retired, once what takes its place is here
 *   plugin gone from the catalogue         ──▶ forgotten
 *
 * A release that somebody tries out is held, and left alone.
 */
import type { Clock } from '../base/clock.ts';
import type { StartTimer } from '../base/timer.ts';
import type { Release } from '../catalogue/releases.ts';
import { RETRY_AFTER_MS, createArrivals, type Arrivals } from './arrivals.ts';
import type { InstallPath } from './install-path.ts';
import { retireUnnamed } from './retire.ts';

/** Follows the catalogue until it is closed. */
export type Follower = Pick<Arrivals, 'bring'> & {
  /** Brings up all that is registered, one after another: what a start does. */
  readonly begin: () => Promise<void>;
  /** The catalogue has changed; what follows from it is done soon. O(1). */
  readonly didChange: () => void;
  /** What is registered and, when it was looked at last, could not be brought up. */
  readonly missing: () => readonly Release[];
  readonly close: () => void;
};

/** What a follower needs beside the install path. */
export type FollowerOptions = {
  readonly path: InstallPath;
  readonly clock: Pick<Clock, 'now'>;
  readonly startTimer: StartTimer;
};

/** Commits that come close together are looked at once: a look reads every registration. */
const LOOK_AFTER_MS = 50;

/** Makes a follower that knows nothing yet. */
export function createFollower({ path, clock, startTimer }: FollowerOptions): Follower {
  const { releases, fleet } = path;
  const { bring, isAwaited, forget } = createArrivals(path, clock);
  let named: readonly Release[] = [];
  let plugins: readonly string[] = [];
  let missing: readonly Release[] = [];
  const didFail = (error: unknown): void => path.log.error({ err: error }, 'the catalogue was not followed');
  const tryLook = (): void => void look().catch(didFail);
  const soon = createAppointment(startTimer, LOOK_AFTER_MS, tryLook);
  const again = createAppointment(startTimer, RETRY_AFTER_MS, tryLook);

  function remember(): void {
    named = releases.registered();
    plugins = releases.plugins();
  }

  function findMissing(): readonly Release[] {
    return wantedBy(path).filter(({ digest }) => fleet.find(digest) === undefined);
  }

  async function look(): Promise<void> {
    const gone = plugins.filter((plugin) => releases.releasesOf(plugin).length === 0);
    const left = named.filter((release) => !isNamed(path, release));
    remember();
    for (const plugin of gone) void path.inTurn(() => forgetPlugin(path, plugin)).catch(didFail);
    missing = findMissing();
    await Promise.all(missing.map(bring));
    missing = findMissing();
    if (missing.some(({ digest }) => isAwaited(digest))) again.make();
    for (const { digest } of left) forget(digest);
    // Only now: a call that was on its way to one that left finds its successor.
    const names = new Set(left.map(({ manifest }) => manifest.name));
    await Promise.all([...names].map((name) => retireUnnamed(path, name)));
  }

  return {
    bring,
    begin: async () => {
      remember();
      for (const release of wantedBy(path)) await bring(release);
      missing = findMissing();
      soon.make(); // For what changed meanwhile, and what the storage did not give.
    },
    didChange: soon.make,
    missing: () => missing,
    close: () => [soon, again].forEach(({ cancel }) => cancel()),
  };
}

/** One look that is to come, however often it is asked for; after `cancel` none comes. */
function createAppointment(startTimer: StartTimer, delayMs: number, keep: () => void) {
  let stop: (() => void) | undefined;
  let isOver = false;
  return {
    make: (): void => {
      if (isOver) return;
      stop ??= startTimer(delayMs, () => {
        stop = undefined;
        keep();
      });
    },
    cancel: (): void => {
      isOver = true;
      stop?.();
    },
  };
}

/** Releases of plugins that somebody has enabled. */
function wantedBy({ releases }: InstallPath): readonly Release[] {
  return releases.registered().filter(({ manifest }) => !releases.isDisabled(manifest.name));
}

function isNamed({ releases }: InstallPath, { manifest }: Release): boolean {
  return releases.isNamed(manifest.name, manifest.version);
}

/** Its name is free from now on, while what it has in flight ends; unless it was installed again before this had its turn. */
async function forgetPlugin(path: InstallPath, plugin: string): Promise<void> {
  const { releases, registry, metrics, fleet } = path;
  if (releases.releasesOf(plugin).length > 0) return;
  registry.unregister(plugin);
  await releases.remove(plugin); // Writes nothing: it has no release any more.
  metrics.removePlugin(plugin);
  for (const { spec } of fleet.all()) if (spec.name === plugin) void fleet.retire(spec.digest);
}
