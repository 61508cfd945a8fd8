/**
 * Values of options that several verbs read, as they are typed.
 */
import { InvalidArgumentError } from 'commander';
import type { JsonValue } from '@bulkhead/protocol';

/** Reads a seed. @throws {InvalidArgumentError} for what is no whole number from 0. */
export function parseSeed(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
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
