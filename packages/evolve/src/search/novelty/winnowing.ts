/**
 * Fingerprints of programs, by which near copies are known: a few of the hashes of all runs of five words, chosen so that any shared run of
 * eight is noticed.
 */

const GRAM = 5;
const WINDOW = 4;

/**
 * The fingerprints of a list of words: of each window of four hashes the least, the rightmost of equal ones.
 *
 * @see Schleimer, Wilkerson and Aiken 2003 (winnowing).
 */
export function fingerprintsOf(tokens: readonly string[]): ReadonlySet<number> {
  const hashes = Array.from({ length: Math.max(1, tokens.length - GRAM + 1) }, (_, at) =>
    hashOf(tokens.slice(at, at + GRAM).join('\n')),
  );
  const chosen = new Set<number>();
  for (let start = 0; start <= Math.max(0, hashes.length - WINDOW); start += 1)
    chosen.add(Math.min(...hashes.slice(start, start + WINDOW)));
  return chosen;
}

/** The share of fingerprints that two programs have in common, of all that either has. */
export function jaccard(one: ReadonlySet<number>, other: ReadonlySet<number>): number {
  const [small, large] = one.size <= other.size ? [one, other] : [other, one];
  let shared = 0;
  for (const fingerprint of small) if (large.has(fingerprint)) shared += 1;
  return shared / (one.size + other.size - shared);
}

/** FNV-1a of 32 bits: two runs in four thousand million share one by chance. */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93);
  return hash >>> 0;
}
