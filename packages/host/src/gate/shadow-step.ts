/**
 * The candidate in the shadow of the live release: a share of live calls is run on it as well, and nobody sees its answers.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import type { LiveVerdict, MirroredCall, PairCounts, ReleaseJudge, Shadow, ShadowPair } from '../gate-api.ts';
import { consentAsked, needsConsent } from '../moves/consent.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import { openTrial } from './compare-step.ts';
import type { GatePath } from './gate-path.ts';
import { planOf } from './gate-plan.ts';
import { NO_CALLS, NO_PAIRS } from './live-counts.ts';
import { reportWith, stateSince } from './stored-parts.ts';
import type { WatchedEvaluation } from './watched-evaluation.ts';

/** Calls that wait for the candidate; what is more is not mirrored. */
const WAITING_MAX = 64;
const FLIPS_MAX = 20;
/** How often it is looked whether its time is over, and how far it is gets stored. */
const LOOK_EVERY_MS = 1_000;

/** Mirrors until enough calls were, or its time is over. Without any calls it says nothing against the candidate. */
export async function runShadow(path: GatePath, watched: WatchedEvaluation): Promise<Evaluation> {
  const { plugin_name: plugin, tenant_id, from_version } = watched.now();
  const { shadow: asked } = planOf(watched.now());
  const endsAt = stateSince(watched.now()) + asked.for_ms;
  const judge = await path.judge();
  await using shadow = await judge.openShadow(await openTrial(path, watched));
  const tally = createTally();
  const waiting: MirroredCall[] = [];
  const wanted = { plugin, tenant: tenant_id ?? undefined, version: from_version ?? '', share: asked.share };
  const isUngranted = asksForMore(path, watched.now());
  const stopMirror = path.mirror.open(wanted, (call) => {
    if (isComparable(call) && waiting.length < WAITING_MAX)
      waiting.push(isUngranted ? { ...call, isIdempotent: false } : call);
  });
  try {
    while (tally.done() < asked.calls && path.clock.wallTime() < endsAt) {
      const verdict = await runWaiting(judge, watched, { shadow, waiting, tally, most: asked.calls });
      if (verdict?.verdict === 'worse') return await reject(path, watched, { verdict, tally });
      await watched.note({ shadow: tally.summary() });
      if (tally.done() < asked.calls) await watched.pause(Math.min(LOOK_EVERY_MS, asked.for_ms));
    }
  } finally {
    stopMirror();
  }
  return watched.write({
    event: 'canary',
    reason: `${tally.done()} of ${asked.calls} live calls were mirrored, ${tally.counts().only_baseline} of them done well by the live release alone`,
    summary: { ...watched.now().summary, shadow: tally.summary() },
    report: await reportWith(path, watched, { shadow: tally.report() }),
  });
}

/** What a shadow lacks because nobody has granted it yet is not held against it: then both run without any grants. */
function asksForMore({ move: { releases } }: GatePath, { plugin_name, from_version, to_version }: Evaluation): boolean {
  const before = releases.release(plugin_name, from_version ?? '');
  const after = releases.release(plugin_name, to_version);
  return before !== undefined && after !== undefined && needsConsent(consentAsked(before.manifest, after.manifest));
}

/** How long a live call was given is its caller's affair, and not known of the call. */
function isComparable({ end }: MirroredCall): boolean {
  return end.ok || end.kind !== 'timeout';
}

type Running = {
  readonly shadow: Pick<Shadow, 'run'>;
  readonly waiting: MirroredCall[];
  readonly tally: Tally;
  readonly most: number;
};

async function runWaiting(
  judge: ReleaseJudge,
  watched: WatchedEvaluation,
  { shadow, waiting, tally, most }: Running,
): Promise<LiveVerdict | undefined> {
  let verdict: LiveVerdict | undefined;
  while (tally.done() < most && verdict?.verdict !== 'worse') {
    const next = waiting.shift();
    if (next === undefined) break;
    watched.signal.throwIfAborted();
    const pair = await shadow.run(next);
    if (pair === undefined) continue; // There was no guest for it.
    tally.add(pair);
    const counts = { pairs: tally.counts(), unpaired: NO_CALLS, before: NO_CALLS };
    verdict = judge.judgeLive(counts, planOf(watched.now()));
  }
  return verdict;
}

async function reject(
  path: GatePath,
  watched: WatchedEvaluation,
  { verdict: { reason }, tally }: { readonly verdict: LiveVerdict; readonly tally: Tally },
): Promise<Evaluation> {
  const summary = { ...watched.now().summary, shadow: tally.summary() };
  const reasons = [reason, ...tally.flipTexts()];
  const report = await reportWith(path, watched, { shadow: tally.report() });
  return watched.write({ event: 'reject', reason, verdict: 'reject', reasons, summary, report });
}

type Flip = NonNullable<ShadowPair['flip']>;

type Tally = {
  readonly add: (pair: ShadowPair) => void;
  readonly done: () => number;
  readonly counts: () => PairCounts;
  readonly summary: () => JsonObject;
  readonly report: () => JsonObject;
  readonly flipTexts: () => readonly string[];
};

function createTally(): Tally {
  const counts = { ...NO_PAIRS };
  const flips: Flip[] = [];
  let done = 0;
  return {
    add: ({ end, flip }) => {
      counts[end] += 1;
      done += 1;
      if (flip !== undefined && flips.length < FLIPS_MAX) flips.push(flip);
    },
    done: () => done,
    counts: () => counts,
    summary: () => ({ calls: done, ...counts }),
    report: () => ({ calls: done, ...counts, flips: flips.map((flip): JsonValue => ({ ...flip })) }),
    flipTexts: () => flips.map(({ tool, params, why }) => `${tool} ${JSON.stringify(params)}: ${why}`),
  };
}
