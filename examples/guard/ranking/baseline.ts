/** Takes the best one out, again and again. */
type Candidate = { id: string; score: number; group: string };

export function solve(candidates: Candidate[], k: number): string[] {
  const left = [...candidates];
  const ranked: string[] = [];
  while (ranked.length < k && left.length > 0) {
    let best = 0;
    for (const [index, one] of left.entries()) if (isBefore(one, left[best])) best = index;
    ranked.push(...left.splice(best, 1).map(({ id }) => id));
  }
  return ranked;
}

function isBefore(one: Candidate, other: Candidate | undefined): boolean {
  if (other === undefined) return true;
  return one.score === other.score ? one.id < other.id : one.score > other.score;
}
