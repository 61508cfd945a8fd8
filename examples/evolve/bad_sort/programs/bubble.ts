/** Sorts numbers: neighbours that stand in the wrong order are exchanged, over and over. */
export function solve(numbers: number[]): number[] {
  const sorted = [...numbers];
  for (let round = 0; round < sorted.length; round += 1) {
    for (let at = 0; at + 1 < sorted.length; at += 1) {
      const one = sorted[at] ?? 0;
      const other = sorted[at + 1] ?? 0;
      if (one > other) {
        sorted[at] = other;
        sorted[at + 1] = one;
      }
    }
  }
  return sorted;
}
