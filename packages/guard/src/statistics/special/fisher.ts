/**
 * The F distribution. Relative errors stay below 1e-12 up to 10,000 degrees of freedom, and below 1e-11 up to
 * 100,000, where the ratio itself carries no more (held in fisher.test.ts).
 */
import { inputError } from '../statistics-error.ts';
import { betaCdf } from './beta.ts';

/**
 * Probability of more than f, for degrees of freedom above and below the line.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` where f is negative or a number of degrees not positive.
 */
export function fisherTail(f: number, above: number, below: number): number {
  if (!(f >= 0)) throw inputError('f', f, 'a number from 0 up');
  return betaCdf(below / (below + above * f), below / 2, above / 2);
}
