/**
 * A reference: a whole amount rounded to a multiple of a unit, and its task: `solve(amount, unit, mode)`. `half_even`: a half goes to the even multiple;
 * `half_away`: away from zero; `down`: whatever is over is cut off, towards zero.
 */
import fc from 'fast-check';
import { defineTask } from '../../task/define-task.ts';
import { inverse } from '../../task/relation-library.ts';
import type { Task } from '../../task/task.ts';
import type { Reference } from './reference.ts';

type RoundingArgs = [amount: number, unit: number, mode: string];

const MODES = ['half_even', 'half_away', 'down'];
const UNITS = [1, 2, 3, 4, 5, 10, 25, 100];
const REACH = 40;

/** Near a half, where modes differ, more often than chance has it. */
const NEAR_HALF = fc
  .tuple(fc.constantFrom(...UNITS), fc.integer({ min: -REACH, max: REACH }), fc.integer({ min: -1, max: 1 }))
  .map(([unit, multiple, off]): [number, number] => [multiple * unit + Math.trunc(unit / 2) + off, unit]);
const ANYWHERE = fc.tuple(fc.integer({ min: -100_000, max: 100_000 }), fc.constantFrom(...UNITS));

const ROUNDING: Task<RoundingArgs, number> = defineTask<RoundingArgs, number>({
  name: 'rounding',
  arbitraries: fc
    .tuple(fc.oneof(NEAR_HALF, ANYWHERE), fc.constantFrom(...MODES))
    .map(([[amount, unit], mode]): RoundingArgs => [amount, unit, mode]),
  isResult: (value): value is number => Number.isSafeInteger(value),
  properties: [
    {
      name: 'multiple',
      description: 'a multiple of the unit',
      check: (out, _amount, unit) => Number.isInteger(out / unit),
    },
    {
      name: 'near',
      description: 'at most half a unit away, or less than a whole one where it is cut off',
      check: (out, ...[amount, unit, mode]) =>
        mode === 'down' ? Math.abs(amount - out) < unit : 2 * Math.abs(amount - out) <= unit,
    },
    {
      name: 'half_even',
      description: 'a half goes to the even multiple',
      pre: (amount, unit, mode) => mode === 'half_even' && isHalf(amount, unit),
      check: (out, _amount, unit) => Number.isInteger(out / unit / 2),
    },
    {
      name: 'half_away',
      description: 'a half goes away from zero',
      pre: (amount, unit, mode) => mode === 'half_away' && isHalf(amount, unit),
      check: (out, amount) => Math.abs(out) > Math.abs(amount),
    },
    {
      name: 'towards_zero',
      description: 'what is cut off makes it no larger, and does not change its sign',
      pre: (_amount, _unit, mode) => mode === 'down',
      check: (out, amount) => Math.abs(out) <= Math.abs(amount) && out * amount >= 0,
    },
  ],
  relations: [
    inverse({
      name: 'other_sign',
      transform: ([amount, unit, mode]) => [-amount, unit, mode],
      undo: (follow) => 0 - follow,
    }),
    {
      name: 'again',
      category: 'idempotence',
      description: 'rounded again it stays',
      readsResult: true,
      expect: 'equal',
      transform: ([, unit, mode], { out }) => [out, unit, mode],
    },
  ],
});

function isHalf(amount: number, unit: number): boolean {
  return unit % 2 === 0 && Math.abs(amount) % unit === unit / 2;
}

/** `rounding`: whole numbers only, on the amount without its sign. */
export const ROUNDING_REFERENCE: Reference = {
  name: 'rounding',
  task: ROUNDING,
  source: `// In whole numbers: a double has no half of a cent.
export function solve(amount: number, unit: number, mode: string): number {
  const size = Math.abs(amount);
  const rest = size % unit;
  const low = size - rest;
  const rounded = goesUp(low / unit, rest * 2 - unit, mode) ? low + unit : low;
  if (amount < 0 && rounded > 0) {
    return -rounded;
  }
  return rounded;
}

function goesUp(multiple: number, overHalf: number, mode: string): boolean {
  if (mode === 'down') return false;
  if (overHalf === 0) {
    return mode === 'half_away' || multiple % 2 === 1;
  }
  return overHalf > 0;
}
`,
  refactors: [
    {
      name: 'two multiples, the nearer one',
      source: `export function solve(amount: number, unit: number, mode: string): number {
  const low = Math.floor(amount / unit) * unit;
  const high = Math.ceil(amount / unit) * unit;
  const inner = amount < 0 ? high : low;
  const outer = amount < 0 ? low : high;
  if (mode === 'down') return inner;
  const [toLow, toHigh] = [amount - low, high - amount];
  if (toLow !== toHigh) return toLow < toHigh ? low : high;
  if (mode === 'half_away') return outer;
  return Math.abs(low / unit) % 2 === 0 ? low : high;
}
`,
    },
    {
      name: 'a table of modes',
      source: `type Rule = (whole: number, twice: number, unit: number) => number;
const RULES: Record<string, Rule> = {
  down: (whole) => whole,
  half_away: (whole, twice, unit) => (twice >= unit ? whole + 1 : whole),
  half_even: (whole, twice, unit) => (twice > unit || (twice === unit && whole % 2 !== 0) ? whole + 1 : whole),
};
export const solve = (amount: number, unit: number, mode: string): number => {
  const size = Math.abs(amount);
  const whole = Math.trunc(size / unit);
  return Math.sign(amount) * unit * RULES[mode](whole, 2 * (size - whole * unit), unit);
};
`,
    },
    {
      name: 'the rest is added or taken away',
      source: `export function solve(amount: number, unit: number, mode: string): number {
  const rest = amount % unit;
  const inner = amount - rest;
  if (rest === 0 || mode === 'down') return inner;
  const outer = inner + (rest > 0 ? unit : -unit);
  const twice = Math.abs(rest) * 2;
  if (twice < unit) return inner;
  if (twice > unit || mode === 'half_away') return outer;
  return (inner / unit) % 2 === 0 ? inner : outer;
}
`,
    },
    {
      name: 'half a unit more, then cut off',
      source: `export function solve(amount: number, unit: number, mode: string): number {
  if (amount < 0) return 0 - solve(0 - amount, unit, mode);
  if (mode === 'down') return amount - (amount % unit);
  const doubled = 2 * amount + unit;
  let multiple = Math.floor(doubled / (2 * unit));
  if (mode === 'half_even' && doubled % (2 * unit) === 0 && multiple % 2 === 1) multiple -= 1;
  return multiple * unit;
}
`,
    },
    {
      name: 'large whole numbers',
      source: `export function solve(amount: number, unit: number, mode: string): number {
  const [size, step] = [BigInt(Math.abs(amount)), BigInt(unit)];
  let multiple = size / step;
  const twice = (size % step) * 2n;
  switch (mode) {
    case 'half_away':
      if (twice >= step) multiple += 1n;
      break;
    case 'half_even':
      if (twice > step || (twice === step && (multiple & 1n) === 1n)) multiple += 1n;
      break;
  }
  const rounded = Number(multiple * step);
  return amount < 0 ? 0 - rounded : rounded;
}
`,
    },
  ],
  equivalents: [
    {
      operator: 'swap_comparison',
      line: 'if (amount < 0 && rounded > 0) {',
      before: '<',
      after: '<=',
      reason: 'an amount of 0 is rounded to 0, which has no sign to lose',
    },
    {
      operator: 'off_by_one',
      line: 'if (amount < 0 && rounded > 0) {',
      before: '0',
      after: '1',
      reason: 'an amount of 0 is rounded to 0, which has no sign to lose',
    },
    {
      operator: 'swap_comparison',
      line: 'if (amount < 0 && rounded > 0) {',
      before: '>',
      after: '>=',
      reason: 'a result of -0 crosses as JSON, where it is 0',
    },
    {
      operator: 'off_by_one',
      line: 'if (amount < 0 && rounded > 0) {',
      before: '0',
      after: '(-1)',
      reason: 'rounded is never below 0, and -0 is 0 in JSON',
    },
    {
      operator: 'swap_comparison',
      line: 'return overHalf > 0;',
      before: '>',
      after: '>=',
      reason: 'overHalf is a whole number and is not 0 there',
    },
    {
      operator: 'off_by_one',
      line: 'return overHalf > 0;',
      before: '0',
      after: '(-1)',
      reason: 'overHalf is a whole number and is not 0 there',
    },
  ],
};
