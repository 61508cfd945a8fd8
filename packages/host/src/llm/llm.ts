/**
 * Requests to language models (X000-25): one function that reads as its steps. A backend is chosen by weight, or named; where it
 * fails in a way that another attempt may mend, another backend is asked at once, or the same after a while; what it used is charged.
 *
 *   judge -> budget -> (choose -> ask -> wait)* -> charge -> answer
 *
 * L1: Every request is answered once, and no answer rejects.
 * L2: Once a piece was told, nothing is tried again: its reader cannot take it back.
 * L3: A backend of the plugin that asks, or of one that waits for it, is not asked: it would wait for itself.
 * L4: What was asked of a provider is charged, also where nobody waited for its end: else whoever leaves in time pays nothing.
 */
import {
  DEFAULT_TENANT,
  LIMITS,
  callError,
  type CallError,
  type GeneratedText,
  type GenerateOptions,
  type JsonObject,
  type JsonValue,
  type Outcome,
  type TokenUsage,
} from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { StartTimer } from '../base/timer.ts';
import { afterAttempt, mayHelpAgain, waitBefore, whileProbing } from './attempts.ts';
import { readAsked, type Asked } from './asked.ts';
import { costOf, type LlmBackend } from './backends.ts';
import type { Budgets } from './budgets.ts';
import { createGathering, usageOf, type Gathering, type LlmPiece, type ReadPiece } from './generated.ts';
import { createRests, pickBackend, type Picked, type Rests } from './pick-backend.ts';

/**
 * What a language model is asked: a prompt, or a chat in `options.messages`, or both.
 *
 * @experimental
 */
export type LlmRequest = {
  readonly prompt?: string | undefined;
  readonly options?: GenerateOptions | undefined;
  /** One of `host.llm.backends`; chosen by weight where it is left out. */
  readonly backend?: string | undefined;
  /** `default` where it is left out. */
  readonly tenant?: string | undefined;
  /** Of all attempts together, whole milliseconds; 5 minutes where it is left out, and at the most. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears the answer piece by piece as it comes; while a promise that it returns is pending, the backend may give no more. */
  readonly onPiece?: ((piece: LlmPiece) => void | Promise<void>) | undefined;
};

/**
 * Who answered and what it took. `usage` is estimated where the backend counted nothing, `cost_usd` null where nobody knows it;
 * `call_id` is that of the last attempt.
 *
 * @experimental
 */
export type LlmReport = {
  readonly backend: string | null;
  readonly attempts: number;
  readonly duration_ms: number;
  readonly usage: TokenUsage | null;
  readonly cost_usd: number | null;
  readonly call_id: string | null;
};

/**
 * How a request ended.
 *
 * @experimental
 */
export type LlmOutcome =
  | { readonly ok: true; readonly value: GeneratedText; readonly llm: LlmReport }
  | { readonly ok: false; readonly error: CallError; readonly llm: LlmReport };

/**
 * Language models of one host.
 *
 * @experimental
 */
export type LanguageModels = {
  /** What a tenant may ask, `default` where it is left out: those of rules first. */
  readonly backends: (tenant?: string) => readonly LlmBackend[];
  /** Answers a prompt or a chat; never rejects. */
  readonly generate: (request: LlmRequest) => Promise<LlmOutcome>;
};

/** One attempt: a call of the backend's `generate`. */
export type Attempt = {
  readonly backend: LlmBackend;
  readonly tenant: string;
  readonly args: readonly JsonValue[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly chain: readonly string[];
  /** Given where the answer is wanted piece by piece. An error that it answers ends the call. */
  readonly onPiece: ((value: unknown, didTake: () => void) => CallError | undefined) | undefined;
};

/** What requests are made of. */
export type LlmParts = {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly startTimer: StartTimer;
  readonly backendsOf: (tenant: string) => readonly LlmBackend[];
  /** Runs one attempt; never rejects. */
  readonly ask: (attempt: Attempt) => Promise<Outcome>;
  readonly budgets: Budgets;
  readonly didAnswer: (answer: {
    readonly backend: string;
    readonly code: string;
    readonly durationMs: number;
    readonly tokens: number;
  }) => void;
};

/** Answers requests; `chain` are the plugins that wait for the answer. */
export type AskModel = (request: LlmRequest, chain?: readonly string[]) => Promise<LlmOutcome>;

/** What is learnt of a request while it is served. */
type Run = {
  readonly request: LlmRequest;
  readonly tenant: string;
  readonly chain: readonly string[];
  readonly startedAt: number;
  readonly deadline: number;
  /** Names of backends that have failed it. */
  readonly failed: Set<string>;
  attempts: number;
  backend: LlmBackend | undefined;
  callId: string | null;
  /** Of the last attempt, and what it cost; undefined where it is not known. */
  usage: TokenUsage | undefined;
  costUsd: number | undefined;
};

type Failure = { readonly ok: false; readonly error: CallError; readonly metadata?: JsonObject | undefined };
type End = { readonly ok: true; readonly answer: GeneratedText } | Failure;

/** Makes the function that answers requests of all tenants. */
export function createLlm(parts: LlmParts): AskModel {
  const rests = createRests();
  return async (request, chain = []) => {
    const run = openRun(parts, request, chain);
    const asked = readAsked(request);
    if ('code' in asked) return endRun(parts, run, { ok: false, error: asked });
    const refusal = await parts.budgets.refuse(run.tenant);
    if (refusal !== undefined) return endRun(parts, run, { ok: false, error: refusal });
    return endRun(parts, run, await serve(parts, rests, { run, asked }));
  };
}

function openRun({ clock }: LlmParts, request: LlmRequest, chain: readonly string[]): Run {
  const startedAt = clock.now();
  const timeoutMs = Math.min(request.timeoutMs ?? Number.POSITIVE_INFINITY, LIMITS.llm_timeout_ms.value);
  const { tenant = DEFAULT_TENANT } = request;
  const nothing = { attempts: 0, backend: undefined, callId: null, usage: undefined, costUsd: undefined };
  return { request, tenant, chain, startedAt, deadline: startedAt + timeoutMs, failed: new Set(), ...nothing };
}

/** Attempts until one goes well, or nothing more can be done. */
async function serve(
  parts: LlmParts,
  rests: Rests,
  { run, asked }: { readonly run: Run; readonly asked: Asked },
): Promise<End> {
  let failure: Failure | undefined;
  for (;;) {
    const picked = pick(parts, rests, run);
    if (!picked.ok) return failure ?? picked;
    const { backend } = picked;
    const isAgain = failure !== undefined && run.failed.has(backend.name);
    if (failure !== undefined && isAgain && !(await pause(parts, run, failure))) return failure;
    const end = await attempt(parts, rests, { run, asked, backend });
    if (end.ok || !isWorthAnother(run, end)) return end;
    failure = end;
  }
}

function isWorthAnother(run: Run, { error, metadata, hasTold }: Attempted & Failure): boolean {
  return !hasTold && run.attempts < LIMITS.llm_attempts.value && mayHelpAgain({ error, metadata });
}

function pick({ backendsOf, random, clock }: LlmParts, rests: Rests, run: Run): Picked {
  const backends = backendsOf(run.tenant).filter(({ plugin }) => !run.chain.includes(plugin)); // L3
  const { tenant, failed, request } = run;
  return pickBackend(backends, rests, { tenant, failed, wanted: request.backend, now: clock.now(), random });
}

type Attempted = { readonly hasTold: boolean };

/** Asks one backend once, and remembers how it did. */
async function attempt(
  parts: LlmParts,
  rests: Rests,
  { run, asked, backend }: { readonly run: Run; readonly asked: Asked; readonly backend: LlmBackend },
): Promise<End & Attempted> {
  const { clock } = parts;
  const startedAt = clock.now();
  const timeoutMs = Math.max(1, Math.floor(Math.min(backend.timeoutMs, run.deadline - startedAt)));
  run.attempts += 1;
  run.backend = backend;
  rests.note(run.tenant, backend, (rest) => whileProbing(rest, startedAt, timeoutMs));
  const gathering = createGathering();
  const listener = run.request.onPiece && listenTo(gathering, run.request.onPiece);
  const outcome = await parts.ask({
    backend,
    tenant: run.tenant,
    args: argsOf(asked, backend),
    timeoutMs,
    signal: run.request.signal,
    chain: run.chain,
    onPiece: listener?.onPiece,
  });
  run.callId = outcome.call.call_id;
  const end = listener?.hasLeft() === true ? LEFT : endOf(outcome, gathering, listener?.onPiece);
  const isOver = !end.ok && mayHelpAgain({ error: end.error, metadata: end.metadata });
  if (end.ok || isOver) rests.note(run.tenant, backend, (rest) => afterAttempt(rest, end.ok, clock.now()));
  if (!end.ok) run.failed.add(backend.name);
  run.usage = wasAsked(end, gathering) ? usageOf(gathering.whole(), argsObject(asked)) : undefined;
  charge(parts, run, backend);
  parts.didAnswer({
    backend: backend.name,
    code: end.ok ? 'ok' : end.error.code,
    durationMs: clock.now() - startedAt,
    tokens: run.usage === undefined ? 0 : run.usage.input_tokens + run.usage.output_tokens,
  });
  return { ...end, hasTold: listener?.hasTold() ?? false };
}

/** Tells whether a provider was at work: it answered, or had begun to, or was left or waited for too long (L4). */
function wasAsked(end: End, gathering: Gathering): boolean {
  return end.ok || gathering.hasBegun() || end.error.kind === 'cancelled' || end.error.kind === 'timeout';
}

function charge({ budgets }: LlmParts, run: Run, backend: LlmBackend): void {
  const { tenant, usage } = run;
  run.costUsd = usage && costOf(backend, usage);
  if (usage !== undefined) budgets.charge({ tenant, backend: backend.name, usage, costUsd: run.costUsd });
}

/** What came in pieces is whole already; what came at once is read now. */
function endOf(outcome: Outcome, gathering: Gathering, onPiece: Attempt['onPiece']): End {
  if (!outcome.ok) return { ok: false, error: outcome.error, metadata: outcome.call.metadata };
  if (outcome.value !== null) {
    const add = onPiece ?? ((value: unknown) => invalidAnswer(gathering.add(value)));
    const error = add(outcome.value, () => undefined);
    if (error !== undefined) return { ok: false, error };
  }
  return { ok: true, answer: gathering.whole() };
}

/** Of a request whose listener threw. */
const LEFT: Failure = { ok: false, error: callError('CALL_CANCELLED') };

/** Hands pieces on; one that is none ends the call, and whoever listens ends it by throwing, at the next piece or the end. */
function listenTo(gathering: Gathering, tell: NonNullable<LlmRequest['onPiece']>) {
  let isTold = false;
  let hasLeft = false;
  const onPiece = (value: unknown, didTake: () => void): CallError | undefined => {
    if (hasLeft) return LEFT.error;
    const read = gathering.add(value);
    if (!read.ok) return invalidAnswer(read);
    isTold = true;
    const leave = (): void => void (hasLeft = true);
    void (async () => tell(read.piece))().catch(leave).then(didTake);
    return undefined;
  };
  return { onPiece, hasTold: () => isTold, hasLeft: () => hasLeft };
}

function invalidAnswer(read: ReadPiece): CallError | undefined {
  return read.ok ? undefined : callError('LLM_ANSWER_INVALID', { message: read.fault });
}

function argsOf({ prompt, options }: Asked, { model }: LlmBackend): readonly JsonValue[] {
  const asked = model === undefined ? options : { model, ...options };
  return [prompt, asked]; // Judged by its schema, which is JSON's.
}

function argsObject({ prompt, options }: Asked): JsonObject {
  return { prompt, ...(options as JsonObject) };
}

/** Waits as long as the failure says; false where the request is over before that. */
function pause({ random, clock, startTimer }: LlmParts, run: Run, failure: Failure): Promise<boolean> {
  const waitMs = waitBefore(run.attempts, { error: failure.error, metadata: failure.metadata }, random());
  const { signal } = run.request;
  if (waitMs === undefined || clock.now() + waitMs >= run.deadline || signal?.aborted === true)
    return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = startTimer(waitMs, () => resolve(true));
  const onAbort = (): void => resolve(false);
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  });
}

/** Tells what became of the request. */
function endRun({ clock }: LlmParts, run: Run, end: End): LlmOutcome {
  const { backend, attempts, callId: call_id, usage = null, costUsd: cost_usd = null } = run;
  const duration_ms = clock.now() - run.startedAt;
  const llm = { backend: backend?.name ?? null, attempts, duration_ms, call_id, usage, cost_usd };
  if (end.ok) return { ok: true, value: end.answer, llm };
  // A provider that is down may be up when whoever asked comes again, though a refusal as such is for good.
  const isRetryable = end.error.retryable || mayHelpAgain({ error: end.error, metadata: end.metadata });
  return { ok: false, error: { ...end.error, retryable: isRetryable }, llm };
}
