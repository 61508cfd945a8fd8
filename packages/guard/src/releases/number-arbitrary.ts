/**
 * Numbers of a JSON Schema: small ones, and the ends of what is allowed.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';

/** Where nothing is said, what callers mostly give. */
const SMALL = 100;
/** Far from what callers give, and seldom drawn: a tool that counts up to it would take its whole time. */
const LARGE: readonly number[] = [2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, 1e15];

/** Makes it; undefined where the bounds leave no number. */
export function numberArbitrary(schema: JsonObject, type: 'integer' | 'number'): fc.Arbitrary<JsonValue> | undefined {
  const step = positive(schema['multipleOf']) ?? (type === 'integer' ? 1 : undefined);
  const { least, most } = boundsOf(schema, step ?? Number.MIN_VALUE);
  const isStep = (value: number): boolean => step === undefined || Number.isInteger(value / step);
  const fits = (value: number): boolean => value >= least && value <= most && isStep(value);
  const rounded = step === undefined ? [] : [Math.ceil(least / step) * step, Math.floor(most / step) * step];
  const ends = [0, 1, -1, least, most, ...rounded, ...(step === undefined ? [0.5, 1e-9] : [])].filter(
    (value) => Number.isFinite(value) && fits(value),
  );
  const near = step === undefined ? fraction(least, most) : multiples(step, least, most);
  if (near === undefined) return undefined;
  const large = LARGE.filter((value) => fits(value));
  return fc.oneof(
    { weight: 8, arbitrary: near },
    ...(ends.length === 0 ? [] : [{ weight: 4, arbitrary: fc.constantFrom(...ends) }]),
    ...(large.length === 0 ? [] : [{ weight: 1, arbitrary: fc.constantFrom(...large) }]),
  );
}

function boundsOf(schema: JsonObject, step: number): { readonly least: number; readonly most: number } {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const past = (value: number, by: number): number =>
    value + by === value ? value + by * Math.abs(value) : value + by;
  const least = [
    number(minimum),
    ...(typeof exclusiveMinimum === 'number' ? [past(exclusiveMinimum, stepOr(step))] : []),
  ];
  const most = [
    number(maximum),
    ...(typeof exclusiveMaximum === 'number' ? [past(exclusiveMaximum, -stepOr(step))] : []),
  ];
  return {
    least: Math.max(-Infinity, ...least.filter((value) => value !== undefined)),
    most: Math.min(Infinity, ...most.filter((value) => value !== undefined)),
  };
}

/** Beyond an end that is left out, where there is no step. */
function stepOr(step: number): number {
  return step === Number.MIN_VALUE ? 1e-9 : step;
}

function multiples(step: number, least: number, most: number): fc.Arbitrary<number> | undefined {
  const [low, high] = window(least / step, most / step);
  const [min, max] = [Math.ceil(low), Math.floor(high)];
  if (!(min <= max && Number.isSafeInteger(min) && Number.isSafeInteger(max))) return undefined;
  return fc.integer({ min: Math.max(min, -(2 ** 52)), max: Math.min(max, 2 ** 52) }).map((count) => count * step);
}

function fraction(least: number, most: number): fc.Arbitrary<number> | undefined {
  const [min, max] = window(least, most);
  if (!(min <= max)) return undefined;
  const whole = Math.ceil(min) <= Math.floor(max) ? [fc.integer({ min: Math.ceil(min), max: Math.floor(max) })] : [];
  return fc.oneof(fc.double({ min, max, noNaN: true, noDefaultInfinity: true }), ...whole);
}

/** A range that is open on a side ends a little beyond its other end, or around 0. */
function window(least: number, most: number): readonly [number, number] {
  if (Number.isFinite(least)) return [least, Number.isFinite(most) ? most : least + 10 * SMALL];
  return Number.isFinite(most) ? [most - 10 * SMALL, most] : [-SMALL, SMALL];
}

function number(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function positive(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
