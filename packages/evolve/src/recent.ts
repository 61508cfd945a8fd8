/**
 * Answers of a pure function that were asked for lately; the oldest are forgotten.
 */

/** Makes a function that remembers so many answers; what throws is not remembered. */
export function createRecent<Answer>(most: number, compute: (key: string) => Answer): (key: string) => Answer {
  const known = new Map<string, Answer>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const answer = compute(key);
    known.set(key, answer);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    return answer;
  };
}
