/**
 * Structural patterns (X004-8): records that have the same fields, of the same types.
 */
import { createPattern, groupBy, weigh, type Pattern, type SeenRecord } from './pattern.ts';

const TIMES_MIN = 3;

/** Finds the shapes that come again; its fit is the share of all records that has it. */
export function findStructural(records: readonly SeenRecord[]): readonly Pattern[] {
  return [...groupBy(records, (record) => JSON.stringify(shapeOf(record)))]
    .filter(([, group]) => group.length >= TIMES_MIN)
    .map(([key, group]) => patternOf(key, group, records.length));
}

type Field = readonly [name: string, type: string];

function shapeOf(record: SeenRecord): readonly Field[] {
  return Object.entries(record)
    .map(([name, value]): Field => [name, typeOf(value)])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function patternOf(key: string, group: readonly SeenRecord[], all: number): Pattern {
  const fields = group.slice(0, 1).flatMap(shapeOf);
  const named = fields.map(([name, type]) => `${name}: ${type}`);
  return createPattern([key], {
    kind: 'structural',
    description: `${group.length} of ${all} records have ${named.join(', ') || 'no field'}`,
    confidence: weigh(group.length, group.length / all),
    occurrences: group.length,
    details: { fields: Object.fromEntries(fields), share: Math.round((group.length / all) * 1e4) / 1e4 },
  });
}
