/**
 * Ids of calls. Every one is a valid UUID, for whoever stores them as such, and costs one string: a random UUID for each
 * call is glued from twenty pieces, which a busy host's garbage collector then carries around with the ledger.
 */
import { randomUUID } from 'node:crypto';

/** Half of what 12 hexadecimal digits can count: no source lives so long that it runs out of the rest. */
const FIRST_MAX = 2 ** 47;
const DIGITS = 12;
/** How often the time of an id is written anew; in between, ids differ in their last group only. */
const PREFIX_MS = 1_000;

/**
 * Makes a source of ids: UUIDs of version 7 (RFC 9562 §5.7). They begin with their time in milliseconds since the epoch, to
 * the second, and go on with 26 random bits that all ids of this source share and a counter that begins at 47 random ones,
 * so that two sources do not meet. Ids of one source are in the order of their calls, those of several to the second.
 *
 * @returns a function of the wall time in milliseconds. Not a secret: ids can be guessed.
 */
export function createCallIds(): (wallTime: number) => string {
  const random = randomUUID();
  let last = Math.floor((Number.parseInt(randomUUID().slice(-DIGITS), 16) / 2 ** 48) * FIRST_MAX);
  let prefixAt = -Infinity;
  let prefix = '';
  return (wallTime) => {
    if (wallTime - prefixAt >= PREFIX_MS) {
      prefixAt = Math.trunc(wallTime);
      prefix = prefixOf(prefixAt, random);
    }
    last += 1;
    return prefix + last.toString(16).padStart(DIGITS, '0');
  };
}

/** The first 24 characters: time, version and variant, and what is random in between. */
function prefixOf(milliseconds: number, random: string): string {
  const time = milliseconds.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15, 24)}`;
}
