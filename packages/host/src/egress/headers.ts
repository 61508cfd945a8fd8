/**
 * Headers of a request that a plugin makes, and of the answer to it (FAULTS 102): names and values as RFC 9110 has them, none
 * that is about the connection, and none by which a plugin would speak as somebody else.
 */
import { LIMITS } from '@bulkhead/protocol';
import { pastLimit, refused } from './egress-errors.ts';
import { refusal } from './target.ts';

/** Name in small letters, and value. */
export type HeaderPair = readonly [name: string, value: string];

/** About a connection, of which the broker has its own; or made from the request by whoever sends it. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** The broker unpacks what comes, so that its size is counted and secrets in it are found. */
const REPLACED: ReadonlySet<string> = new Set(['accept-encoding']);

/**
 * Judges what a plugin asks for; what is about the connection is left out, as browsers do.
 *
 * @throws {HostError} `EGRESS_REFUSED` with the rule `header`; `EGRESS_LIMIT`.
 */
export function requestHeaders(asked: readonly HeaderPair[], hostPort: string): readonly HeaderPair[] {
  if (asked.length > LIMITS.egress_headers.value) throw pastLimit('egress_headers', asked.length);
  const bytes = asked.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 4, 0);
  if (bytes > LIMITS.egress_header_bytes.value) throw pastLimit('egress_header_bytes', bytes);
  return asked
    .map(([name, value]): HeaderPair => [judged(name, value, hostPort), value])
    .filter(([name]) => !isLeftOut(name) && !REPLACED.has(name));
}

/** Leaves out of an answer what is about the connection, or not true of what the plugin is given. */
export function answerHeaders(headers: readonly HeaderPair[], isUnpacked: boolean): readonly HeaderPair[] {
  const untrue = isUnpacked ? ['content-encoding', 'content-length'] : [];
  return headers
    .filter(([name]) => (!isLeftOut(name) || name === 'content-length') && !untrue.includes(name))
    .slice(0, LIMITS.egress_headers.value);
}

/** The value of a header; undefined where there is none. */
export function headerOf(headers: readonly HeaderPair[], wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1];
}

function isLeftOut(name: string): boolean {
  return OF_CONNECTION.has(name) || name.startsWith('proxy-');
}

/** RFC 9110, 5.6.2 and 5.5; the bytes above ASCII are opaque to HTTP. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

function judged(name: string, value: string, hostPort: string): string {
  if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
    const shown = /^[\w-]{1,64}$/.test(name) ? ` "${name}"` : '';
    throw refused(refusal('header', hostPort, `a header${shown} has a name or a value that HTTP does not know`));
  }
  return name.toLowerCase();
}
