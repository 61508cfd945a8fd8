/**
 * Holds calls back from a release that keeps dying in a scope. A pure value and pure steps; the registry owns one per
 * release and scope, and the clock is passed in. It knows deaths of guests, never calls (DESIGN 3).
 *
 *             3 deaths in 60 s                     backoff over
 *   closed ────────────────────▶ open ─────────────────────────────▶ half_open (one call at a time is the probe)
 *     ▲                            ▲ │ 5th opening in a row                │      │
 *     │                            │ └──────────▶ held ── reloaded ──┐     │      │
 *     │                            └──────────── a death ────────────┼─────┘      │
 *     └──────────────────────────────────────────────────────────────┴── the probe lived
 *
 * I1: A death counts once, by its instance, however many calls report it and however late they are.
 * I2: Backoff is 1 s, doubled at each opening in a row, at most 60 s; 60 s closed without a death end the row.
 * I3: While open or held no call passes; while half-open at most one is on probation.
 * I4: `held` is left by `reloaded` alone.
 */
import type { BreakerState } from '@bulkhead/protocol';

/** A death of a guest: `at` is monotonic milliseconds. */
type Death = { readonly instanceId: string; readonly at: number };

/** `dead` are the newest deaths, oldest first; `openings` are those in a row. */
type Memory = { readonly dead: readonly Death[]; readonly openings: number };

/** A breaker of one release and scope. Times are monotonic milliseconds; a value, never changed in place. */
export type Breaker = Memory &
  (
    | { readonly kind: 'closed'; readonly closedAt: number }
    | { readonly kind: 'open'; readonly untilMs: number }
    | { readonly kind: 'half_open'; readonly isProbing: boolean }
    | { readonly kind: 'held' }
  );

/** The numbers of a breaker: `deathsMax` in `windowMs` open it, `openingsMax` in a row hold it. */
export type BreakerPolicy = {
  readonly deathsMax: number;
  readonly windowMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  readonly stableMs: number;
  readonly openingsMax: number;
};

/** The numbers of DESIGN 3. */
export const BREAKER_POLICY: BreakerPolicy = {
  deathsMax: 3,
  windowMs: 60_000,
  backoffFirstMs: 1_000,
  backoffMaxMs: 60_000,
  stableMs: 60_000,
  openingsMax: 5,
};

/** A straggler reports a death within the kill's 350 ms; this many other deaths do not fit in between. */
const DEAD_REMEMBERED = 16;
/** What a caller is told to wait while somebody else's probe is in flight. */
const PROBE_RETRY_MS = 1_000;

/** No death yet. */
export const CLOSED: Breaker = { kind: 'closed', dead: [], openings: 0, closedAt: Number.NEGATIVE_INFINITY };

/** May a call pass? `breaker` is the state after the question; a `probe` must be answered with `probeLived` or `probeLost`. */
export type BreakerVerdict =
  | { readonly kind: 'pass' | 'probe'; readonly breaker: Breaker }
  | { readonly kind: 'hold'; readonly breaker: Breaker; readonly retryAfterMs: number };

/** Decides about one call at `now`, in monotonic milliseconds. */
export function admitCall(breaker: Breaker, now: number, policy: BreakerPolicy = BREAKER_POLICY): BreakerVerdict {
  switch (breaker.kind) {
    case 'closed':
      return { kind: 'pass', breaker };
    case 'held':
      return { kind: 'hold', breaker, retryAfterMs: policy.backoffMaxMs };
    case 'open':
      if (now < breaker.untilMs) return { kind: 'hold', breaker, retryAfterMs: Math.ceil(breaker.untilMs - now) };
      return { kind: 'probe', breaker: halfOpen(breaker, true) };
    case 'half_open':
      if (breaker.isProbing) return { kind: 'hold', breaker, retryAfterMs: PROBE_RETRY_MS };
      return { kind: 'probe', breaker: halfOpen(breaker, true) };
  }
}

/** The probe's guest outlived it: calls pass again, and the next 60 s show whether the row of openings is over. */
export function probeLived(breaker: Breaker, now: number): Breaker {
  if (breaker.kind !== 'half_open') return breaker;
  return { kind: 'closed', dead: breaker.dead, openings: breaker.openings, closedAt: now };
}

/** The probe said nothing about the guest (cancelled, never run, or its death is still to be reported). */
export function probeLost(breaker: Breaker): Breaker {
  return breaker.kind === 'half_open' ? halfOpen(breaker, false) : breaker;
}

/** A guest died of its plugin. One that is known to be dead changes nothing (I1). */
export function guestDied(breaker: Breaker, death: Death, policy: BreakerPolicy = BREAKER_POLICY): Breaker {
  if (breaker.dead.some((known) => known.instanceId === death.instanceId)) return breaker;
  const dead = [...breaker.dead, death].slice(-DEAD_REMEMBERED);
  if (breaker.kind === 'half_open') return open({ dead, openings: breaker.openings }, death.at, policy);
  if (breaker.kind !== 'closed') return { ...breaker, dead };
  const openings = isStable(breaker, death.at, policy) ? 0 : breaker.openings;
  const recent = dead.filter(({ at }) => at >= breaker.closedAt && death.at - at < policy.windowMs);
  if (recent.length >= policy.deathsMax) return open({ dead, openings }, death.at, policy);
  return { kind: 'closed', dead, openings, closedAt: breaker.closedAt };
}

/** The state as the health plane shows it; `held` is an open one that time does not close. */
export function breakerStateOf(breaker: Breaker, now: number): BreakerState {
  if (breaker.kind === 'held') return 'open';
  return breaker.kind === 'open' && now >= breaker.untilMs ? 'half_open' : breaker.kind;
}

function halfOpen(memory: Memory, isProbing: boolean): Breaker {
  return { kind: 'half_open', dead: memory.dead, openings: memory.openings, isProbing };
}

function open(memory: Memory, now: number, policy: BreakerPolicy): Breaker {
  const openings = memory.openings + 1;
  if (openings >= policy.openingsMax) return { kind: 'held', dead: memory.dead, openings };
  const backoffMs = Math.min(policy.backoffMaxMs, policy.backoffFirstMs * 2 ** (openings - 1));
  return { kind: 'open', dead: memory.dead, openings, untilMs: now + backoffMs };
}

function isStable(breaker: Breaker & { readonly kind: 'closed' }, now: number, policy: BreakerPolicy): boolean {
  const lastDeathAt = breaker.dead.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  return now - Math.max(breaker.closedAt, lastDeathAt) >= policy.stableMs;
}
