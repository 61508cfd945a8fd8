/**
 * What is thrown where numbers are given of which nothing can be computed. A result that is no number never leaves this folder.
 */

/**
 * Numbers that no statistic can be computed of; `code` is its identity.
 *
 * @public
 */
export class StatisticsError extends Error {
  override readonly name = 'StatisticsError';
  readonly code = 'STATISTICS_INPUT';
}

/** Says which input is wrong, its value, and what was expected. */
export function inputError(name: string, value: unknown, expected: string): StatisticsError {
  return new StatisticsError(`${name} is ${String(value)}; expected ${expected}`);
}

/** Insists on a whole number from 0 up. */
export function assertCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw inputError(name, value, 'a whole number from 0 up');
}

/** Insists on a level strictly between 0 and 1, such as a confidence or an alpha. */
export function assertLevel(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw inputError(name, value, 'a number between 0 and 1');
}

/** Insists on a number from 0 to 1, such as a p-value or a proportion. */
export function assertProbability(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw inputError(name, value, 'a number from 0 to 1');
}

/** Insists on at least so many finite numbers. */
export function assertNumbers(name: string, values: readonly number[], atLeast: number): void {
  if (values.length < atLeast) throw inputError(`the length of ${name}`, values.length, `at least ${atLeast}`);
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw inputError(`a value of ${name}`, wrong, 'a finite number');
}
