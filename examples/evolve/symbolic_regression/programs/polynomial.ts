/** The curve at each place. */
export function solve(xs: number[]): number[] {
  return xs.map((x) => x * x * x - x * x - x);
}
