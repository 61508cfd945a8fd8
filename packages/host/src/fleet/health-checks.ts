/**
 * Asks every live instance how it is, at an interval (F004-6, F004-13, X004-2). Checks wake nobody: where no instance lives none
 * is asked, and one that is asked is not in use by it. They are no calls, and spread over the interval.
 */
import { LIMITS, type JsonObject } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { StartTimer } from '../base/timer.ts';
import type { Releases } from '../catalogue/releases.ts';
import type { Registry } from '../registry/registry.ts';
import { SHARED_SCOPE, type Sandbox } from '../sandbox/sandbox.ts';
import { askHealthOfServing } from './ask-health.ts';
import type { Fleet } from './fleet.ts';
import type { LivePlugin } from './live-plugin.ts';

/** What checks are made by; `random` is from 0 to below 1. */
export type HealthChecksOptions = {
  readonly fleet: Fleet;
  readonly releases: Pick<Releases, 'resolve'>;
  readonly registry: Pick<Registry, 'has' | 'recordHealth'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly startTimer: StartTimer;
  readonly random: () => number;
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
};

/** A release for a scope, which is asked through one of its instances. */
type Subject = { readonly live: LivePlugin; readonly scope: string };

const TICK_MS = 1_000;
const INTERVAL_MAX_MS = 24 * 3_600_000;
/** An interval is as long as it says but for a tenth: what began together does not stay so. */
const SPREAD = 0.1;

/** Begins to check; returns how to end it. */
export function startHealthChecks(options: HealthChecksOptions): () => void {
  const { fleet, clock, startTimer, random, healthIntervalMs } = options;
  const dueAt = new Map<string, number>();
  const running = new Set<string>();
  let cancel = startTimer(Math.min(TICK_MS, healthIntervalMs), tick);

  function tick(): void {
    const subjects = fleet.all().flatMap((live) => subjectsOf(live));
    const keys = new Set(subjects.map(keyOf));
    for (const key of dueAt.keys()) if (!keys.has(key)) dueAt.delete(key);
    for (const subject of subjects) consider(subject);
    cancel = startTimer(Math.min(TICK_MS, healthIntervalMs), tick);
  }

  function consider(subject: Subject): void {
    const key = keyOf(subject);
    const intervalMs = intervalOf(configOf(options, subject), healthIntervalMs);
    const due = dueAt.get(key);
    if (due === undefined) return void dueAt.set(key, clock.now() + random() * intervalMs);
    // A configuration that shortens the interval holds at once.
    const isDue = clock.now() >= Math.min(due, clock.now() + intervalMs);
    if (due > clock.now() + intervalMs * (1 + SPREAD)) dueAt.set(key, clock.now() + random() * intervalMs);
    if (!isDue || running.has(key) || running.size >= LIMITS.health_checks_at_once.value) return;
    const sandbox = servingOf(subject);
    if (sandbox === undefined) return;
    running.add(key);
    dueAt.set(key, clock.now() + intervalMs * (1 + SPREAD * (random() - 0.5)));
    void check(options, subject, sandbox).finally(() => running.delete(key));
  }

  return () => cancel();
}

/** A single call's instance is gone before it could be asked. */
function subjectsOf(live: LivePlugin): readonly Subject[] {
  if (live.spec.kind !== 'plugin' || live.spec.manifest.sandbox.scope === 'call') return [];
  return live
    .scopes()
    .map((scope) => ({ live, scope }))
    .filter((subject) => servingOf(subject) !== undefined);
}

function servingOf({ live, scope }: Subject): Sandbox | undefined {
  return live
    .groupOf(scope)
    ?.sandboxes()
    .find((sandbox) => sandbox.isServing());
}

async function check(options: HealthChecksOptions, { live, scope }: Subject, sandbox: Sandbox): Promise<void> {
  const said = await askHealthOfServing(sandbox, options);
  const { name, digest } = live.spec;
  if (said === undefined || !options.registry.has(name)) return;
  if (scope === SHARED_SCOPE) return options.registry.recordHealth(name, said);
  // What it has moved on from says nothing of what it runs.
  const resolution = options.releases.resolve(scope, name);
  if (resolution.kind === 'resolved' && resolution.release.digest === digest)
    options.registry.recordHealth(name, said, scope);
}

function configOf({ releases }: HealthChecksOptions, { live, scope }: Subject): JsonObject {
  const { name, manifest } = live.spec;
  const resolution = scope === SHARED_SCOPE ? undefined : releases.resolve(scope, name);
  return resolution?.kind === 'resolved' ? resolution.config : manifest.config;
}

/** `config.interval` is in seconds (F004-13); what is no number of at least one second is not meant for this. */
function intervalOf({ interval }: JsonObject, fallbackMs: number): number {
  if (typeof interval !== 'number' || interval < 1) return fallbackMs;
  return Math.min(interval * 1_000, INTERVAL_MAX_MS);
}

function keyOf({ live, scope }: Subject): string {
  return `${live.spec.digest}\0${scope}`;
}
