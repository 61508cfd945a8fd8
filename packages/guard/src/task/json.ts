/**
 * Arguments and results are JSON, because they cross the wall of a sandbox: here they are told from what is none, and frozen, so that no check of a task can change what the next one sees.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';

/**
 * Positional arguments of an implementation.
 *
 * @public
 */
export type JsonArgs = readonly JsonValue[];

/** Levels of arrays and objects; a value that contains itself ends here. */
const DEPTH_MAX = 64;
/** Characters of a text in a report. */
const TEXT_MAX = 500;

/**
 * Finds what JSON cannot say, such as NaN, undefined, a Date or an object in itself.
 *
 * @returns The first place and what is there, such as `args[0].x is NaN`; undefined where all of it is JSON.
 */
export function nonJsonPlace(value: unknown, place: string, depth = 0): string | undefined {
  if (depth > DEPTH_MAX) return `${place} is nested more than ${DEPTH_MAX} levels deep`;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${place} is ${value}`;
  if (Array.isArray(value)) return nonJsonItem(value, place, depth);
  if (typeof value !== 'object') return `${place} is ${value === undefined ? 'undefined' : `a ${typeof value}`}`;
  if (!isPlain(value)) return `${place} is not a plain object`;
  for (const [key, member] of Object.entries(value)) {
    const found = nonJsonPlace(member, `${place}.${key}`, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A frozen copy as it arrives behind a wall of JSON. The caller knows that it is JSON. */
export function frozenCopy<T extends JsonValue>(value: T): T {
  return frozen(JSON.parse(JSON.stringify(value)) as T); // JSON of this shape comes back in this shape.
}

/** Freezes a value with all its parts, in place. */
export function frozen<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value as JsonObject)) frozen(member); // Items of an array are its values, too.
  return Object.freeze(value);
}

/** Tells a list from an object, which `Array.isArray` does not do for readonly ones. */
export function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** A text for a report, cut where it is longer than so many characters. */
export function clipped(text: string, most: number = TEXT_MAX): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function nonJsonItem(items: readonly unknown[], place: string, depth: number): string | undefined {
  for (let index = 0; index < items.length; index += 1) {
    const found = nonJsonPlace(items[index], `${place}[${index}]`, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Tells whether an object is of no class: of any realm, and without a prototype too, as fast-check makes both. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
