/** Sorts numbers: each once. */
export function solve(numbers: number[]): number[] {
  return [...new Set(numbers)].toSorted((one, other) => one - other);
}
