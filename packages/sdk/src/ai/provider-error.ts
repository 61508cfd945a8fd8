/**
 * What a provider's library throws, as a `ProviderError`: with the status and the time to wait that the provider said. Errors are known
 * by their members, since each plugin brings its own copy of the library.
 */
import { ProviderError } from '../llm-backend.ts';

const MESSAGE_CHARACTERS_MAX = 500;
const REFUSED_FROM = 400;

/** Returns the error to throw; what is none of a provider's (an abort, what the host refuses, a bug) stays as it is. */
export function toProviderError(error: unknown, now: number = Date.now()): unknown {
  if (error instanceof Error && error.cause instanceof ProviderError) return error.cause;
  if (error instanceof ProviderError || textOf(error, 'name') === 'AbortError') return error;
  const status = numberOf(error, 'statusCode') ?? 0;
  // Of an answer that went well, and was cut or made no sense, the status says nothing.
  if (status >= REFUSED_FROM) return refusal(error, status, now);
  if (isOfLibrary(error)) return new ProviderError(clip(withCause(error)));
  // What a provider writes into its stream is plain data.
  if (!(error instanceof Error)) return new ProviderError(clip(`the provider broke off: ${saidBy(error)}`));
  if (error instanceof TypeError && error.message === 'fetch failed')
    return new ProviderError(
      clip(`the provider was cut off: ${textOf(error.cause, 'message') ?? 'no cause is known'}`),
    );
  return error;
}

function refusal(error: unknown, status: number, now: number): ProviderError {
  const retryAfterMs = waitOf(headersOf(error), now);
  const message = clip(`the provider answered ${status}: ${saidBy(error)}`);
  return new ProviderError(message, { status, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

/** The AI SDK marks its errors by a symbol that all copies share. */
function isOfLibrary(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, Symbol.for('vercel.ai.error')) === true;
}

/** The library says that an answer could not be read, and its cause why. */
function withCause(error: unknown): string {
  const message = textOf(error, 'message') ?? 'the provider did not answer';
  const cause = textOf(member(error, 'cause'), 'message');
  return cause === undefined || message.includes(cause) ? message : `${message}: ${cause}`;
}

function saidBy(error: unknown): string {
  return textOf(error, 'message') ?? (typeof error === 'string' ? error : 'it says no more');
}

type Headers = Readonly<Record<string, unknown>>;

function headersOf(error: unknown): Headers {
  const headers: unknown = member(error, 'responseHeaders');
  return typeof headers === 'object' && headers !== null ? (headers as Headers) : {}; // Read by name alone.
}

/** RFC 9110, 10.2.3: seconds or a date; some providers say milliseconds in a header of their own. */
function waitOf(headers: Headers, now: number): number | undefined {
  const milliseconds = wholeNumber(headers['retry-after-ms']);
  if (milliseconds !== undefined) return milliseconds;
  const after = headers['retry-after'];
  const seconds = wholeNumber(after);
  if (seconds !== undefined) return seconds * 1_000;
  const at = typeof after === 'string' ? Date.parse(after) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function wholeNumber(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}

function textOf(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function numberOf(value: unknown, key: string): number | undefined {
  const found = member(value, key);
  return typeof found === 'number' ? found : undefined;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function clip(text: string): string {
  return text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text;
}
