/** Sorts numbers: each is moved down to its place among those before it. */
export function solve(numbers: number[]): number[] {
  const sorted = [...numbers];
  for (let at = 1; at < sorted.length; at += 1) {
    const moved = sorted[at] ?? 0;
    let place = at;
    for (; place > 0 && (sorted[place - 1] ?? 0) > moved; place -= 1) sorted[place] = sorted[place - 1] ?? 0;
    sorted[place] = moved;
  }
  return sorted;
}
