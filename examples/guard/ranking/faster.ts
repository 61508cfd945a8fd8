/** Sorts once. */
type Candidate = { id: string; score: number; group: string };

export function solve(candidates: Candidate[], k: number): string[] {
  const sorted = candidates.toSorted((one, other) => other.score - one.score || (one.id < other.id ? -1 : 1));
  return sorted.slice(0, k).map(({ id }) => id);
}
