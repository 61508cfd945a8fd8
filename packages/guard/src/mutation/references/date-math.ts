/**
 * A reference: days added to a date of the Gregorian calendar, and its task: `solve(date, days)`, both dates as `YYYY-MM-DD`.
 */
import fc from 'fast-check';
import { defineTask } from '../../task/define-task.ts';
import { inverse } from '../../task/relation-library.ts';
import type { Relation } from '../../task/relations.ts';
import type { Task } from '../../task/task.ts';
import type { Reference } from './reference.ts';

type DateArgs = [date: string, days: number];

const DAY_MS = 86_400_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/u;
/** Ends of months and years, leap days, and the centuries that have none. */
const EDGES = [
  ...['2000-02-28', '2000-02-29', '1900-02-28', '2100-02-28', '2024-02-28', '2023-02-28', '2024-02-29', '2400-02-28'],
  ...['1999-12-31', '2000-01-01', '2023-01-31', '2023-03-31', '2023-04-30', '2023-11-30', '2023-12-01', '2024-03-01'],
];

const ANY_DATE = fc
  .integer({ min: Date.UTC(1700, 0, 1) / DAY_MS, max: Date.UTC(2600, 0, 1) / DAY_MS })
  .map((day) => dateOf(day * DAY_MS));

const DATE_MATH: Task<DateArgs, string> = defineTask<DateArgs, string>({
  name: 'date_math',
  arbitraries: [
    fc.oneof(fc.constantFrom(...EDGES), ANY_DATE),
    fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.integer({ min: -40, max: 40 }),
      fc.integer({ min: -3_000, max: 3_000 }),
    ),
  ],
  isResult: (value): value is string => typeof value === 'string' && DATE.test(value),
  properties: [
    {
      name: 'as_platform',
      description: 'the date that the platform finds',
      check: (out, date, days) => out === dateOf(Date.parse(date) + days * DAY_MS) || `${out} is another day`,
    },
  ],
  relations: [
    inverse({
      name: 'and_back',
      transform: ([date, days]) => [date, -days],
      undo: (follow, [date]) => dateOf(2 * Date.parse(date) - Date.parse(follow)),
    }),
    inTwoSteps(),
  ],
});

/** Some of the days first and then the rest is the same. */
function inTwoSteps(): Relation<DateArgs, string> {
  return {
    name: 'in_two_steps',
    category: 'composition',
    description: 'from the result the way back is the start',
    readsResult: true,
    transform: ([, days], { out }) => [out, -days],
    relate: (_source, [back], { args }) => back === args[0],
  };
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** `date_math`: month by month, on the parts of a date. */
export const DATE_MATH_REFERENCE: Reference = {
  name: 'date_math',
  task: DATE_MATH,
  source: `const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/* Whole months are passed over until the day is one of the month. */
export function solve(date: string, days: number): string {
  let [year, month, day] = date.split('-').map((part) => Number(part));
  day += days;
  while (day > lengthOf(year, month)) {
    day -= lengthOf(year, month);
    month += 1;
    if (month > 12) {
      month = 1;
      year += 1;
    }
  }
  while (day < 1) {
    month -= 1;
    if (month < 1) {
      month = 12;
      year -= 1;
    }
    day += lengthOf(year, month);
  }
  return [pad(year, 4), pad(month, 2), pad(day, 2)].join('-');
}

function lengthOf(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : LENGTHS[month - 1];
}

function isLeap(year: number): boolean {
  if (year % 400 === 0) return true;
  return year % 4 === 0 && year % 100 !== 0;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
`,
  refactors: [
    {
      name: 'milliseconds of the platform',
      source: `export function solve(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86400000).toISOString().slice(0, 10);
}
`,
    },
    {
      name: 'the platform carries the days over',
      source: `export const solve = (date: string, days: number): string => {
  const [year, month, day] = date.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day + days)).toISOString().substring(0, 10);
};
`,
    },
    {
      name: 'by the number of the day, in years that begin in March',
      source: `export function solve(date: string, days: number): string {
  const [year, month, day] = date.split('-').map(Number);
  return fromNumber(toNumber(year, month, day) + days);
}
function toNumber(year: number, month: number, day: number): number {
  const from = (month + 9) % 12;
  const y = year - Math.floor(from / 10);
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((from * 306 + 5) / 10) + day - 1;
}
function fromNumber(number: number): string {
  let y = Math.floor((10000 * number + 14780) / 3652425);
  let left = number - startOf(y);
  if (left < 0) {
    y -= 1;
    left = number - startOf(y);
  }
  const from = Math.floor((100 * left + 52) / 3060);
  const month = ((from + 2) % 12) + 1;
  const day = left - Math.floor((from * 306 + 5) / 10) + 1;
  const two = (value: number): string => (value < 10 ? '0' + value : '' + value);
  return String(y + Math.floor((from + 2) / 12)).padStart(4, '0') + '-' + two(month) + '-' + two(day);
}
function startOf(y: number): number {
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
}
`,
    },
    {
      name: 'one day at a time',
      source: `const last = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
export function solve(date: string, days: number): string {
  let [year, month, day] = date.split('-').map(Number);
  for (let left = days; left > 0; left -= 1) {
    day += 1;
    if (day > last(year, month)) [year, month, day] = month === 12 ? [year + 1, 1, 1] : [year, month + 1, 1];
  }
  for (let left = days; left < 0; left += 1) {
    day -= 1;
    if (day < 1) {
      [year, month] = month === 1 ? [year - 1, 12] : [year, month - 1];
      day = last(year, month);
    }
  }
  return \`\${String(year).padStart(4, '0')}-\${String(month).padStart(2, '0')}-\${String(day).padStart(2, '0')}\`;
}
`,
    },
    {
      name: 'whole years, then the day of the year',
      source: `const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const monthsOf = (year: number): number[] => [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
export function solve(date: string, days: number): string {
  let year = Number(date.slice(0, 4));
  const months = monthsOf(year).slice(0, Number(date.slice(5, 7)) - 1);
  let dayOfYear = months.reduce((sum, length) => sum + length, 0) + Number(date.slice(8)) + days;
  while (dayOfYear <= 0) dayOfYear += isLeap(--year) ? 366 : 365;
  for (let length = isLeap(year) ? 366 : 365; dayOfYear > length; length = isLeap(year) ? 366 : 365) {
    dayOfYear -= length;
    year++;
  }
  let month = 1;
  for (const length of monthsOf(year)) {
    if (dayOfYear <= length) break;
    dayOfYear -= length;
    month++;
  }
  return [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(dayOfYear).padStart(2, '0')].join('-');
}
`,
    },
  ],
  equivalents: [
    {
      operator: 'swap_comparison',
      line: 'while (day > lengthOf(year, month)) {',
      before: '>',
      after: '>=',
      reason: 'days that this loop takes too many of are given back by the next one, month by month',
    },
    {
      operator: 'change_loop_bound',
      line: 'while (day > lengthOf(year, month)) {',
      before: 'lengthOf(year, month)',
      after: '(lengthOf(year, month) - 1)',
      reason: 'days that this loop takes too many of are given back by the next one, month by month',
    },
    {
      operator: 'replace_argument',
      line: 'while (day > lengthOf(year, month)) {',
      before: 'year',
      after: 'month',
      reason: 'days that this loop takes too many of are given back by the next one, month by month',
    },
    {
      operator: 'replace_argument',
      line: 'while (day > lengthOf(year, month)) {',
      before: 'year',
      after: 'date',
      reason: 'days that this loop takes too many of are given back by the next one, month by month',
    },
    {
      operator: 'replace_argument',
      line: 'while (day > lengthOf(year, month)) {',
      before: 'year',
      after: 'day',
      reason: 'only a day of 29 tells the lengths of a February apart, and 29 is no leap year',
    },
    {
      operator: 'off_by_one',
      line: String.raw`return [pad(year, 4), pad(month, 2), pad(day, 2)].join('-');`,
      before: '4',
      after: '3',
      reason: 'no date of the task has a year of fewer digits than four',
    },
  ],
};
