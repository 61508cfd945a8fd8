/**
 * Virtual implementations: a prompt is the program, and a language model runs it (F002-7, F002-17). The model is reached through the
 * host, whose are its backends, budgets, secrets and rules of the network; here a prompt is made of arguments, and a result of an answer.
 */
import type { Host, LlmOutcome, StartTimer } from '@bulkhead/host';
import type { GenerateOptions } from '@bulkhead/protocol';
import type { Random } from '../statistics/random.ts';
import { failed, type Execution, type ExecutionErrorType, type Executor } from './executor.ts';
import { normalizeExecution, RESULT_BYTES_MAX } from './normalize.ts';
import { typeOfOutcome } from './outcome-types.ts';
import { fillPrompt, readJsonAnswer, readPrompt, type PromptOutput } from './prompt.ts';
import { readImplementation } from './read-implementation.ts';
import { backoffMs, pause, RETRIES_MAX, RETRY_AFTER_MS_MAX } from './retries.ts';
import { calledOff, RunEnd, settledRun, type RunClock, type RunRequest } from './settled-run.ts';
import { cleanText, ERROR_CHARACTERS_MAX } from './texts.ts';

/**
 * Which model, and through what it is reached.
 *
 * @public
 */
export type LlmExecutorOptions = {
  /** `Host.llm.generate`, or what answers like it. */
  readonly generate: Host['llm']['generate'];
  readonly clock: RunClock;
  readonly startTimer: StartTimer;
  /** Draws the jitter of waits. */
  readonly random: Random;
  /** One of the host's backends; chosen by weight where not said. */
  readonly backend?: string;
  readonly tenant?: string;
  /** Where a run names no model, in `funcName`; the backend's own where neither does. */
  readonly model?: string;
  /** Where a prompt's head does not say it; `text` where neither does. */
  readonly output?: PromptOutput;
  /** 0 to 2. */
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly seed?: number;
  readonly resultBytesMax?: number;
  /** Lets answers be kept, as if the model answered the same to the same; false where not said. */
  readonly isDeterministic?: boolean;
};

/** What the host's codes mean here; any other code is read by its kind. */
const TYPES: ReadonlyMap<string, ExecutionErrorType> = new Map([
  ['LLM_BACKEND_NOT_FOUND', 'invalid_model'],
  ['LLM_REQUEST_INVALID', 'invalid_parameter'],
  ['LLM_ANSWER_INVALID', 'infrastructure'],
  ['PROVIDER_REFUSED', 'unavailable'],
  ['SECRET_MISSING', 'authentication_error'],
]);

/**
 * Opens the executor. A run's `filePath` is the path of a prompt's file, or the prompt ({@link readImplementation} says which);
 * `funcName` names the model, or is '' for the one of the options or the backend; arguments go where {@link fillPrompt} puts them.
 * The result is the answer's text, or its JSON where the prompt's head or the options say `output: json`; a fenced block will do. What
 * the host holds worth another try is asked again, at most three times within `timeoutS`.
 *
 * Who is blamed: the implementation, which is the prompt, for an answer that is no JSON where some was wanted (`parse_error`) and for none
 * within `timeoutS` (`timeout`); the executor for everything that the host or a provider refuses. Tokens and money are told either way.
 *
 * @returns An executor that holds nothing. Its answers are not kept unless `isDeterministic` says that they may be.
 * @see X002-12.
 * @public
 */
export function createLlmExecutor(options: LlmExecutorOptions): Executor {
  return {
    about: { name: 'llm', config: configOf(options), isDeterministic: options.isDeterministic ?? false },
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: (filePath, funcName, args, timeoutS, memMb, { signal } = {}) => {
      const request = { filePath, funcName, args, timeoutS, memMb, signal };
      return settledRun(options.clock, request, () => ask(options, request));
    },
  };
}

/** What an answer depends on beside the run. */
function configOf({ backend, tenant, model, output, temperature, maxTokens, seed }: LlmExecutorOptions) {
  const all = { backend, tenant, model, output, temperature, max_tokens: maxTokens, seed };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function ask(options: LlmExecutorOptions, request: RunRequest): Promise<Execution> {
  const { clock } = options;
  const startedAt = clock.now();
  const { content } = await readImplementation(request.filePath);
  const prompt = readPrompt(content);
  const asked = { prompt: fillPrompt(prompt.text, request.args), deadline: startedAt + request.timeoutS * 1_000 };
  const outcome = await attempts(options, request, asked);
  const durationMs = clock.now() - startedAt;
  const execution = outcome.ok
    ? answered(outcome.value.text, prompt.output ?? options.output ?? 'text', {
        durationMs,
        resultBytesMax: options.resultBytesMax ?? RESULT_BYTES_MAX,
      })
    : refused(outcome, request, durationMs);
  return { ...execution, ...spent(outcome) };
}

type Asked = { readonly prompt: string; readonly deadline: number };

async function attempts(options: LlmExecutorOptions, request: RunRequest, asked: Asked): Promise<LlmOutcome> {
  for (let retry = 0; ; retry += 1) {
    const outcome = await attempt(options, request, asked);
    const waitMs =
      outcome.ok || retry >= RETRIES_MAX ? undefined : waitOf(outcome, backoffMs(retry, options.random.next()));
    if (waitMs === undefined || options.clock.now() + waitMs >= asked.deadline) return outcome;
    await pause(options.startTimer, waitMs, request.signal);
  }
}

type Refused = Extract<LlmOutcome, { readonly ok: false }>;

/** Undefined where another try is of no use to this run. */
function waitOf({ error }: Refused, backoff: number): number | undefined {
  if (!error.retryable || error.kind === 'cancelled' || error.kind === 'timeout') return undefined;
  const waitMs = error.retry_after_ms ?? backoff;
  return waitMs <= RETRY_AFTER_MS_MAX ? waitMs : undefined;
}

/** One request, given up at the deadline also where the host does not see it. */
async function attempt(
  options: LlmExecutorOptions,
  request: RunRequest,
  { prompt, deadline }: Asked,
): Promise<LlmOutcome> {
  const { generate, clock, startTimer, backend, tenant } = options;
  const leftMs = Math.max(1, Math.ceil(deadline - clock.now()));
  const { promise, reject } = Promise.withResolvers<never>();
  const controller = new AbortController();
  const leave = (end: RunEnd): void => {
    reject(end);
    controller.abort();
  };
  const cancel = startTimer(leftMs + DEADLINE_GRACE_MS, () => leave(new RunEnd('timeout', late(request))));
  const onAbort = (): void => leave(calledOff());
  request.signal?.addEventListener('abort', onAbort, { once: true });
  if (request.signal?.aborted === true) onAbort();
  try {
    const { signal } = controller;
    const generating = generate({
      prompt,
      options: generateOptions(options, request),
      backend,
      tenant,
      timeoutMs: leftMs,
      signal,
    });
    return await Promise.race([generating, promise]);
  } finally {
    cancel();
    request.signal?.removeEventListener('abort', onAbort);
  }
}

/** The host ends a request by itself, and then says what it took. */
const DEADLINE_GRACE_MS = 1_000;

function generateOptions(
  { model: own, temperature, maxTokens, seed }: LlmExecutorOptions,
  request: RunRequest,
): GenerateOptions {
  const model = request.funcName === '' ? own : request.funcName;
  return {
    ...(model !== undefined && { model }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(seed !== undefined && { seed }),
  };
}

type Measured = { readonly durationMs: number; readonly resultBytesMax: number };

function answered(text: string, output: PromptOutput, measured: Measured): Execution {
  if (output === 'text') return normalizeExecution({ success: true, result: text }, measured);
  const read = readJsonAnswer(text);
  if (read !== undefined) return normalizeExecution({ success: true, result: read.value }, measured);
  const shown = JSON.stringify(cleanText(text, { characters: 200 }));
  return failed('parse_error', `the answer is ${shown}; expected JSON, or a block of it`, measured);
}

function refused({ error }: Refused, request: RunRequest, durationMs: number): Execution {
  if (error.kind === 'timeout' && durationMs >= request.timeoutS * 1_000)
    return failed('timeout', late(request), { durationMs });
  const isEarly = error.kind === 'timeout'; // The backend's own limit is below the run's.
  const type = isEarly ? 'infrastructure' : (TYPES.get(error.code) ?? typeOfOutcome(error.kind));
  return failed(type, cleanText(`${error.code}: ${error.message}. ${error.hint}`, ERROR_CHARACTERS_MAX), {
    durationMs,
  });
}

function late({ timeoutS }: RunRequest): string {
  return `the model did not answer within ${timeoutS} s`;
}

function spent({ llm: { usage, cost_usd: cost } }: LlmOutcome): Pick<Execution, 'tokens_total' | 'cost_usd'> {
  return {
    ...(usage !== null && { tokens_total: usage.input_tokens + usage.output_tokens }),
    ...(cost !== null && { cost_usd: cost }),
  };
}
