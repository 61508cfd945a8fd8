/**
 * Evaluations of releases on one host: begun, carried on by whoever judges, and read. Which event may come when is
 * `evaluation-state.ts`'s; what a state stands for is done by whoever tells of it here.
 */
import { LIMITS, type JsonObject } from '@bulkhead/protocol';
import { hash } from 'node:crypto';
import { assertInvariant, HostError } from '../base/host-error.ts';
import { isoTime, type Clock } from '../base/clock.ts';
import type {
  Evaluation,
  EvaluationKind,
  EvaluationProgress,
  EvaluationStorage,
  EvaluationWithReport,
} from '../storage/evaluations-port.ts';
import { isEvaluationEnd, nextEvaluationState, type EvaluationEvent } from './evaluation-state.ts';

/**
 * What is to be evaluated, for whom, and who asks. `tenant` is left out where it is the platform's; `from` where nothing runs yet.
 *
 * @public
 */
export type EvaluationRequest = {
  readonly plugin: string;
  readonly tenant?: string;
  readonly from?: string;
  readonly to: string;
  readonly kind: EvaluationKind;
  readonly by?: string;
  /** As {@link EvaluationStep.summary}. */
  readonly summary?: JsonObject;
};

/**
 * What has come of an evaluation; what is left out stays as it is. `event` changes its state, with a reason where there is one.
 *
 * @public
 */
export type EvaluationStep = {
  readonly event?: EvaluationEvent;
  readonly reason?: string;
  readonly verdict?: string;
  /** At most 64 of 1,000 characters; what is more is cut. */
  readonly reasons?: readonly string[];
  /** At most 16 KiB as JSON. */
  readonly summary?: JsonObject;
  /** Of one above 4 MiB as JSON is kept how large it was, under `left_out`. */
  readonly report?: JsonObject;
};

/**
 * Which evaluations, newest first: those of a tenant or, without one, all; of a plugin or all; before the evaluation of an id.
 *
 * @public
 */
export type EvaluationPage = {
  readonly tenant?: string;
  readonly plugin?: string;
  readonly before?: string;
  readonly limit?: number;
};

/**
 * Evaluations of one host. Each method may reject with `STORAGE_UNAVAILABLE`.
 *
 * @experimental
 */
export type Evaluations = {
  /** Stores one that is queued; this node carries it on. */
  readonly create: (request: EvaluationRequest) => Promise<Evaluation>;
  /**
   * Stores what has come of one that has the revision of `at`; this node carries it on from then.
   *
   * @returns it as it is now.
   * @throws {HostError} `EVALUATION_NOT_FOUND`; `EVALUATION_ENDED`; `REVISION_CONFLICT` where somebody else changed it meanwhile;
   *   `VALIDATION_FAILED` for a summary that is too large.
   */
  readonly progress: (at: Pick<Evaluation, 'id' | 'revision'>, step: EvaluationStep) => Promise<Evaluation>;
  /** Undefined where there is none of this id. */
  readonly get: (id: string) => Promise<EvaluationWithReport | undefined>;
  /** @throws {HostError} `VALIDATION_FAILED` for a limit that is none. */
  readonly list: (page?: EvaluationPage) => Promise<readonly Evaluation[]>;
  /** Those that have not ended, oldest first, whichever node carries them on. */
  readonly running: () => Promise<readonly Evaluation[]>;
};

/** What they are made of. */
export type EvaluationParts = {
  readonly storage: EvaluationStorage;
  readonly clock: Clock;
  readonly node: string;
  readonly newId: (wallTime: number) => string;
};

const ACTOR = 'host';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const REASON_CHARACTERS_MAX = 1_000;

/** Makes them. */
export function createEvaluations(parts: EvaluationParts): Evaluations {
  const { storage } = parts;
  const get = async (id: string): Promise<EvaluationWithReport | undefined> =>
    UUID.test(id) ? storage.getEvaluation(id) : undefined;
  return {
    get,
    create: (request) => create(parts, request),
    progress: async (at, step) => {
      const known = await get(at.id);
      if (known === undefined) throw new HostError('EVALUATION_NOT_FOUND');
      return progress(parts, { known, expected: at.revision, step });
    },
    list: async ({ limit = LIMITS.evaluations_listed.value, ...query } = {}) => {
      insistOnLimit(limit);
      if (query.before !== undefined && !UUID.test(query.before)) return [];
      return storage.listEvaluations({ ...query, rowsMax: limit });
    },
    running: () => storage.listRunningEvaluations(),
  };
}

async function create(
  { storage, clock, node, newId }: EvaluationParts,
  request: EvaluationRequest,
): Promise<Evaluation> {
  const { summary = {} } = request;
  insistOnSummary(summary);
  const wallTime = clock.wallTime();
  const now = isoTime(wallTime);
  const evaluation: Evaluation = {
    id: newId(wallTime),
    tenant_id: request.tenant ?? null,
    plugin_name: request.plugin,
    from_version: request.from ?? null,
    to_version: request.to,
    ...{ kind: request.kind, state: 'queued', changes: [{ state: 'queued', at: now, reason: null }] },
    ...{ verdict: null, reasons: [], summary, node, actor: request.by ?? ACTOR },
    ...{ created_at: now, updated_at: now, revision: 1 },
  };
  await storage.createEvaluation({ ...evaluation, report: null });
  return evaluation;
}

type Progressing = {
  readonly known: EvaluationWithReport;
  readonly expected: number;
  readonly step: EvaluationStep;
};

async function progress(
  { storage, clock, node }: EvaluationParts,
  { known, expected, step }: Progressing,
): Promise<Evaluation> {
  if (known.revision !== expected) throw overtaken(known, expected);
  if (isEvaluationEnd(known.state)) throw ended(known);
  const next = { node, updated_at: isoTime(clock.wallTime()), ...toProgress(known, step, clock.wallTime()) };
  const revision = await storage.progressEvaluation({ id: known.id, revision: expected }, next);
  if (revision === undefined) throw overtaken(known, expected);
  const { report: _report, ...before } = known;
  const { change, report: _newReport, ...fields } = next;
  const changed = change === undefined ? {} : { state: change.state, changes: [...known.changes, change] };
  return { ...before, ...fields, ...changed, revision };
}

function toProgress(
  { state }: Evaluation,
  { event, reason, reasons, summary, report, verdict }: EvaluationStep,
  wallTime: number,
): Omit<EvaluationProgress, 'node' | 'updated_at'> {
  const next = event === undefined ? undefined : nextEvaluationState(state, event);
  assertInvariant(event === undefined || next !== undefined, `an evaluation that is ${state} may hear "${event}"`);
  if (summary !== undefined) insistOnSummary(summary);
  const change = { at: isoTime(wallTime), reason: reason?.slice(0, REASON_CHARACTERS_MAX) ?? null };
  return {
    ...(next !== undefined && { change: { state: next, ...change } }),
    ...(verdict !== undefined && { verdict }),
    ...(reasons !== undefined && { reasons: bounded(reasons) }),
    ...(summary !== undefined && { summary }),
    ...(report !== undefined && { report: keptReport(report) }),
  };
}

function bounded(reasons: readonly string[]): readonly string[] {
  return reasons.slice(0, LIMITS.evaluation_reasons.value).map((text) => text.slice(0, REASON_CHARACTERS_MAX));
}

function insistOnSummary(summary: JsonObject): void {
  const [bytes, most] = [Buffer.byteLength(JSON.stringify(summary)), LIMITS.evaluation_summary_bytes.value];
  if (bytes <= most) return;
  throw new HostError('VALIDATION_FAILED', {
    message: `the summary of an evaluation has ${bytes} bytes; expected at most ${most}`,
  });
}

/** A report that is too large is named by its digest, so that a file of it, kept elsewhere, can be told to be that one. */
function keptReport(report: JsonObject): JsonObject {
  const text = JSON.stringify(report);
  const [bytes, allowed] = [Buffer.byteLength(text), LIMITS.evaluation_report_bytes.value];
  return bytes <= allowed ? report : { left_out: { bytes, allowed_bytes: allowed, sha256: hash('sha256', text) } };
}

function insistOnLimit(limit: number): void {
  const most = LIMITS.evaluations_listed.value;
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= most) return;
  throw new HostError('VALIDATION_FAILED', { message: `limit is ${limit}; expected a whole number from 1 to ${most}` });
}

function overtaken({ revision }: Evaluation, expected: number): HostError {
  return new HostError('REVISION_CONFLICT', {
    message: `the evaluation has revision ${revision} or a later one, and ${expected} was expected`,
  });
}

function ended({ id, state }: Evaluation): HostError {
  return new HostError('EVALUATION_ENDED', {
    message: `the evaluation ${id} is ${state}, and nothing comes after that`,
  });
}
