/**
 * Small judgements about values of unknown shape, for the adapter: what a thing is, in words, and its methods.
 */
import type { JsonObject } from '@bulkhead/protocol';

/** A function of the plugin, bound to what it is a member of. */
export type Method = (...args: readonly unknown[]) => unknown;

const SHOWN_MAX = 8;
const SHOWN_CHARACTERS = 60;

/** Tells whether the value is an object that is no array and no function. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Says in words what a value is, for "is …; expected …"; never shows more than a few names of it. */
export function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'symbol') return 'a symbol';
  if (!isRecord(value)) return `${value as number | bigint | boolean | null}`; // All that is left.
  const names = Object.keys(value);
  return names.length === 0 ? 'an empty object' : `an object with ${names.slice(0, SHOWN_MAX).join(', ')}`;
}

/**
 * Returns the value as a method of `self`, or undefined where it is not there.
 *
 * @throws TypeError where it is something else than a function.
 */
export function asMethod(value: unknown, name: string, self: object): Method | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'function') throw new TypeError(`${name} is ${describe(value)}; expected a function`);
  return (...args) => Reflect.apply(value, self, args);
}

/**
 * Copies an object by writing and reading it as JSON, so that what is copied can no longer change.
 *
 * @throws TypeError where it is no object, or cannot be written.
 */
export function plainJson(value: unknown, what: string): JsonObject {
  if (!isRecord(value)) throw new TypeError(`${what} is ${describe(value)}; expected an object`);
  try {
    const copy: unknown = JSON.parse(JSON.stringify(value));
    if (isRecord(copy)) return copy as JsonObject; // JSON.parse makes nothing else.
  } catch (cause) {
    throw new TypeError(`${what} cannot be written as JSON: ${String(cause)}`, { cause });
  }
  throw new TypeError(`${what} does not become an object when it is written as JSON`);
}
