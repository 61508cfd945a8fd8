/**
 * The mean, as a name that others can recognise: of it, a bootstrap knows the leave-one-out values without computing each anew.
 */
import { inputError } from '../statistics-error.ts';

/**
 * Arithmetic mean.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` without values.
 * @public
 */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw inputError('the length of values', 0, 'at least 1');
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
