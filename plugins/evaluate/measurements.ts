/**
 * Reads what was measured out of a payload. All of it was written by whoever ran a candidate: what is not a finite number or a plain
 * yes or no is refused, and so is a score or a verdict that somebody brings along.
 */
import type { JsonObject, JsonValue } from '@bulkhead/sdk';

/** What of a payload cannot be judged; another attempt mends nothing. */
export class MeasurementError extends Error {
  override readonly name = 'MeasurementError';
}

/** Runs of one side that are looked at. */
const VALUES_MAX = 10_000;
/** Cases that are looked at. */
const PASSES_MAX = 100_000;

/**
 * What was measured: values of runs (at least one, or none at all), and which cases passed, each of the candidate and of the baseline.
 * `bar` is the gain over the baseline, as a share of it, above which the candidate must be shown to be: below 0 it is a margin.
 */
export type Measurements = {
  readonly values: readonly number[] | undefined;
  readonly baseline: readonly number[] | undefined;
  readonly passes: readonly boolean[] | undefined;
  readonly baselinePasses: readonly boolean[] | undefined;
  readonly better: 'lower' | 'higher';
  readonly isPaired: boolean;
  readonly bar: number;
};

const FIELDS = ['values', 'baseline', 'passes', 'baseline_passes', 'better', 'paired', 'margin', 'min_gain', 'note'];
/** Decision 11 of the contracts: an equal candidate must be adoptable. */
const MARGIN = 0.02;

/** Reads them. @throws {MeasurementError}. */
export function readMeasurements(payload: JsonObject): Measurements {
  const unknown = Object.keys(payload).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined)
    throw new MeasurementError(`payload.${unknown.slice(0, 60)} is not read; ${adviceOn(unknown)}`);
  const measured = {
    values: valuesIn(payload, 'values'),
    baseline: valuesIn(payload, 'baseline'),
    passes: passesIn(payload, 'passes'),
    baselinePasses: passesIn(payload, 'baseline_passes'),
  };
  if (measured.values === undefined && measured.passes === undefined) {
    throw new MeasurementError('payload has neither values nor passes; expected what was measured');
  }
  assertSides(measured);
  const isPaired = payload['paired'] === true;
  if (isPaired) assertSameLength('values', measured.values, measured.baseline);
  assertSameLength('passes', measured.passes, measured.baselinePasses);
  return { ...measured, better: betterIn(payload), isPaired, bar: barIn(payload) };
}

function adviceOn(field: string): string {
  const isForged = field === 'score' || field === 'verdict';
  return isForged ? 'it is computed here, of what was measured' : `expected ${FIELDS.join(', ')}`;
}

function valuesIn(payload: JsonObject, field: string): readonly number[] | undefined {
  const values = listIn(payload, field, VALUES_MAX);
  return values?.map((value, index) => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new MeasurementError(`payload.${field}[${index}] is ${shown(value)}; expected a finite number`);
  });
}

function passesIn(payload: JsonObject, field: string): readonly boolean[] | undefined {
  const passes = listIn(payload, field, PASSES_MAX);
  return passes?.map((pass, index) => {
    if (typeof pass === 'boolean') return pass;
    throw new MeasurementError(`payload.${field}[${index}] is ${shown(pass)}; expected true or false`);
  });
}

function listIn(payload: JsonObject, field: string, max: number): readonly JsonValue[] | undefined {
  const list = payload[field];
  if (list === undefined) return undefined;
  if (Array.isArray(list) && list.length >= 1 && list.length <= max) return list as readonly JsonValue[]; // Of JSON.
  const there = Array.isArray(list) ? `has ${list.length} items` : `is ${shown(list)}`;
  throw new MeasurementError(`payload.${field} ${there}; expected a list of 1 to ${max}`);
}

/** A baseline without its candidate is half of a comparison. */
function assertSides({
  values,
  baseline,
  passes,
  baselinePasses,
}: Omit<Measurements, 'better' | 'isPaired' | 'bar'>): void {
  if (baseline !== undefined && values === undefined)
    throw new MeasurementError('payload.baseline stands alone; expected values, too');
  if (baselinePasses !== undefined && passes === undefined) {
    throw new MeasurementError('payload.baseline_passes stands alone; expected passes, too');
  }
}

function assertSameLength(
  what: string,
  one: readonly unknown[] | undefined,
  other: readonly unknown[] | undefined,
): void {
  if (one === undefined || other === undefined || one.length === other.length) return;
  throw new MeasurementError(`there are ${one.length} ${what} and ${other.length} of the baseline; expected pairs`);
}

function betterIn({ better = 'lower' }: JsonObject): Measurements['better'] {
  if (better === 'lower' || better === 'higher') return better;
  throw new MeasurementError(`payload.better is ${shown(better)}; expected "lower" or "higher"`);
}

function barIn(payload: JsonObject): number {
  const gain = shareIn(payload, 'min_gain');
  const margin = shareIn(payload, 'margin');
  if (gain !== undefined && margin !== undefined)
    throw new MeasurementError('payload has min_gain and margin; expected one of them');
  return gain ?? -(margin ?? MARGIN);
}

function shareIn(payload: JsonObject, field: string): number | undefined {
  const share = payload[field];
  if (share === undefined) return undefined;
  if (typeof share === 'number' && share >= 0 && share < 1) return share;
  throw new MeasurementError(`payload.${field} is ${shown(share)}; expected a share from 0 to below 1`);
}

const SHOWN_CHARACTERS = 60;

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'not there');
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}
