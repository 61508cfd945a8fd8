/**
 * For tests of what moves registrations by itself: a real catalogue over a storage, and a clock that the test moves.
 */
import { parseDigest, parseManifest } from '@bulkhead/protocol';
import { randomUUID } from 'node:crypto';
import { openCatalogue, type Catalogue } from '../catalogue/catalogue.ts';
import { createReleases, type Release, type Releases } from '../catalogue/releases.ts';
import type { StartTimer } from '../base/timer.ts';
import type { MoveKind } from '../storage/catalogue-port.ts';
import type { Storage } from '../storage/port.ts';

/** A clock and its timers; `pass` lets time go by and what was due then happen. */
export type TestTime = {
  readonly clock: { readonly now: () => number; readonly wallTime: () => number };
  readonly startTimer: StartTimer;
  readonly pass: (milliseconds: number) => Promise<void>;
  readonly timerCount: () => number;
};

/** Makes a clock that stands. */
export function createTestTime(): TestTime {
  let now = Date.UTC(2026, 0, 1);
  const timers = new Map<() => void, number>();
  return {
    clock: { now: () => now, wallTime: () => now },
    startTimer: (delayMs, didElapse) => {
      timers.set(didElapse, now + delayMs);
      return () => void timers.delete(didElapse);
    },
    pass: async (milliseconds) => {
      now += milliseconds;
      for (const [elapse, at] of timers) {
        if (at > now) continue;
        timers.delete(elapse);
        elapse();
      }
      await settled();
    },
    timerCount: () => timers.size,
  };
}

/** Waits until nothing more happens by itself. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
}

/** A catalogue with the plugin "calc" in two versions. */
export type CalcCatalogue = {
  readonly catalogue: Catalogue;
  readonly releases: Releases;
  /** Registers tenants with 1.0.0. */
  readonly enable: (...tenants: readonly string[]) => Promise<void>;
  readonly moveTo: (tenant: string, version: string, kind: Exclude<MoveKind, 'enable'>) => Promise<void>;
  readonly versionOf: (tenant: string) => string | undefined;
};

/** Opens one over a storage; `version.digit` of a release is its whole digest. */
export async function openCalc(storage: Storage, { clock }: TestTime): Promise<CalcCatalogue> {
  const catalogue = await openCatalogue(storage, clock);
  const releases = createReleases({ catalogue, clock, newId: randomUUID });
  const [one] = [await publish(releases, '1.0.0'), await publish(releases, '2.0.0')];
  return {
    catalogue,
    releases,
    enable: async (...tenants) => {
      for (const tenant of tenants) await releases.enable(one, { tenant });
    },
    moveTo: async (tenant, version, kind) => {
      const expected = releases.registrationOf(tenant, 'calc')?.revision ?? 0;
      await releases.move(tenant, 'calc', { kind, version, grants: [], expected });
    },
    versionOf: (tenant) => releases.registrationOf(tenant, 'calc')?.plugin_version,
  };
}

/** The digest of a release of "calc". */
export function calcDigest(version: string): string {
  return (version[0] ?? '0').repeat(64);
}

function publish(releases: Releases, version: string): Promise<Release> {
  const parsed = parseManifest({ name: 'calc', version, description: 'd', author: 'a' });
  const digest = parseDigest(calcDigest(version));
  if (!parsed.ok || digest === undefined) throw new Error('the fixture’s own release is invalid');
  const what = { manifest: parsed.manifest, digest, place: '/plugins/calc', findings: [] };
  return releases.publish({ ...what, isPublic: true, isTrusted: true });
}
