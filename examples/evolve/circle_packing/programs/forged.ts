/** Claims more than there is room for. */
export function solve(count: number): { circles: number[][]; sum: number } {
  return { circles: Array.from({ length: count }, (_, at) => [0.5, 0.5, at === 0 ? 0.5 : Number.NaN]), sum: 3 };
}
