/**
 * What the parts of the Storage conformance suite share.
 */
import type { Storage } from './port.ts';

/** Gives the storage of the test that runs. */
export type Opened = () => Storage;

/** A time in ISO 8601, so many minutes past the suite's noon. */
export function minute(past: number): string {
  return new Date(Date.UTC(2026, 0, 1, 12, past)).toISOString();
}
