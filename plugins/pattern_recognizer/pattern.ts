/**
 * What a pattern is, and how the four ways of looking for one weigh it: by how much bears it, and by how well it fits.
 */
import { createHash } from 'node:crypto';
import type { JsonObject } from '@bulkhead/sdk';

/** How a pattern was found. */
export type PatternKind = 'behavioural' | 'temporal' | 'structural' | 'relational';

/** A pattern; the same one has the same id whenever it is found. */
export type Pattern = {
  readonly id: string;
  readonly kind: PatternKind;
  readonly description: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly occurrences: number;
  readonly details: JsonObject;
};

/** A record as it is looked at; `fields` is what the caller gave. */
export type SeenRecord = {
  readonly event?: string;
  readonly source?: string;
  readonly target?: string;
  /** Milliseconds since the epoch, or ISO 8601; what is no moment is taken for no time. */
  readonly timestamp?: unknown;
  /** 0 to 1; 1 where it is left out. */
  readonly confidence?: number;
  readonly [field: string]: unknown;
};

/** With so many records behind it a pattern is borne as well as it can be. */
const RECORDS_FULL = 10;
const DESCRIPTION_CHARACTERS_MAX = 200;

/**
 * Weighs a pattern (X004-8): `(min(len / 10, 1) + avg) / 2`.
 *
 * @param records - How many records bear the pattern, over all its occurrences.
 * @param fit - 0 to 1: for a sequence the mean confidence of its records, for the others how regular they are.
 */
export function weigh(records: number, fit: number): number {
  return Math.round(((Math.min(records / RECORDS_FULL, 1) + fit) / 2) * 1e4) / 1e4;
}

/** Makes a pattern; `signature` is what makes it this one and no other. */
export function createPattern(signature: readonly unknown[], pattern: Omit<Pattern, 'id'>): Pattern {
  const text = JSON.stringify([pattern.kind, ...signature]);
  const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const { description } = pattern;
  const isLong = description.length > DESCRIPTION_CHARACTERS_MAX;
  const shown = isLong ? `${description.slice(0, DESCRIPTION_CHARACTERS_MAX - 1)}…` : description;
  return { id, ...pattern, description: shown };
}

/** Reads the moment of a record, in milliseconds since the epoch. */
export function momentOf({ timestamp }: SeenRecord): number | undefined {
  const at = typeof timestamp === 'string' ? Date.parse(timestamp) : timestamp;
  return typeof at === 'number' && Number.isFinite(at) ? at : undefined;
}

/** Groups records by a text; those without one are left out. */
export function groupBy(
  records: readonly SeenRecord[],
  keyOf: (record: SeenRecord) => string | undefined,
): ReadonlyMap<string, readonly SeenRecord[]> {
  const groups = new Map<string, SeenRecord[]>();
  for (const record of records) {
    const key = keyOf(record);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return groups;
}
