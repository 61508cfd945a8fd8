/**
 * Values of options that several verbs read, as they are typed.
 */
import { InvalidArgumentError } from 'commander';
import type { JsonValue } from '@bulkhead/protocol';

/** Gathers the values of an option that may be typed more than once. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

const DIGITS_MAX = 15;

/** Reads a number of things. @throws {InvalidArgumentError} for what is no whole number from 1. */
export function wholeNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text) && text.length <= DIGITS_MAX) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

/** Reads a seed, or a number of things that may be none. @throws {InvalidArgumentError} for what is no whole number from 0. */
export function countNumber(text: string): number {
  if (/^\d+$/.test(text) && text.length <= DIGITS_MAX) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0.');
}

/** Reads a list of arguments. @throws {InvalidArgumentError} for what is no JSON, or no list. */
export function parseArguments(text: string): readonly JsonValue[] {
  const value = parsed(text);
  if (Array.isArray(value)) return value as readonly JsonValue[]; // JSON.parse made it.
  throw new InvalidArgumentError("Expected a JSON list, such as '[[3,1,2]]' for one argument that is a list.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
