/** Sorts all of them. */
export function solve(values: number[], k: number): number[] {
  return values.toSorted((one, other) => other - one).slice(0, k);
}
