/**
 * Axes of pictures: places in per cent of the width, and round numbers to write below them.
 */

/**
 * A scale from numbers to per cent of the width, with a margin on both sides, and its round numbers.
 *
 * @internal
 */
export type Axis = { readonly place: (value: number) => number; readonly ticks: readonly number[] };

/** Share of the width on each side, in per cent: half the width of a number that stands at the end. */
const MARGIN = 7;
const TICKS_MAX = 6;

/**
 * A straight axis that holds all values.
 *
 * @internal
 */
export function linearAxis(values: readonly number[]): Axis {
  const [least, greatest] = endsOf(values);
  const from = least === greatest ? least - 1 : least;
  const to = least === greatest ? greatest + 1 : greatest;
  const step = roundStep((to - from) / (TICKS_MAX - 1));
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => cleaned((first + at) * step));
  return { place: (value) => within((value - from) / (to - from)), ticks };
}

/** A logarithmic axis that holds all values, which are above 0. */
export function logAxis(values: readonly number[]): Axis {
  const [from, to] = endsOf(values);
  const span = Math.log(to / from) || 1;
  const round = roundNumbers(from, to, [1, 2, 5]);
  const ticks = round.length <= TICKS_MAX ? round : roundNumbers(from, to, [1]).slice(0, TICKS_MAX);
  return { place: (value) => within(Math.log(value / from) / span), ticks };
}

function endsOf(values: readonly number[]): readonly [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [1, 1];
  return [finite.reduce((one, other) => Math.min(one, other)), finite.reduce((one, other) => Math.max(one, other))];
}

function within(share: number): number {
  const bounded = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
  return Number((MARGIN + bounded * (100 - 2 * MARGIN)).toFixed(3));
}

/** The next of 1, 2 and 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const times = [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10;
  return times * power;
}

function roundNumbers(from: number, to: number, factors: readonly number[]): readonly number[] {
  const [first, last] = [Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))];
  // Times are doubles: at most some 600 powers.
  const powers = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  return powers
    .flatMap((power) => factors.map((factor) => cleaned(factor * 10 ** power)))
    .filter((tick) => tick >= from && tick <= to);
}

/** Without the last digits of rounding. */
function cleaned(value: number): number {
  return Number(value.toPrecision(12)) + 0;
}
