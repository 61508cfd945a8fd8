/**
 * The statistics of guard: what a pass rate, a difference, a shift or a sequence of looks lets one say, and with what error.
 * Pure functions of numbers.
 */
export { StatisticsError } from './statistics-error.ts';
export type { Interval } from './interval.ts';
export { clopperPearsonInterval, newcombeInterval, noFailureBound, wilsonInterval } from './proportions.ts';
