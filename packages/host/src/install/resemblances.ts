/**
 * Whether a new plugin's name is nearly that of one that is here: a reader takes one for the other, and whoever chose the
 * name may count on it (FAULTS 92).
 */
import type { Finding } from '@bulkhead/protocol';
import { distance } from 'fastest-levenshtein';

/** Shorter names are near to each other by chance. */
const NAME_CHARACTERS_MIN = 5;
const DISTANCE_MAX = 2;

/** Warns of each plugin that a new name resembles; a plugin that is here already resembles none. */
export function resemblances(name: string, known: readonly string[]): readonly Finding[] {
  if (known.includes(name) || name.length < NAME_CHARACTERS_MIN) return [];
  return known
    .filter((other) => other.length >= NAME_CHARACTERS_MIN && isNear(name, other))
    .map((other) => ({
      id: 'NAME_RESEMBLES',
      severity: 'warning',
      path: 'plugin.json#/name',
      line: null,
      message: `"${name}" is nearly "${other}", which is another plugin`,
      hint: 'Make sure that it is the one that was meant, and from whom it is.',
    }));
}

function isNear(name: string, other: string): boolean {
  const plain = (text: string): string => text.replace(/[_-]/g, '');
  return distance(name, other) <= DISTANCE_MAX || plain(name) === plain(other);
}
