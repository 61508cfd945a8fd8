/**
 * A small seeded generator for the simulations: 32 bits of state are plenty for their few ten million draws.
 */

/**
 * Numbers from 0 to below 1 that depend on the seed alone.
 *
 * @see Ettinger 2017, mulberry32; its seed is the FNV-1a hash of the text.
 */
export function createMulberry32(seed: string): () => number {
  let state = hashOf(seed);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
