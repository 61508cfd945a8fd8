/**
 * What the monitors have in common: how sure an alert is, how many cases it takes, and how their options are checked.
 */
import { GuardError } from '../guard-error.ts';
import type { Severity } from './monitor.ts';

/** Chance of an alert of a monitor where nothing is worse (EVIDENCE 2.12). */
export const ALPHA = 0.01;
/** Confidence of a two-sided interval each end of which is wrong with chance {@link ALPHA}. */
export const CONFIDENCE = 1 - 2 * ALPHA;
/** Fewer pairs say nothing (EVIDENCE 2.12). */
export const PAIRS_MIN = 30;
/** Of more pairs, a rank test takes a sample: at a noise of 20 % it tells a ratio of 1.01 from 1, and takes a tenth of a second. */
export const SAMPLE_MAX = 10_000;

/**
 * Options that every monitor takes.
 *
 * @public
 */
export type CommonOptions = {
  /** What its alerts are for; `warn` where not said. */
  readonly severity?: Severity;
};

const SEVERITIES: readonly Severity[] = ['info', 'warn', 'block'];

/** The severity asked for, checked. */
export function severityOf({ severity = 'warn' }: CommonOptions): Severity {
  if (!SEVERITIES.includes(severity)) throw optionError('severity', severity, SEVERITIES.join(', '));
  return severity;
}

/** An option's value, which has to be from the least to the most. */
export function numberFrom(name: string, value: number, [least, most]: readonly [number, number]): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw optionError(name, value, `a number from ${least} to ${most}`);
}

/** The name of a field of results. */
export function fieldName(name: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw optionError(name, value, 'the name of a field of the result');
}

/** Says which option is wrong, its value, and what was expected. */
export function optionError(name: string, value: unknown, expected: string): GuardError {
  return new GuardError('MONITOR_INVALID', `option ${name} is ${JSON.stringify(value)}; expected ${expected}`);
}

/** A share or ratio as people read it: four digits. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
