/**
 * Evidence beforehand: candidate and live release on the same cases, and what else differs between the two.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { Comparison, ReleaseTrial } from '../gate-api.ts';
import type { EvaluationEvent } from '../evaluations/evaluation-state.ts';
import { releaseNotFound } from '../catalogue/plugin-shelves.ts';
import type { Release } from '../catalogue/releases.ts';
import { releaseDifferences } from '../moves/differences.ts';
import { toolsOf } from '../moves/move-path.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import type { RecordedCall } from '../storage/recordings-port.ts';
import type { GatePath } from './gate-path.ts';
import { planOf, type StoredPlan } from './gate-plan.ts';
import type { WatchedEvaluation } from './watched-evaluation.ts';

/** Compares, and stores what comes next with the reasons. */
export async function compareReleases(path: GatePath, watched: WatchedEvaluation): Promise<Evaluation> {
  const evaluation = watched.now();
  const plan = planOf(evaluation);
  const judge = await path.judge();
  const comparison = await judge.compare(await openTrial(path, watched));
  const { verdict, reasons, summary } = comparison;
  const [reason] = reasons;
  return watched.write({
    event: eventOf(verdict, plan),
    ...(reason !== undefined && { reason }),
    ...{ verdict, reasons },
    summary: { ...watched.now().summary, comparison: summary },
    report: { differences: await differencesOf(path, evaluation), comparison: comparison.report },
  });
}

function eventOf(verdict: Comparison['verdict'], { shadow }: StoredPlan): EvaluationEvent {
  if (verdict === 'reject') return 'reject';
  if (verdict === 'inconclusive') return 'give_up';
  return shadow.share > 0 ? 'shadow' : 'canary';
}

/** Makes what a judge is given of an evaluation. How far it is can be read from its summary meanwhile. */
export async function openTrial(path: GatePath, watched: WatchedEvaluation): Promise<ReleaseTrial> {
  const { plugin_name: plugin, from_version, to_version, tenant_id } = watched.now();
  const { policy, answers, cases, seed } = planOf(watched.now());
  const tenant = tenant_id === null ? {} : { tenant: tenant_id };
  const recorded = await recordedCalls(path, watched.now(), cases);
  watched.signal.throwIfAborted();
  return {
    ...{ plugin, from: from_version ?? '', to: to_version, plan: { policy, answers, cases, seed } },
    recorded,
    open: (version, { isGranted, instances }) =>
      path.openHarness({ plugin, version, ...tenant, isGranted, ...(instances !== undefined && { instances }) }),
    redact: path.redact,
    clock: { ...path.clock, startTimer: path.startTimer },
    signal: watched.signal,
    didProgress: createTeller(path, watched),
  };
}

/** Of the tenant that is to be moved, or of each that runs the live release. */
async function recordedCalls(
  { recordings, move }: GatePath,
  { plugin_name: plugin, tenant_id, from_version }: Evaluation,
  most: number,
): Promise<readonly RecordedCall[]> {
  const rows = move.releases.registrantsOf(plugin).filter(({ plugin_version }) => plugin_version === from_version);
  const tenants = tenant_id === null ? rows.map((row) => row.tenant_id) : [tenant_id];
  const limit = Math.max(1, Math.floor(most / Math.max(1, tenants.length)));
  const recorded: RecordedCall[] = [];
  for (const tenant of tenants.slice(0, most)) recorded.push(...(await recordings.list({ plugin, tenant, limit })));
  return recorded;
}

/** A case is done every few milliseconds: what is told of them is written once in a while, and never waited for. */
const TELL_EVERY_MS = 1_000;

function createTeller({ clock, log }: GatePath, watched: WatchedEvaluation): ReleaseTrial['didProgress'] {
  let toldAt = 0;
  return (progress) => {
    const now = clock.wallTime();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    watched.note({ progress: { ...progress } }).catch((error: unknown) => {
      log.info({ err: error, evaluation: watched.now().id }, 'how far an evaluation is could not be stored');
    });
  };
}

async function differencesOf({ move }: GatePath, evaluation: Evaluation): Promise<JsonObject> {
  const { plugin_name: plugin, from_version, to_version } = evaluation;
  const [before, after] = [sideOf(move, plugin, from_version ?? ''), sideOf(move, plugin, to_version)];
  const differences = releaseDifferences(await before, await after);
  return JSON.parse(JSON.stringify(differences)) as JsonObject; // What is written as JSON is read as such.
}

async function sideOf(move: GatePath['move'], plugin: string, version: string) {
  const release: Release | undefined = move.releases.release(plugin, version);
  if (release === undefined) throw releaseNotFound(plugin, version);
  return {
    manifest: release.manifest,
    tools: await toolsOf(move, release),
    dependencies: release.origin.dependencies,
  };
}
