/**
 * Ids of calls. Every one is a valid UUID, for whoever stores them as such, and costs one string: a random UUID for each
 * call is glued from twenty pieces, which a busy host's garbage collector then carries around with the ledger.
 */
import { randomUUID } from 'node:crypto';

/** Characters of a UUID before its last group of 12 hexadecimal digits. */
const PREFIX_CHARACTERS = 24;
const DIGITS = 12;

/**
 * Makes a source of ids: UUIDs of version 8 (RFC 9562 §5.8) with 70 random bits that all ids of this source share, and
 * a counter. Two sources never meet; ids of one are in the order of their calls. Not a secret: ids can be guessed.
 */
export function createCallIds(): () => string {
  const random = randomUUID();
  const prefix = `${random.slice(0, 14)}8${random.slice(15, PREFIX_CHARACTERS)}`;
  let last = 0;
  return () => {
    last += 1;
    return prefix + last.toString(16).padStart(DIGITS, '0');
  };
}
