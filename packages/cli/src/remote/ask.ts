/**
 * Asks a running server, and says with the next step what cannot be reached, answers in another form, or refuses.
 */
import { text } from 'node:stream/consumers';
import type { ArchiveFile, IndexedFrom } from '@bulkhead/host';
import { LIMITS, isJsonObject, type CallReport, type Outcome, type PluginHealth } from '@bulkhead/protocol';
import { UsageError } from '../usage-error.ts';
import { NoAnswerError } from './no-answer-error.ts';
import { RemoteError, parseRefusal } from './remote-error.ts';
import type { Remote } from './remote.ts';
import { sendRequest, type Answer, type SentRequest } from './send-request.ts';

/** A request of the admin plane; `path` begins with a slash and holds no text that is not encoded. */
export type AdminRequest = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** Sent in place of a body, with its signature in a header. */
  readonly archive?: ArchiveFile;
  /** The index that the archive was fetched from. */
  readonly index?: IndexedFrom;
  /** The ETag that what is changed must have. */
  readonly ifMatch?: string;
  /** Ends the request, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
};

/** An answer of the admin plane; `value` is undefined where the body is empty. */
export type AdminAnswer<Value> = {
  readonly status: number;
  readonly etag: string | undefined;
  readonly value: Value;
};

/** A call of a server's tool. */
export type RemoteCall = { readonly plugin: string; readonly tool: string; readonly body: object };

/** Longer than any call may take. */
const ANSWER_MS = LIMITS.timeout_ms.value + LIMITS.drain_ms.value;

/**
 * Asks the admin plane. `Value` is what the route's schema promises.
 *
 * @throws {UsageError} where there is no token.
 * @throws {RemoteError} where the server refuses.
 * @throws {NoAnswerError} where no server answers, or something that is no Bulkhead does.
 * @throws The reason of its signal, once that is aborted.
 */
export async function askAdmin<Value>(remote: Remote, request: AdminRequest): Promise<AdminAnswer<Value>> {
  const { method = 'GET', path, body, archive, index, ifMatch, signal } = request;
  const headers = {
    ...tokenHeaders(remote),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(archive !== undefined && archiveHeaders(archive)),
    ...(index !== undefined && { 'x-bulkhead-index': Buffer.from(JSON.stringify(index)).toString('base64') }),
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
  };
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const sent = archive === undefined ? json : { body: archive.bytes };
  const aborts = signal === undefined ? {} : { signal };
  const { answer, value } = await ask(remote.server, path, { method, headers, ...sent, ...aborts });
  const refusal = answer.isOk ? undefined : (parseRefusal(value) ?? raiseForeign(remote.server));
  if (refusal !== undefined) throw new RemoteError(refusal);
  // By the schema of the route; what is no document, where there is one, was not written by a Bulkhead.
  if (value !== undefined && (typeof value !== 'object' || value === null)) raiseForeign(remote.server);
  return { status: answer.status, etag: answer.stream.headers.etag, value: value as Value };
}

/** Which of both it is, the server sees by itself; a header holds no line breaks, so the signature goes as base64. */
function archiveHeaders({ signature }: ArchiveFile): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/gzip',
    ...(signature !== undefined && { 'x-bulkhead-signature': Buffer.from(signature).toString('base64') }),
  };
}

/** Headers that say as whom a server is asked. @throws {UsageError} where there is no token. */
export function tokenHeaders({ token, tenant }: Remote): Readonly<Record<string, string>> {
  if (token === undefined) {
    throw new UsageError('there is no token', 'Set BULKHEAD_TOKEN, or name the server’s data folder with --data.');
  }
  return { authorization: `Bearer ${token}`, ...(tenant !== undefined && { 'x-bulkhead-tenant': tenant }) };
}

/** Calls a tool of a running server. @throws As {@link askAdmin}, but for refusals: those are Outcomes. */
export async function callRemote(remote: Remote, called: RemoteCall): Promise<Outcome> {
  const headers = { ...tokenHeaders(remote), 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(called.body) };
  const { value } = await ask(remote.server, callPath(called), init);
  return isOutcome(value) ? value : raiseForeign(remote.server);
}

/** Where a tool is called. */
export function callPath({ plugin, tool }: RemoteCall): string {
  return `/v1/tools/${encodeURIComponent(plugin)}/${encodeURIComponent(tool)}/call`;
}

/** Reads an outcome. @throws {NoAnswerError} where the text is none. */
export function outcomeOf(server: string, said: string): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(said);
  } catch (cause) {
    return raiseForeign(server, cause);
  }
  return isOutcome(value) ? value : raiseForeign(server);
}

/**
 * Asks for the health of every plugin, or of one.
 *
 * @returns the health objects; undefined where the one that was asked for is not there.
 * @throws {NoAnswerError} as {@link askAdmin}.
 */
export async function askHealth(
  { server, token }: Remote,
  name: string | undefined,
): Promise<readonly PluginHealth[] | undefined> {
  const path = name === undefined ? '/v1/plugins' : `/v1/plugins/${encodeURIComponent(name)}/health`;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { answer, value } = await ask(server, path, { headers });
  if (answer.status === 404) return undefined;
  if (typeof value !== 'object' || value === null) raiseForeign(server);
  return (Array.isArray(value) ? value : [value]) as readonly PluginHealth[]; // The server's own schema.
}

/**
 * Sends a request and waits for the head of the answer; the caller reads its body.
 *
 * @throws {NoAnswerError} where no server answers.
 */
export async function openAnswer(server: string, path: string, sent: SentRequest): Promise<Answer> {
  try {
    return await sendRequest(new URL(path, server), sent);
  } catch (cause) {
    throw new NoAnswerError(`no Bulkhead answers at ${server}`, {
      hint: 'Start one with `bulkhead serve`, or name it with --server URL.',
      cause,
    });
  }
}

type Answered = { readonly answer: Answer; readonly value: unknown };

/** Whoever aborts is told their own reason, and not that nobody answers. */
async function ask(server: string, path: string, sent: SentRequest): Promise<Answered> {
  const { signal } = sent;
  const limit = AbortSignal.timeout(ANSWER_MS);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  try {
    return await askWithin(server, path, { ...sent, signal: either });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function askWithin(server: string, path: string, sent: SentRequest): Promise<Answered> {
  const answer = await openAnswer(server, path, sent);
  try {
    const said = await text(answer.stream);
    return { answer, value: said === '' ? undefined : JSON.parse(said) };
  } catch (cause) {
    return raiseForeign(server, cause);
  }
}

function raiseForeign(server: string, cause?: unknown): never {
  throw new NoAnswerError(`${server} answers, but not as Bulkhead does`, { hint: 'Look at --server.', cause });
}

function isOutcome(value: unknown): value is Outcome {
  return isJsonObject(value) && typeof value['ok'] === 'boolean' && isReport(value['call']);
}

function isReport(value: unknown): value is CallReport {
  return isJsonObject(value) && typeof value['call_id'] === 'string';
}
