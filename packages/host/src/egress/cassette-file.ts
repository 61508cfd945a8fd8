/**
 * The file of a cassette: exchanges as JSON that people read and compare. The same exchanges make the same file, in whatever order
 * they were under way.
 */
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { HostError, systemCodeOf } from '../base/host-error.ts';

/** What was sent, without keys. `body` is text, canonical where it is JSON; empty where there is none. */
export type RecordedRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What came back, unpacked and without keys. */
export type RecordedResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/** One exchange. */
export type Exchanged = { readonly request: RecordedRequest; readonly response: RecordedResponse };

const FORMAT = 1;

/** Writes them whole or not at all. @throws {HostError} `CASSETTE_INVALID` where the file cannot be written. */
export async function writeCassette(file: string, exchanges: readonly Exchanged[]): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, textOf(exchanges), { flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    throw invalid(`"${file}" cannot be written (${systemCodeOf(error) ?? 'unknown'})`, error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Reads them in the order of the file. @throws {HostError} `CASSETTE_INVALID`. */
export async function readCassette(file: string): Promise<readonly Exchanged[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw invalid(`"${file}" cannot be read (${systemCodeOf(error) ?? 'unknown'})`, error);
  });
  const exchanges = exchangesIn(text);
  if (exchanges === undefined) throw invalid(`"${file}" is no cassette of format ${FORMAT}`);
  return exchanges;
}

function invalid(message: string, cause?: unknown): HostError {
  return new HostError('CASSETTE_INVALID', { message, cause });
}

function textOf(exchanges: readonly Exchanged[]): string {
  const keyed = exchanges.map((exchange) => ({ exchange, key: keyOf(exchange.request) }));
  // Of what was asked twice, the order is that in which it was answered.
  const sorted = keyed.toSorted((one, other) => (one.key < other.key ? -1 : Number(one.key > other.key)));
  const written = sorted.map(({ exchange: { request, response } }) => ({
    request: { ...request, headers: sortedByName(request.headers), body: bodyAsWritten(Buffer.from(request.body)) },
    response: { ...response, headers: sortedByName(response.headers), body: bodyAsWritten(response.body) },
  }));
  return `${JSON.stringify({ format: FORMAT, exchanges: written }, null, 2)}\n`;
}

/** What two requests have in common that are the same. */
export function keyOf({ method, url, body }: RecordedRequest): string {
  return `${url} ${method} ${body}`;
}

function sortedByName(headers: RecordedRequest['headers']): RecordedRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** JSON as JSON where that gives its bytes back, text by its lines, anything else as base64. */
function bodyAsWritten(bytes: Uint8Array): JsonObject {
  const text = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(text).equals(bytes)) return { base64: Buffer.from(bytes).toString('base64') };
  const json = parseJson(text);
  return json !== undefined && JSON.stringify(json) === text ? { json } : { lines: text.split('\n') };
}

function bodyAsRead(written: unknown): Uint8Array | undefined {
  if (!isJsonObject(written)) return undefined;
  const { json, lines, base64 } = written;
  if (json !== undefined) return Buffer.from(JSON.stringify(json));
  if (Array.isArray(lines) && lines.every((line) => typeof line === 'string')) return Buffer.from(lines.join('\n'));
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined;
}

/** Parses JSON; undefined where it is none. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue; // JSON.parse says any.
  } catch {
    return undefined; // Then it is text.
  }
}

/** One spelling for each body: JSON in its canonical form, other text as it is. */
export function canonicalBody(text: string): string {
  const json = parseJson(text);
  return json === undefined ? text : canonicalJson(json);
}

function exchangesIn(text: string): readonly Exchanged[] | undefined {
  const written = parseJson(text);
  if (!isJsonObject(written) || written['format'] !== FORMAT || !Array.isArray(written['exchanges'])) return undefined;
  const read = written['exchanges'].map(exchangeIn).filter((exchange) => exchange !== undefined);
  return read.length === written['exchanges'].length ? read : undefined;
}

function exchangeIn(written: JsonValue): Exchanged | undefined {
  if (!isJsonObject(written) || !isJsonObject(written['request']) || !isJsonObject(written['response']))
    return undefined;
  const { method, url, headers, body } = written['request'];
  const { status, headers: answered, body: answer } = written['response'];
  const [sent, received] = [bodyAsRead(body), bodyAsRead(answer)];
  if (typeof method !== 'string' || typeof url !== 'string' || !URL.canParse(url)) return undefined;
  if (!Number.isInteger(status) || !areTexts(headers) || !areTexts(answered)) return undefined;
  if (sent === undefined || received === undefined) return undefined;
  return {
    request: { method, url, headers, body: Buffer.from(sent).toString('utf8') },
    response: { status: Number(status), headers: answered, body: received },
  };
}

function areTexts(value: JsonValue | undefined): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string');
}
