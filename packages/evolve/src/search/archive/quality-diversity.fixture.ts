/**
 * For tests and benches: MAP-Elites on two functions of ten dimensions with two linear measures (EVIDENCE 3b, E8), once in its plainest form and
 * once through archive and selector.
 */
import { fitnessOf } from '../fitness/fitness.ts';
import { createSearchRandom, type SearchRandom } from '../random/search-random.ts';
import { createSelector } from '../selectors/create-selector.ts';
import { createArchive } from './create-archive.ts';
import type { Program } from './program.ts';

type Point = readonly number[];
/** A function that is minimised. */
export type Objective = (point: Point) => number;

const DIMENSIONS = 10;
const EVALUATIONS = 20_000;
const CLIP = 5.12;
/** Optimum moved to 40 % of the range, as in the sphere demonstration of pyribs. */
const SHIFT = CLIP * 0.4;
/** Squares of the distance from the optimum. */
export const sphere: Objective = (point) => point.reduce((sum, x) => sum + (x - SHIFT) ** 2, 0);
/** The same with a hill between each two whole steps. */
export const rastrigin: Objective = (point) =>
  point.reduce((sum, x) => sum + (x - SHIFT) ** 2 - 10 * Math.cos(2 * Math.PI * (x - SHIFT)) + 10, 0);

/** 100 at the best point, 0 at the worst. */
export function normalisedBy(objective: Objective): Objective {
  const worst = objective(Array.from({ length: DIMENSIONS }, () => -CLIP));
  return (point) => 100 * (1 - objective(point) / worst);
}

/** Sums of the two halves, each coordinate clipped so that it cannot reach the edge alone. */
function measuresOf(point: Point): readonly [number, number] {
  const clipped = point.map((x) => (Math.abs(x) <= CLIP ? x : CLIP / x));
  const sum = (part: Point) => part.reduce((total, x) => total + x, 0);
  return [sum(clipped.slice(0, DIMENSIONS / 2)), sum(clipped.slice(DIMENSIONS / 2))];
}

function mutated(point: Point, random: SearchRandom): Point {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return point.map((x) => x + 0.5 * normal());
}

const RANGE = (CLIP * DIMENSIONS) / 2;
const BINS = 20;
const START: Point = Array.from({ length: DIMENSIONS }, () => 0);

/** Share of the cells that were filled, and the sum of their scores. */
export type Quality = { readonly coverage: number; readonly qd: number };

type Filled = { readonly point: Point; readonly score: number };

/** MAP-Elites in its plainest form: an array of cells, a parent drawn from those filled (best first), the better one stays. */
export function reference(objective: Objective, seed: number): Quality {
  const random = createSearchRandom(seed);
  const cells: (Filled | undefined)[] = Array.from({ length: BINS * BINS });
  let filled: readonly Filled[] = [];
  const offer = (point: Point) => {
    const score = objective(point);
    const [row = 0, column = 0] = measuresOf(point).map((m) =>
      Math.min(BINS - 1, Math.max(0, Math.floor(((m + RANGE) / (2 * RANGE)) * BINS))),
    );
    const there = cells[row * BINS + column];
    if (there !== undefined && score <= there.score) return;
    const cell = { point, score };
    cells[row * BINS + column] = cell;
    filled = [...filled.filter((each) => each !== there), cell].toSorted((one, other) => other.score - one.score);
  };
  offer(START);
  for (let at = 1; at < EVALUATIONS; at += 1) offer(mutated(filled[random.below(filled.length)]?.point ?? [], random));
  const qd = filled.reduce((sum, { score }) => sum + score, 0);
  return { coverage: filled.length / cells.length, qd };
}

/** The same through archive and selector. */
export function ours(objective: Objective, seed: number): Quality {
  const random = createSearchRandom(seed);
  const range = { least: -RANGE, most: RANGE, bins: BINS };
  const archive = createArchive({ descriptors: ['a', 'b'].map((name) => ({ name, ...range })) });
  const selector = createSelector('map_elites', { seed });
  const points = new Map<string, Point>();
  const offer = (point: Point, at: number, parents: readonly string[]) => {
    const [a, b] = measuresOf(point);
    const program: Program = {
      ...{ id: String(at), parents, source: '', island: 0, generation: 0, evalIndex: at },
      ...{ fitness: fitnessOf([objective(point)]), measures: { a, b } },
    };
    points.set(program.id, point);
    archive.add(program);
  };
  offer(
    Array.from({ length: DIMENSIONS }, () => 0),
    0,
    [],
  );
  for (let at = 1; at < EVALUATIONS; at += 1) {
    const parent = selector.select(archive, random);
    offer(mutated(points.get(parent.id) ?? [], random), at, [parent.id]);
  }
  const { coverage, qdScore } = archive.statistics();
  return { coverage: coverage ?? Number.NaN, qd: qdScore };
}
