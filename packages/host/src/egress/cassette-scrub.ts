/**
 * What of an exchange a cassette may keep: a secret is its name in braces, wherever and however it is written; what is called a
 * credential is left out, whosever it is; what says when and from where is left out, so that two recordings are the same.
 */
import { isJsonObject, type JsonValue } from '@bulkhead/protocol';
import { canonicalBody, parseJson, type RecordedRequest } from './cassette-file.ts';
import type { HeaderPair } from './headers.ts';
import { createScrubber, type Scrubber } from './scrub.ts';
import type { GrantedSecret } from './secrets.ts';

/** Stands where something was left out. */
const LEFT_OUT = '{{left out}}';

const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  'api-key',
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-amz-security-token',
  'x-api-key',
  'x-auth-token',
  'x-goog-api-key',
]);
/** Members of JSON and of a query whose texts are credentials. */
const CREDENTIAL_NAME =
  /^(?:api[-_]?key|access[-_]?token|refresh[-_]?token|id[-_]?token|client[-_]?secret|secret|password|authorization|key|sig|signature)$/i;
/** Of an answer, what a client acts on; dates, ids and counts of the moment differ each time. */
const KEPT_OF_ANSWER: ReadonlySet<string> = new Set(['content-type', 'location', 'retry-after', 'retry-after-ms']);
/** Of a request, what changes with a version of a library. */
const CHANGING: ReadonlySet<string> = new Set(['user-agent', 'accept-encoding']);

/** Makes the scrubber of a tenant's secrets: values, and the placeholders of this host, become names. */
export async function cassetteScrubber(secrets: readonly GrantedSecret[]): Promise<Scrubber> {
  const found = await Promise.all(secrets.map(async (secret) => ({ ...secret, value: await secret.read() })));
  return createScrubber(
    found.flatMap(({ name, placeholder, value }) =>
      [placeholder, value ?? '']
        .filter((text) => text !== '')
        .map((text) => ({ value: text, placeholder: `{{${name}}}` })),
    ),
  );
}

/** A request as the plugin wrote it. */
export type WrittenRequest = {
  readonly method: string;
  readonly href: string;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | undefined;
};

/** Returns the request as it is kept and compared. */
export function toldRequest({ method, href, headers, body }: WrittenRequest, scrubber: Scrubber): RecordedRequest {
  const kept = headers.filter(([name]) => !CHANGING.has(name));
  const text = scrubber.text(Buffer.from(body ?? []).toString('utf8'));
  return {
    method,
    url: toldUrl(href, scrubber),
    headers: toldHeaders(kept, scrubber),
    body: canonicalBody(toldText(text)),
  };
}

/** Returns the headers of an answer that are kept. */
export function toldAnswerHeaders(
  headers: readonly HeaderPair[],
  scrubber: Scrubber,
): Readonly<Record<string, string>> {
  return toldHeaders(
    headers.filter(([name]) => KEPT_OF_ANSWER.has(name)),
    scrubber,
  );
}

/** Returns the body of an answer that is kept; `bytes` are scrubbed already. */
export function toldAnswerBody(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8');
  const json = parseJson(text);
  if (json === undefined) return bytes;
  const told = withoutCredentials(json);
  return told === json ? bytes : Buffer.from(JSON.stringify(told));
}

function toldHeaders(headers: readonly HeaderPair[], scrubber: Scrubber): Readonly<Record<string, string>> {
  const told = headers.map(([name, value]): HeaderPair => {
    const text = scrubber.text(value);
    return [name, CREDENTIAL_HEADERS.has(name) && text === value ? LEFT_OUT : text];
  });
  return Object.fromEntries(told);
}

function toldUrl(href: string, scrubber: Scrubber): string {
  const url = new URL(scrubber.text(href));
  for (const [name, value] of [...url.searchParams])
    if (CREDENTIAL_NAME.test(name) && !value.startsWith('{{')) url.searchParams.set(name, LEFT_OUT);
  return url.href;
}

function toldText(text: string): string {
  const json = parseJson(text);
  return json === undefined ? text : JSON.stringify(withoutCredentials(json));
}

/** The same value where nothing was left out of it. */
function withoutCredentials(value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue) => withoutCredentials(item));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]): [string, JsonValue] => [
    name,
    typeof member === 'string' && CREDENTIAL_NAME.test(name) ? LEFT_OUT : withoutCredentials(member),
  ]);
  return members.some(([name, member]) => member !== value[name]) ? Object.fromEntries(members) : value;
}
