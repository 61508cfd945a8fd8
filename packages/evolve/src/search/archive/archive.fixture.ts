/**
 * Programs for tests of archives.
 */
import { fitnessOf } from '../fitness/fitness.ts';
import type { Program } from './program.ts';

/** A program that was measured once as `score`, at `x` and `y`. */
export function programAt(
  id: string,
  [x, y, score]: readonly [x: number, y: number, score: number],
  fields: Partial<Program> = {},
): Program {
  return {
    ...{ id, parents: [], source: `// ${id}`, island: 0, generation: 0, evalIndex: 0 },
    ...{ fitness: fitnessOf([score]), measures: { x, y }, ...fields },
  };
}

/** Ten bins from 0 to 10 in both directions. */
export const TEN_BY_TEN = [
  { name: 'x', least: 0, most: 10, bins: 10 },
  { name: 'y', least: 0, most: 10, bins: 10 },
];
