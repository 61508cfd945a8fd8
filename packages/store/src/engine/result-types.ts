/**
 * What a column becomes in JavaScript, the same on both engines: pg's own choice, but for bigint, which is a number, and
 * for points in time, which are ISO 8601 text in UTC with milliseconds, as `Date.toISOString` writes it.
 */
import { types, type CustomTypesConfig } from 'pg';

const isoTime = (text: string): string => new Date(text).toISOString();

/** A date or a time without a zone is no point in time: pg would make one of it in this machine's zone. */
const asWritten = (text: string): string => text;

/** Parsers by the oid of the type (`select oid, typname from pg_type`). Counters of ours stay far below 2^53. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [20, Number],
  [1082, asWritten],
  [1114, asWritten],
  [1184, isoTime],
]);

/** What pg calls the oid of a type. */
type Oid = Parameters<typeof types.setTypeParser>[0];

/** Parsers for a pool of pg's; the driver's global table is left alone. */
export const resultTypes: CustomTypesConfig = {
  getTypeParser: (oid: Oid, format?: 'text' | 'binary') =>
    format === 'binary' ? types.getTypeParser(oid, 'binary') : (PARSERS.get(oid) ?? types.getTypeParser(oid, 'text')),
};
