/**
 * The audit log of a folder of reports: one JSON line for each thing that was done, each sealed with the line before it, so that a line
 * that was changed, left out, put in or moved is found (X002-16).
 *
 *   mac(n) = HMAC-SHA256(key, line(n) without its mac, in which `previous` is mac(n − 1)),   mac(0) = 64 zeros
 *
 * Who has the key can write another log: keep it elsewhere where that matters. Lines cut off at the end are found by whoever knows how many there
 * were.
 */
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GuardError } from '../guard-error.ts';

/** Name of the log in a folder of reports. */
export const AUDIT_LOG = 'audit.log';
/** Name of the file there with the key that seals it, where the caller has none. */
export const AUDIT_KEY = 'audit.key';

/** What was done, in keys of the caller's; `at` is ISO 8601. */
export type AuditEntry = JsonObject & { readonly at: string; readonly event: string };

/** A key of the caller's, of at least 16 bytes; without one that of the folder is taken, and made where there is none. */
export type AuditOptions = { readonly key?: Uint8Array };

/**
 * What a log came to: whole, with its number of lines, or the first line, from 1, that is not right, and why.
 *
 * @public
 */
export type AuditCheck =
  | { readonly ok: true; readonly lines: number }
  | { readonly ok: false; readonly line: number; readonly reason: string };

const FIRST = '0'.repeat(64);
const KEY_BYTES = 32;
const KEY_BYTES_MIN = 16;
/** A line is some hundred bytes; from the end of a log so many are read for its last one. */
const LINE_BYTES_MAX = 65_536;

/**
 * Seals an entry to the end of the log. One process at a time writes in a folder.
 *
 * @throws {GuardError} `AUDIT_INVALID` where the log's last line is none, the entry is too long or the key too short.
 * @public
 */
export async function appendAudit(folder: string, entry: AuditEntry, { key }: AuditOptions = {}): Promise<void> {
  const secret = await keyOf(folder, key, 'make');
  const file = await open(join(folder, AUDIT_LOG), 'a+', 0o600);
  try {
    const last = await lastLine(file);
    const sequence = last === undefined ? 1 : last.sequence + 1;
    const body = { ...entry, sequence, previous: last?.mac ?? FIRST };
    const line = `${JSON.stringify({ ...body, mac: macOf(secret, body) })}\n`;
    if (Buffer.byteLength(line) > LINE_BYTES_MAX)
      throw invalid(`the entry has ${Buffer.byteLength(line)} bytes; expected at most ${LINE_BYTES_MAX}`);
    await file.appendFile(line);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Goes through the log from its beginning.
 *
 * @throws {GuardError} `AUDIT_INVALID` where there is no key or no log.
 * @public
 */
export async function verifyAudit(folder: string, { key }: AuditOptions = {}): Promise<AuditCheck> {
  const secret = await keyOf(folder, key, 'read');
  const input = createReadStream(join(folder, AUDIT_LOG), 'utf8');
  const failed = new Promise<never>((_resolve, reject) => {
    input.once('error', (error) =>
      reject(invalid(`the log in "${folder}" cannot be read; name the folder of the reports`, error)),
    );
  });
  try {
    return await Promise.race([checkLines(createInterface({ input, crlfDelay: Infinity }), secret), failed]);
  } finally {
    input.destroy();
  }
}

async function checkLines(texts: AsyncIterable<string>, secret: Uint8Array): Promise<AuditCheck> {
  let previous = FIRST;
  let count = 0;
  for await (const text of texts) {
    count += 1;
    const sealed = sealedOf(text);
    const reason = sealed === undefined ? 'it is no sealed line' : faultOf(sealed, { previous, count, secret });
    if (reason !== undefined || sealed === undefined) return { ok: false, line: count, reason: reason ?? '' };
    previous = sealed.mac;
  }
  return { ok: true, lines: count };
}

type Sealed = { readonly sequence: number; readonly previous: string; readonly mac: string; readonly body: JsonObject };

function faultOf(
  sealed: Sealed,
  { previous, count, secret }: { readonly previous: string; readonly count: number; readonly secret: Uint8Array },
): string | undefined {
  if (!isSame(sealed.mac, macOf(secret, sealed.body)))
    return 'it is not as it was written, or was written with another key';
  if (sealed.sequence !== count)
    return `it says that it is line ${sealed.sequence}; a line was left out, put in or moved`;
  return sealed.previous === previous ? undefined : 'it does not follow the line before it';
}

function sealedOf(text: string): Sealed | undefined {
  const value = jsonOf(text);
  if (!isJsonObject(value)) return undefined;
  const { mac, ...body } = value;
  const { sequence, previous } = body;
  if (typeof mac !== 'string' || typeof previous !== 'string' || typeof sequence !== 'number') return undefined;
  return { sequence, previous, mac, body };
}

function jsonOf(text: string): JsonValue | undefined {
  if (text.length > LINE_BYTES_MAX) return undefined;
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined; // The caller says which line is none.
  }
}

function macOf(secret: Uint8Array, body: JsonObject): string {
  return createHmac('sha256', secret).update(canonicalJson(body)).digest('hex');
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

async function lastLine(file: Awaited<ReturnType<typeof open>>): Promise<Sealed | undefined> {
  const { size } = await file.stat();
  if (size === 0) return undefined;
  const length = Math.min(size, LINE_BYTES_MAX + 1);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const text = buffer.toString('utf8', 0, bytesRead);
  const sealed = text.endsWith('\n') ? sealedOf(text.slice(0, -1).split('\n').at(-1) ?? '') : undefined;
  if (sealed === undefined)
    throw invalid('the last line of the log is no sealed line; move the log away, keep it, and a new one begins');
  return sealed;
}

async function keyOf(folder: string, given: Uint8Array | undefined, need: 'make' | 'read'): Promise<Uint8Array> {
  if (given !== undefined) return longEnough(given);
  if (need === 'make') await makeKey(join(folder, AUDIT_KEY));
  try {
    return longEnough(Buffer.from((await readFile(join(folder, AUDIT_KEY), 'utf8')).trim(), 'hex'));
  } catch (error) {
    if (error instanceof GuardError) throw error;
    throw invalid(`"${folder}" has no ${AUDIT_KEY}; give the key that the log was written with`, error);
  }
}

/** Only where there is none: exclusive, so that no key is ever replaced. */
async function makeKey(path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(KEY_BYTES).toString('hex')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function longEnough(key: Uint8Array): Uint8Array {
  if (key.length >= KEY_BYTES_MIN) return key;
  throw invalid(`the key has ${key.length} bytes; expected at least ${KEY_BYTES_MIN}`);
}

function invalid(message: string, cause?: unknown): GuardError {
  return new GuardError('AUDIT_INVALID', `audit: ${message}`, cause === undefined ? undefined : { cause });
}
