/**
 * Has implementations run by a server. It is asked again where it says that it could not (X002-12), left alone where it fails again and
 * again, and nothing of what it answers is believed before it was read.
 *
 * The wire: `POST` to the URL, `Content-Type: application/json`, with
 *
 *   {"file_path": text, "func_name": text, "args": [JSON, …], "timeout_s": number, "mem_mb": number}
 *
 * and, where there is a token, `Authorization: Bearer TOKEN`. `file_path` is sent as it was given: a path is one of the server's. The
 * answer is 200 with an execution as JSON: `success`, then `result` or `error`, `error_type` and `error_code`; `duration_ms`, `stdout`,
 * `stderr`, and `cpu_ms`, `peak_rss_bytes`, `tokens_total`, `cost_usd` where measured. A run that takes longer than `timeout_s` is
 * for the server to end, and to answer with `error_type` `timeout`.
 */
import { createHash } from 'node:crypto';
import type { StartTimer } from '@bulkhead/host';
import { GuardError } from '../guard-error.ts';
import type { Random } from '../statistics/random.ts';
import { breakerWaitMs, CLOSED, nextBreaker, type BreakerEvent } from './circuit-breaker.ts';
import { failed, type Execution, type ExecutionErrorType, type Executor } from './executor.ts';
import { normalizeExecution, RESULT_BYTES_MAX } from './normalize.ts';
import { readBounded } from './read-bounded.ts';
import { backoffMs, pause, RETRIES_MAX, retryAfterMs } from './retries.ts';
import { calledOff, RunEnd, settledRun, type RunRequest } from './settled-run.ts';

/**
 * Both of a machine's clocks, in milliseconds: a monotonic one, and the time since the epoch, with which dates are compared.
 *
 * @public
 */
export type WallClock = { readonly now: () => number; readonly wallTime: () => number };

/**
 * Where the server is, and through what it is reached.
 *
 * @public
 */
export type HttpExecutorOptions = {
  /** https, or http of this machine; any http where `isInsecureAllowed`. Without user and password. */
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly clock: WallClock;
  readonly startTimer: StartTimer;
  /** Draws the jitter of waits. */
  readonly random: Random;
  /** Sent as a bearer token; stands in no answer. */
  readonly token?: string;
  readonly isInsecureAllowed?: boolean;
  readonly resultBytesMax?: number;
  /** Milliseconds beyond a run's own that the server has to answer; 5,000 where not said. */
  readonly graceMs?: number;
  /** Whoever opens it says that the same code answers the same to the same; false where not said. */
  readonly isDeterministic?: boolean;
};

type Settings = Required<Omit<HttpExecutorOptions, 'token'>> & {
  readonly token: string | undefined;
  readonly answerBytesMax: number;
  /** The URL as it may be shown. */
  readonly shownUrl: string;
};

/** Printed texts as JSON, beside the result. */
const TEXT_BYTES = 1_048_576;

/**
 * Opens the executor. One of {@link RETRIES_MAX} retries follows where the server answers 429, 500, 502, 503 or 504, after a wait that
 * doubles or that `Retry-After` asks for; each request has the run's seconds and `graceMs`. Five runs in a row that end so, in silence or
 * without a connection open its breaker for a minute.
 *
 * Who is blamed: for an answer whom its `error_type` says, as the server tells it; the implementation for an answer that is no execution
 * or larger than it may be (`parse_error`); the executor for everything else, silence too: nobody knows what it means.
 *
 * @throws {GuardError} `EXECUTOR_INVALID` where the URL or the token is none that may be used.
 * @public
 */
export function createHttpExecutor(options: HttpExecutorOptions): Executor {
  const settings = settingsOf(options);
  const { clock, shownUrl, resultBytesMax, isDeterministic } = settings;
  let breaker = CLOSED;
  const tell = (kind: BreakerEvent['kind']): void => {
    breaker = nextBreaker(breaker, { kind, nowMs: clock.now() });
  };
  const runGuarded = async (request: RunRequest): Promise<Execution> => {
    const waitMs = breakerWaitMs(breaker, clock.now());
    if (waitMs > 0)
      throw new RunEnd(
        'circuit_breaker_open',
        `${shownUrl} failed again and again; it is asked again in ${Math.ceil(waitMs / 1_000)} s`,
      );
    tell('asked');
    const ended = await attempts(settings, request).catch((error: unknown) => {
      tell('left');
      throw error;
    });
    tell(ended.kind === 'answered' ? 'succeeded' : ended.isServerDown ? 'failed' : 'left');
    if (ended.kind === 'answered') return ended.execution;
    throw new RunEnd(ended.type, ended.message);
  };
  return {
    about: {
      name: 'http',
      config: { url: shownUrl, url_sha256: sha256(options.url), result_bytes_max: resultBytesMax },
      isDeterministic,
    },
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: async (filePath, funcName, args, timeoutS, memMb, { signal } = {}) => {
      const request = { filePath, funcName, args, timeoutS, memMb, signal };
      return withoutToken(await settledRun(clock, request, () => runGuarded(request)), settings.token);
    },
  };
}

function settingsOf(options: HttpExecutorOptions): Settings {
  const defaults = {
    isInsecureAllowed: false,
    resultBytesMax: RESULT_BYTES_MAX,
    graceMs: 5_000,
    isDeterministic: false,
  };
  const { token } = options;
  // What a header may not hold, fetch would repeat in its error.
  if (token !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(token))
    throw invalid('the token is not of 1 to 4,096 visible ASCII characters');
  const settings = { ...defaults, ...options, token };
  const shownUrl = checkedUrl(options.url, settings.isInsecureAllowed);
  return { ...settings, shownUrl, answerBytesMax: settings.resultBytesMax + TEXT_BYTES };
}

/** The URL without its query, in which keys may stand. */
function checkedUrl(text: string, isInsecureAllowed: boolean): string {
  const url = URL.parse(text);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) throw invalid('option url is no https URL');
  if (url.username !== '' || url.password !== '')
    throw invalid('option url holds a user or password; give a token instead');
  const shown = `${url.origin}${url.pathname}`;
  if (url.protocol === 'https:' || isInsecureAllowed || isLoopback(url.hostname)) return shown;
  throw invalid(`option url is ${shown}; expected https, or a host of this machine, or leave for http`);
}

/** Tells URLs apart whose queries must not be shown. */
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function invalid(message: string): GuardError {
  return new GuardError('EXECUTOR_INVALID', message);
}

type Answered = { readonly kind: 'answered'; readonly execution: Execution };
type Unanswered = {
  readonly kind: 'unanswered';
  readonly type: ExecutionErrorType;
  readonly message: string;
  /** It says something of the server, and not of the request alone. */
  readonly isServerDown: boolean;
  /** Another request may be answered; after so long, where the server says. */
  readonly again?: { readonly afterMs: number | undefined };
};

async function attempts(settings: Settings, request: RunRequest): Promise<Answered | Unanswered> {
  for (let retry = 0; ; retry += 1) {
    const ended = await attempt(settings, request);
    if (ended.kind === 'answered' || ended.again === undefined || retry >= RETRIES_MAX) return ended;
    const waitMs = ended.again.afterMs ?? backoffMs(retry, settings.random.next());
    await pause(settings.startTimer, waitMs, request.signal);
  }
}

/** One request, until its answer was read whole. */
async function attempt(settings: Settings, request: RunRequest): Promise<Answered | Unanswered> {
  const { clock, startTimer, graceMs, shownUrl } = settings;
  const startedAt = clock.now();
  const controller = new AbortController();
  const leave = (): void => controller.abort();
  const cancel = startTimer(request.timeoutS * 1_000 + graceMs, leave);
  request.signal?.addEventListener('abort', leave, { once: true });
  try {
    const response = await send(settings, request, controller.signal);
    return response.status === 200
      ? await readAnswer(settings, response, () => clock.now() - startedAt)
      : await refused(settings, response);
  } catch {
    // What fetch throws may hold the request; what it means is known without it.
    if (request.signal?.aborted === true) throw calledOff();
    if (!controller.signal.aborted)
      return down('unavailable', `${shownUrl} cannot be reached, or broke off its answer`);
    return down('infrastructure', `${shownUrl} did not answer within ${request.timeoutS} s and ${graceMs} ms more`);
  } finally {
    cancel();
    request.signal?.removeEventListener('abort', leave);
  }
}

function send({ fetch, url, token }: Settings, request: RunRequest, signal: AbortSignal): Promise<Response> {
  const { filePath: file_path, funcName: func_name, args, timeoutS: timeout_s, memMb: mem_mb } = request;
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ file_path, func_name, args, timeout_s, mem_mb }),
    redirect: 'manual', // It would take the implementation, and the token, elsewhere.
    signal,
  });
}

async function readAnswer(
  settings: Settings,
  response: Response,
  elapsedMs: () => number,
): Promise<Answered | Unanswered> {
  const { answerBytesMax, resultBytesMax, shownUrl } = settings;
  const text = await readBounded(response.body, answerBytesMax);
  const durationMs = elapsedMs();
  if (text === undefined)
    return {
      kind: 'answered',
      execution: failed('parse_error', `the answer is larger than ${answerBytesMax} bytes`, { durationMs }),
    };
  try {
    const answer: unknown = JSON.parse(text);
    return { kind: 'answered', execution: normalizeExecution(answer, { durationMs, resultBytesMax }) };
  } catch {
    return down('infrastructure', `${shownUrl} answered 200 with what is no JSON`);
  }
}

const RETRIED: readonly number[] = [429, 500, 502, 503, 504];

/** How statuses end a run, but for those that are asked again (X002-12). */
const TYPES: Readonly<Partial<Record<number, ExecutionErrorType>>> = {
  400: 'invalid_request',
  401: 'authentication_error',
  403: 'authentication_error',
  404: 'invalid_request',
  422: 'invalid_input',
};

async function refused({ clock, shownUrl }: Settings, response: Response): Promise<Unanswered> {
  const { status, headers } = response;
  await response.body?.cancel();
  const message = `${shownUrl} answered with status ${status}`;
  if (RETRIED.includes(status)) {
    const type = status === 500 ? 'infrastructure' : 'unavailable';
    return { ...down(type, message), again: { afterMs: retryAfterMs(headers.get('retry-after'), clock.wallTime()) } };
  }
  const type = TYPES[status] ?? 'invalid_request';
  const isRedirect = status >= 300 && status < 400;
  const shown = isRedirect ? `${message}, a redirect, which is not followed: give the URL that it leads to` : message;
  return { kind: 'unanswered', type, message: shown, isServerDown: status > 500 };
}

function down(type: ExecutionErrorType, message: string): Unanswered {
  return { kind: 'unanswered', type, message, isServerDown: true };
}

/** A server may repeat what it was sent. */
function withoutToken(execution: Execution, token: string | undefined): Execution {
  if (token === undefined) return execution;
  const clean = (text: string): string => text.replaceAll(token, '[REDACTED]');
  const { error, stdout, stderr } = execution;
  return {
    ...execution,
    stdout: clean(stdout),
    stderr: clean(stderr),
    ...(error !== undefined && { error: clean(error) }),
  };
}
