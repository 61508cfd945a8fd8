/**
 * Keeps an instance of each plugin that works in the background (ADR 20): one for each tenant whose registration was granted
 * `threads` or `events`, from the moment that it is enabled, without waiting for a call. It starts and ends; what may run is
 * the catalogue's to say.
 *
 *   wanted, and none lives ──▶ started, a few at a time   ──▶ died of itself ──▶ again after 1 s, 2 s, … 60 s
 *   lives, and not wanted  ──▶ ended, with its calls first
 *
 * E1: A tenant has at most one instance of such a plugin on a node; a worn one until its successor serves.
 * E2: A plugin that dies in the background is started at most once in its delay, and not while its breaker holds calls back.
 * E3: What is disabled, revoked or moved on from does not run on.
 */
import { DEFAULT_TENANT, LIMITS, askedPermissions, type JsonObject, type Tier } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import { refuseSecrets, type SecretPolicy } from '../call/refuse-secrets.ts';
import type { Releases, Resolution } from '../catalogue/releases.ts';
import type { Registry } from '../registry/registry.ts';
import { worksInBackground } from './background.ts';
import { needsOf } from './compile-tool.ts';
import type { Fleet } from './fleet.ts';
import type { LivePlugin } from './live-plugin.ts';
import { refuseWeakSandbox, type TierPolicy } from './needed-tier.ts';

/** What residents are kept by. */
export type ResidentsOptions = TierPolicy &
  SecretPolicy & {
    readonly releases: Releases;
    readonly registry: Pick<Registry, 'isHoldingBack'>;
    readonly fleet: Fleet;
    readonly clock: Pick<Clock, 'now'>;
    readonly log: Log;
    readonly startTimer: StartTimer;
    /** The least tier that a tenant asks for, where it does. */
    readonly minTierOf: (tenant: string) => Tier | undefined;
  };

/** Whose instance it is. */
export type ResidentPlace = { readonly name: string; readonly tenant: string; readonly digest: string };

/** The residents of one host. */
export type Residents = {
  /** Something has changed; what follows from it is done soon. O(1). */
  readonly didChange: () => void;
  /** Tells whether an instance is to live on although nobody calls it. O(1). */
  readonly isWanted: (place: ResidentPlace) => boolean;
  /** An instance is gone, or could not start; `isFault`: by its own doing. */
  readonly didEnd: (place: ResidentPlace, isFault: boolean) => void;
  readonly close: () => void;
};

type Wanted = ResidentPlace & { readonly live: LivePlugin; readonly config: JsonObject };
type Setback = { readonly count: number; readonly at: number; readonly untilMs: number };

const LOOK_AFTER_MS = 50;
/** For what nobody tells of: a release that has arrived, a secret that was set, a breaker that lets pass again. */
const LOOK_EVERY_MS = 1_000;
const STARTS_AT_ONCE = 4;
const DELAY_FIRST_MS = 1_000;
const DELAY_MAX_MS = 60_000;
const STABLE_MS = 2 * DELAY_MAX_MS;

/** Makes residents of which none is there yet. */
export function createResidents(options: ResidentsOptions): Residents {
  const { clock, startTimer, releases, fleet, registry } = options;
  const setbacks = createSetbacks(clock);
  const starting = new Set<string>();
  let cancel: (() => void) | undefined;
  let lookAt = Infinity;
  let isClosed = false;

  function lookIn(delayMs: number): void {
    const at = clock.now() + delayMs;
    if (isClosed || at >= lookAt) return;
    cancel?.();
    lookAt = at;
    cancel = startTimer(delayMs, look);
  }

  function look(): void {
    lookAt = Infinity;
    const places = placesOf(options);
    const wanted = listWanted(options, places);
    endUnwanted(options);
    const lacking = wanted.filter((each) => !isInhabited(each));
    for (const each of lacking) if (mayStart(each)) start(each);
    setbacks.keep(new Set(wanted.map(keyOf)));
    // What is to run, and is not here yet or may not run yet, is looked for again.
    if (lacking.length > 0 || places.length > wanted.length) lookIn(LOOK_EVERY_MS);
  }

  function mayStart(each: Wanted): boolean {
    const key = keyOf(each);
    if (starting.has(key) || starting.size >= STARTS_AT_ONCE) return false;
    if (setbacks.isWaiting(key)) return false;
    if (registry.isHoldingBack(each.name, each.tenant, each.digest)) return false;
    return fleet.all().reduce((sum, live) => sum + live.sandboxes().length, 0) < LIMITS.guests.value;
  }

  function start(each: Wanted): void {
    starting.add(keyOf(each));
    void each.live.start(each.tenant, each.config).then(() => {
      starting.delete(keyOf(each));
      lookIn(LOOK_AFTER_MS);
    });
  }

  return {
    didChange: () => lookIn(LOOK_AFTER_MS),
    isWanted: ({ name, tenant, digest }) => {
      const isNamed = tenant === DEFAULT_TENANT || releases.registrationOf(tenant, name) !== undefined;
      return isNamed && isGranted(releases.resolve(tenant, name), digest);
    },
    didEnd: (place, isFault) => {
      if (!isGranted(releases.resolve(place.tenant, place.name), place.digest)) return;
      if (isFault) setbacks.add(keyOf(place));
      lookIn(LOOK_AFTER_MS);
    },
    close: () => {
      isClosed = true;
      cancel?.();
    },
  };
}

/** What died lately, and how long it waits before it is started again (E2). */
function createSetbacks({ now }: ResidentsOptions['clock']) {
  const setbacks = new Map<string, Setback>();
  return {
    add: (key: string): void => {
      const before = setbacks.get(key);
      const at = now();
      const count = before !== undefined && at - before.at < STABLE_MS ? before.count + 1 : 1;
      const delayMs = Math.min(DELAY_MAX_MS, DELAY_FIRST_MS * 2 ** (count - 1));
      setbacks.set(key, { count, at, untilMs: at + delayMs });
    },
    isWaiting: (key: string): boolean => now() < (setbacks.get(key)?.untilMs ?? -Infinity),
    keep: (wanted: ReadonlySet<string>): void => {
      for (const key of setbacks.keys()) if (!wanted.has(key)) setbacks.delete(key);
    },
  };
}

/** Who has them enabled by name, and the built-in tenant; another tenant of what all may call gets its first by a call. */
function listWanted(options: ResidentsOptions, places: readonly Place[]): readonly Wanted[] {
  const { fleet } = options;
  return places.flatMap(({ tenant, resolution }) => {
    const { release, config } = resolution;
    const { manifest, digest } = release;
    const live = fleet.find(digest);
    // Without a trial that went well nobody knows that it starts; whoever calls it is told why not.
    if (live?.isResident !== true || live.ready() === undefined) return [];
    const lacks =
      refuseWeakSandbox(options, release, options.minTierOf(tenant)) ?? refuseSecrets(options, tenant, resolution);
    return lacks === undefined ? [{ name: manifest.name, tenant, digest, live, config }] : [];
  });
}

type Resolved = Extract<Resolution, { kind: 'resolved' }>;
type Place = { readonly tenant: string; readonly resolution: Resolved };

function placesOf({ releases }: ResidentsOptions): readonly Place[] {
  const names = releases.plugins().filter((name) => releases.releasesOf(name).some(isBackground));
  return names.flatMap((name) => {
    const tenants = new Set([DEFAULT_TENANT, ...releases.registrantsOf(name).map((row) => row.tenant_id)]);
    return [...tenants].flatMap((tenant) => {
      const resolution = releases.resolve(tenant, name);
      return resolution.kind === 'resolved' && isGranted(resolution) ? [{ tenant, resolution }] : [];
    });
  });
}

function endUnwanted({ fleet, releases }: ResidentsOptions): void {
  for (const live of fleet.all()) {
    if (!live.isResident) continue;
    const { name, digest } = live.spec;
    const left = live.scopes().filter((tenant) => !mayRun(releases.resolve(tenant, name), digest));
    for (const tenant of left) void live.renew(tenant);
  }
}

function isInhabited({ live, tenant }: Wanted): boolean {
  return live.groupOf(tenant)?.isInhabited() === true;
}

/** All that the plugin needs is granted, and something for work in the background. */
function isGranted(resolution: Resolution, digest?: string): boolean {
  if (resolution.kind !== 'resolved' || !isBackground(resolution.release)) return false;
  return mayRun(resolution, digest) && worksInBackground(resolution.registration.granted_permissions);
}

/** All that the plugin needs is granted: it may be called, if it may not work in the background. */
function mayRun(resolution: Resolution, digest: string | undefined): boolean {
  if (resolution.kind !== 'resolved') return false;
  const { release, registration } = resolution;
  const { capabilities } = needsOf(release.manifest.required_permissions);
  const isSame = digest === undefined || release.digest === digest;
  return isSame && capabilities.every((word) => registration.granted_permissions.includes(word));
}

function isBackground({ manifest }: Resolved['release']): boolean {
  return worksInBackground(askedPermissions(manifest));
}

function keyOf({ name, tenant, digest }: ResidentPlace): string {
  return `${digest}\0${tenant}\0${name}`;
}
