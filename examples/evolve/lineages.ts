/**
 * What the recorded models of the examples answer: of each program the ones that are proposed next, by their files. Some are wrong, as a
 * model is now and then: the judge has to see it.
 */

/** By the file of the parent: the answer to evaluation i is the one at i modulo their number. */
export type Lineage = Readonly<Record<string, readonly string[]>>;

/** By the folder of the example. */
export const LINEAGES: Readonly<Record<string, Lineage>> = {
  bad_sort: {
    'bubble.ts': ['insertion.ts'],
    'insertion.ts': ['forgetful.ts', 'merge.ts'],
    'merge.ts': ['typed.ts'],
  },
  circle_packing: {
    'rings.ts': ['rows.ts'],
    'rows.ts': ['grid.ts'],
    'grid.ts': ['penalty.ts', 'forged.ts'],
    'penalty.ts': ['lagrangian.ts'],
    'lagrangian.ts': ['iterated.ts'],
  },
  function_minimisation: {
    'random.ts': ['climbing.ts'],
    'climbing.ts': ['claimed.ts', 'annealing.ts'],
    'annealing.ts': ['descent.ts'],
    'descent.ts': ['newton.ts'],
  },
  speed_up: {
    'slow.ts': ['push.ts'],
    'push.ts': ['sorted.ts', 'counted.ts'],
    'counted.ts': ['split.ts'],
  },
};
