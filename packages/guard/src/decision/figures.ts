/**
 * How the reasons of a decision write numbers.
 */

/** A share in percent. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** Differences of rates are told in points of a hundred. */
export function points(difference: number): string {
  return `${Number((difference * 100).toFixed(2))} points`;
}

/** Of so many names the first few; the rest is counted. */
export function named(names: readonly string[], total: number = names.length): string {
  const shown = names.slice(0, NAMED_MAX);
  const rest = total - shown.length;
  return rest > 0 ? [...shown, `and ${rest} more`].join(', ') : shown.join(', ');
}

const NAMED_MAX = 5;
