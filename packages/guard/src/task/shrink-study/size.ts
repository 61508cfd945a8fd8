/**
 * Which of two cases is smaller to whoever reads them.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { isList } from '../json.ts';

/**
 * Compares two cases: fewer parts first, then the smaller sum of numbers without their signs and lengths of texts, then fewer negative
 * numbers.
 *
 * @returns Below 0 where the first is smaller, 0 where both are as small.
 */
export function compareSizes(one: JsonValue, other: JsonValue): number {
  const [size, otherSize] = [sizeOf(one), sizeOf(other)];
  return size.parts - otherSize.parts || size.amount - otherSize.amount || size.negatives - otherSize.negatives;
}

type Size = { readonly parts: number; readonly amount: number; readonly negatives: number };

function sizeOf(value: JsonValue): Size {
  if (typeof value === 'number') return { parts: 1, amount: Math.abs(value), negatives: value < 0 ? 1 : 0 };
  if (typeof value === 'string') return { parts: 1, amount: value.length, negatives: 0 };
  if (typeof value !== 'object' || value === null) return { parts: 1, amount: value === true ? 1 : 0, negatives: 0 };
  const parts: readonly JsonValue[] = isList(value)
    ? value
    : Object.values(value as Readonly<Record<string, JsonValue>>); // What is left.
  return parts
    .map((part) => sizeOf(part))
    .reduce(
      (sum, part) => ({
        parts: sum.parts + part.parts,
        amount: sum.amount + part.amount,
        negatives: sum.negatives + part.negatives,
      }),
      { parts: 1, amount: 0, negatives: 0 },
    );
}
