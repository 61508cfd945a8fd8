/**
 * Reads JSON objects that are typed: as they stand, from a file with `@FILE`, or from standard input with `-`.
 */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { UsageError } from './usage-error.ts';

const SHOWN_CHARACTERS = 80;

/**
 * Reads an object.
 *
 * @param what - Names the argument in the error, such as `--config`.
 * @throws {UsageError} for a file that cannot be read, and for what is no JSON object; says where it ends to be one.
 */
export async function readJsonObject(given: string, what: string): Promise<JsonObject> {
  const source = await readSource(given, what);
  try {
    const value: unknown = JSON.parse(source);
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw new UsageError(`${what} is not JSON: ${reasonOf(cause)}`, EXAMPLE);
  }
  throw new UsageError(`${what} is ${source.trim().slice(0, SHOWN_CHARACTERS)}; expected a JSON object`, EXAMPLE);
}

const EXAMPLE = `Such as '{"precision":2}', @FILE, or - for standard input.`;

async function readSource(given: string, what: string): Promise<string> {
  if (given === '-') return text(process.stdin);
  if (!given.startsWith('@')) return given;
  const file = given.slice(1);
  return readFile(file, 'utf8').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new UsageError(`${what} names the file ${JSON.stringify(file)}, which cannot be read (${code})`);
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, SHOWN_CHARACTERS * 2) : 'unreadable';
}

/** One key of an object, as a path of names, and its new value. */
export type KeyChange = { readonly path: readonly string[]; readonly value: JsonValue };

/**
 * Reads `KEY=VALUE`: names with dots between them, and JSON or else text.
 *
 * @returns undefined for what has no such form.
 */
export function parseKeyChange(given: string): KeyChange | undefined {
  const [, key = '', written = ''] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  const path = key.split('.');
  if (path.includes('') || path.includes('__proto__')) return undefined;
  return { path, value: valueOf(written) };
}

function valueOf(written: string): JsonValue {
  try {
    return JSON.parse(written) as JsonValue; // What JSON.parse makes is that.
  } catch {
    return written;
  }
}

/** Returns a copy with the key set; objects on the way are made where there are none. */
export function withKey(object: JsonObject, { path, value }: KeyChange): JsonObject {
  const [name = '', ...rest] = path;
  if (rest.length === 0) return { ...object, [name]: value };
  const inner = object[name];
  return { ...object, [name]: withKey(isJsonObject(inner) ? inner : {}, { path: rest, value }) };
}
