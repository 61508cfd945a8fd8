/** Keeps the k highest seen so far, in order: most values of a long list are looked at once. */
export function solve(values: number[], k: number): number[] {
  const kept: number[] = [];
  for (const value of values) {
    const last = kept.at(-1);
    if (kept.length >= k && (last === undefined || last >= value)) continue;
    kept.splice(placeIn(kept, value), 0, value);
    if (kept.length > k) kept.pop();
  }
  return kept;
}

function placeIn(kept: number[], value: number): number {
  const place = kept.findIndex((other) => other < value);
  return place < 0 ? kept.length : place;
}
