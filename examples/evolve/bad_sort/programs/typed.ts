/** Sorts numbers, as an array that can hold nothing else. */
export function solve(numbers: number[]): number[] {
  return [...Float64Array.from(numbers).toSorted()];
}
