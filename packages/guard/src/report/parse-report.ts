/**
 * Turns the text of a file into a report, or a line of a file of cases into a case. Both may come from anywhere: their shape is checked
 * once, here, and trusted afterwards.
 */
import { inspectJson, type JsonObject } from '@bulkhead/protocol';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { GuardError } from '../guard-error.ts';
import { PAIR_SCHEMA } from './pair-schema.ts';
import { REPORT_SCHEMA } from './report-schema.ts';
import type { Report } from './report.ts';

/** Characters of a report and of a case; what is kept of monitors and flips is bounded far below. */
const REPORT_CHARACTERS_MAX = 64_000_000;
const PAIR_CHARACTERS_MAX = 8_000_000;
/** Nesting, and keys with items: what monitors and results hold. */
const BOUNDS = { depthMax: 100, keysMax: 5_000_000 };
/** Findings that a message lists. */
const FINDINGS_MAX = 50;

/**
 * Reads a report.
 *
 * @throws {GuardError} `REPORT_INVALID` where the text is no JSON, too large, or not of the shape; lists each place that is wrong, as a JSON path.
 * @public
 */
export function parseReport(text: string): Report {
  const value = parsed(text, 'report', REPORT_CHARACTERS_MAX);
  assertShape(value, 'report', SHAPES.report);
  return value as Report; // It has the shape.
}

/**
 * Reads a line of a file of cases.
 *
 * @param place - Names the line in messages, such as `line 12 of the file of cases`.
 * @throws {GuardError} `REPORT_INVALID` as {@link parseReport}.
 * @public
 */
export function parsePair(line: string, place: string): EvaluatedPair {
  const value = parsed(line, place, PAIR_CHARACTERS_MAX);
  assertShape(value, place, SHAPES.pair);
  return value as EvaluatedPair; // It has the shape.
}

type Shape = () => ValidateFunction;

const SHAPES = { report: compiledOnce(REPORT_SCHEMA), pair: compiledOnce(PAIR_SCHEMA) };

/** Compiling takes some ten milliseconds, which most runs do without. */
function compiledOnce(schema: JsonObject): Shape {
  let compiled: ValidateFunction | undefined;
  return () => {
    compiled ??= new Ajv2020({ allErrors: true, strict: false, logger: false }).compile(schema);
    return compiled;
  };
}

function parsed(text: string, what: string, charactersMax: number): unknown {
  if (text.length > charactersMax)
    throw invalid(what, `has ${text.length} characters; expected at most ${charactersMax}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(what, 'is no JSON; give the file that guard wrote', error);
  }
  const fault = inspectJson(value, BOUNDS);
  if (fault !== undefined)
    throw invalid(what, `is ${fault.kind.replaceAll('_', ' ')}; expected at most ${fault.allowed}`);
  return value;
}

function assertShape(value: unknown, what: string, shape: Shape): void {
  const validate = shape();
  if (validate(value)) return;
  const errors = validate.errors ?? [];
  const listed = errors.slice(0, FINDINGS_MAX).map(findingOf);
  const rest = errors.length - listed.length;
  throw invalid(what, `does not fit: ${listed.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`);
}

/** Place and complaint: `$.pairs.both must be integer`. */
function findingOf({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  const steps = instancePath.split('/').slice(1).map(stepOf);
  const allowed: unknown = params['allowedValues'] ?? params['allowedValue'];
  return `$${steps.join('')} ${message}${allowed === undefined ? '' : ` (${JSON.stringify(allowed)})`}`;
}

/** A step of a JSON pointer as one of a JSON path. */
function stepOf(pointer: string): string {
  const key = pointer.replaceAll('~1', '/').replaceAll('~0', '~').slice(0, 100);
  if (/^\d+$/.test(key)) return `[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function invalid(what: string, why: string, cause?: unknown): GuardError {
  return new GuardError('REPORT_INVALID', `${what} ${why}`, cause === undefined ? undefined : { cause });
}
