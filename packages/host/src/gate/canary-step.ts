/**
 * The candidate at work: tenants are moved to it and watched. Where their calls show it to be worse, or the host has moved one of
 * them back, all go back; where they have been watched for long enough, it is adopted.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { isoTime } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { LiveCounts } from '../gate-api.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import { moveBack, movedTenants, type Canary, type MovedTenant } from './canary.ts';
import type { GatePath } from './gate-path.ts';
import { planOf } from './gate-plan.ts';
import { addLiveCounts, toLiveCounts } from './live-counts.ts';
import { createRolloutCanary } from './rollout-canary.ts';
import { reportWith } from './stored-parts.ts';
import { createTenantCanary } from './tenant-canary.ts';
import type { WatchedEvaluation } from './watched-evaluation.ts';

/** How often the ledger is asked. Calls that the candidate fails are served meanwhile, so that haste would gain nothing. */
const LOOK_EVERY_MS = 1_000;
/** How far back the live release's own failures are counted. */
const BEFORE_MS = 24 * 3_600_000;

/** The canary of an evaluation, by its kind. */
export function canaryOf(path: GatePath, evaluation: Evaluation): Canary {
  return evaluation.tenant_id === null ? createRolloutCanary(path, evaluation) : createTenantCanary(path, evaluation);
}

/** Moves, watches, and stores how it ended. */
export async function runCanary(path: GatePath, watched: WatchedEvaluation): Promise<Evaluation> {
  const canary = canaryOf(path, watched.now());
  const letGo = holdBaseline(path, watched.now());
  try {
    const refusal = await begin(canary);
    if (refusal !== undefined) return await endBadly(path, watched, { canary, reason: refusal, event: 'roll_back' });
    return await watch(path, watched, canary);
  } finally {
    letGo();
  }
}

/** What keeps the candidate from being moved to is a reason to end; a storage that is away is none. */
async function begin(canary: Canary): Promise<string | undefined> {
  try {
    await canary.begin();
    return undefined;
  } catch (error) {
    if (!(error instanceof HostError) || error.code === 'STORAGE_UNAVAILABLE') throw error;
    return `${error.code}: ${error.message}`;
  }
}

async function watch(path: GatePath, watched: WatchedEvaluation, canary: Canary): Promise<Evaluation> {
  const judge = await path.judge();
  for (;;) {
    const state = canary.state();
    if (state.kind === 'fallen') {
      const event = state.isAsked ? 'cancel' : 'roll_back';
      return endBadly(path, watched, { canary, reason: state.reason, event });
    }
    const counts = await countLive(path, watched.now());
    const { verdict, reason } = judge.judgeLive(counts, planOf(watched.now()));
    await watched.note({ canary: shown(counts) });
    if (verdict === 'worse') return endBadly(path, watched, { canary, reason, event: 'roll_back' });
    if (state.kind === 'through') return adopt(path, watched, { counts, reason });
    await watched.pause(Math.max(1, Math.min(LOOK_EVERY_MS, state.leftMs)));
  }
}

async function adopt(
  path: GatePath,
  watched: WatchedEvaluation,
  { counts, reason }: { readonly counts: LiveCounts; readonly reason: string },
): Promise<Evaluation> {
  const report = await reportWith(path, watched, { canary: shown(counts) });
  return watched.write({ event: 'adopt', reason: `nothing speaks against it: ${reason}`, report });
}

type BadEnd = { readonly canary: Canary; readonly reason: string; readonly event: 'roll_back' | 'cancel' };

/** Everybody is moved back before the end is stored (E2 of `evaluation-state.ts`). */
async function endBadly(
  path: GatePath,
  watched: WatchedEvaluation,
  { canary, reason, event }: BadEnd,
): Promise<Evaluation> {
  await canary.stop(event === 'roll_back' ? reason : undefined);
  await moveBack(path, watched.now(), reason);
  const { canary: counts } = watched.now().summary;
  const report = await reportWith(path, watched, counts === undefined ? {} : { canary: counts });
  return watched.write({ event, reason, reasons: [reason, ...watched.now().reasons], report });
}

async function countLive(path: GatePath, evaluation: Evaluation): Promise<LiveCounts> {
  const counts: LiveCounts[] = [];
  for (const moved of movedTenants(path.move.releases, evaluation)) counts.push(await countTenant(path, moved));
  return addLiveCounts(counts);
}

async function countTenant({ move: { releases }, countCalls }: GatePath, moved: MovedTenant): Promise<LiveCounts> {
  const { plugin_name: plugin, tenant_id: tenant, from_version, to_version, at } = moved.move;
  const digestOf = (version: string): string => releases.release(plugin, version)?.digest ?? '';
  const earliest = isoTime(Date.parse(at) - BEFORE_MS);
  return toLiveCounts(
    {
      since: await countCalls({ plugin, tenant, since: at }),
      before: await countCalls({ plugin, tenant, since: earliest, until: at }),
    },
    { candidate: digestOf(to_version), baseline: digestOf(from_version) },
  );
}

function shown({ pairs, unpaired, before }: LiveCounts): JsonObject {
  return { pairs: { ...pairs }, unpaired: { ...unpaired }, before: { ...before } };
}

/** The live release stays up here: it serves what the candidate fails. */
function holdBaseline({ move: { fleet, releases } }: GatePath, { plugin_name, from_version }: Evaluation): () => void {
  const release = releases.release(plugin_name, from_version ?? '');
  return release === undefined ? () => undefined : fleet.hold(release.digest);
}
