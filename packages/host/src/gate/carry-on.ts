/**
 * A gated move, as a list of states, each of which ends by storing the next:
 *
 *   queued ─▶ evaluating ─▶ shadow ─▶ canary ─▶ adopted
 *                  │           │         └─▶ rolled_back
 *                  └───────────┴─▶ rejected, inconclusive
 *
 * GM1: All that decides is stored, so that a restart, or another node, goes on from the state that was reached.
 * GM2: Whoever changed an evaluation last carries it on; the other is told by its next write, and stops.
 * GM3: What could not be done is `failed`, and says nothing of the candidate; what was moved for it is moved back first.
 */
import { HostError } from '../base/host-error.ts';
import { isEvaluationEnd, type EvaluationEnd, type EvaluationState } from '../evaluations/evaluation-state.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import { moveBack } from './canary.ts';
import { canaryOf, runCanary } from './canary-step.ts';
import { compareReleases } from './compare-step.ts';
import type { GatePath } from './gate-path.ts';
import { runShadow } from './shadow-step.ts';
import { watchEvaluation, type WatchedEvaluation } from './watched-evaluation.ts';

type Step = (path: GatePath, watched: WatchedEvaluation) => Promise<Evaluation>;

const STEPS: Readonly<Record<Exclude<EvaluationState, EvaluationEnd>, Step>> = {
  queued: (_path, watched) => watched.write({ event: 'begin' }),
  evaluating: compareReleases,
  shadow: runShadow,
  canary: runCanary,
};

/** A storage that is away is asked again after this. */
const RETRY_AFTER_MS = 5_000;

/** Carries one on to its end, unless the signal fires or somebody else takes it over. */
export async function carryOn(path: GatePath, evaluation: Evaluation, signal: AbortSignal): Promise<void> {
  const watched = watchEvaluation(evaluation, path, signal);
  for (;;) {
    const { state } = watched.now();
    if (signal.aborted) return;
    if (isEvaluationEnd(state)) return tellEnd(path, watched.now());
    try {
      await STEPS[state](path, watched);
    } catch (error) {
      if (signal.aborted || isOvertaken(error)) return;
      if (isAway(error)) await watched.pause(RETRY_AFTER_MS);
      else await giveUp(path, watched, error);
    }
  }
}

async function giveUp(path: GatePath, watched: WatchedEvaluation, error: unknown): Promise<void> {
  const { id, plugin_name: plugin, state } = watched.now();
  path.log.error({ err: error, evaluation: id, plugin }, 'an evaluation could not be carried on');
  const reason = reasonOf(error);
  if (state === 'canary') {
    await canaryOf(path, watched.now()).stop();
    await moveBack(path, watched.now(), reason);
  }
  await watched.write({ event: 'fail', reason, reasons: [reason] });
}

/** The text of an error of ours is for whoever reads the evaluation; any other stays in the log. */
function reasonOf(error: unknown): string {
  if (error instanceof HostError) return `${error.code}: ${error.message}`;
  return 'the host failed while it judged; its log says how';
}

const OVERTAKEN: readonly string[] = ['REVISION_CONFLICT', 'EVALUATION_ENDED', 'EVALUATION_NOT_FOUND'];

function isOvertaken(error: unknown): boolean {
  return error instanceof HostError && OVERTAKEN.includes(error.code);
}

function isAway(error: unknown): boolean {
  return error instanceof HostError && error.code === 'STORAGE_UNAVAILABLE';
}

function tellEnd(
  { log }: GatePath,
  { id, plugin_name: plugin, to_version: version, state, changes }: Evaluation,
): void {
  const { reason } = changes.at(-1) ?? { reason: null };
  log.info({ evaluation: id, plugin, version, state, reason }, 'an evaluation has ended');
}
