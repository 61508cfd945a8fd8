/** Gives one group half a point: a monitor of fairness and the relation `other_groups` see it. */
type Candidate = { id: string; score: number; group: string };

export function solve(candidates: Candidate[], k: number): string[] {
  const scored = candidates.map((one) => ({ id: one.id, score: one.score + (one.group === 'north' ? 0.5 : 0) }));
  const sorted = scored.toSorted((one, other) => other.score - one.score || (one.id < other.id ? -1 : 1));
  return sorted.slice(0, k).map(({ id }) => id);
}
