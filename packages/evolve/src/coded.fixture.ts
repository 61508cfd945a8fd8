/**
 * What tests expect of an error of evolve.
 */
import { expect } from 'vitest';

/** Matches an error of a code whose message holds a text. */
export function coded(code: string, message: string): object {
  return expect.objectContaining({ code, message: expect.stringContaining(message) });
}
