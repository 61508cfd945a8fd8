/**
 * How the in-memory storage names a row that two words identify.
 */

/** One key of two words; no name may hold a NUL, so two different pairs never meet. */
export function pair(first: string, second: string): string {
  return `${first}\0${second}`;
}
