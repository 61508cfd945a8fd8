/**
 * Circles in the unit square with the largest sum of radii: who judges a packing, and how strictly. Nothing of it is seen by a candidate.
 */
import { defineTask } from '@bulkhead/guard';

/** Circles as [x, y, radius], and the sum of their radii as it is claimed. */
export type Packing = { readonly circles: readonly (readonly [number, number, number])[]; readonly sum: number };

/** Circles of the benchmark. */
export const CIRCLES = 26;
/** What adding in another order may change of a sum. */
const SUM_TOLERANCE = 1e-12;

/** Why a packing is none, or undefined: no overlap and no wall is forgiven, however little it is. */
export function refusePacking({ circles, sum }: Packing, count: number): string | undefined {
  if (circles.length !== count) return `there are ${circles.length} circles; expected ${count}`;
  if (![sum, ...circles.flat()].every((value) => Number.isFinite(value))) return 'a number is not finite';
  for (const [at, circle] of circles.entries()) {
    const wrong = outside(circle) ?? overlapped(circle, circles.slice(0, at));
    if (wrong !== undefined) return `circle ${at} ${wrong}`;
  }
  const real = sumOf(circles);
  return Math.abs(real - sum) <= SUM_TOLERANCE ? undefined : `the sum is said to be ${sum}, and is ${real}`;
}

/** The sum of the radii, as it is. */
export function sumOf(circles: Packing['circles']): number {
  return circles.reduce((sum, [, , radius]) => sum + radius, 0);
}

/** One case: all that a candidate is told is how many circles there are. */
export const PACKING = defineTask<[count: number], Packing>({
  name: 'circle_packing',
  generate: (n) => Array.from({ length: n }, (): [number] => [CIRCLES]),
  isResult: (value): value is Packing => isPacking(value),
  properties: [{ name: 'is a packing', check: (out, count) => refusePacking(out, count) ?? true }],
  metrics: [{ name: 'sum', higherIsBetter: true, extract: ({ circles }) => sumOf(circles) }],
});

type Circle = Packing['circles'][number];

function outside([x, y, radius]: Circle): string | undefined {
  if (radius < 0) return `has the radius ${radius}`;
  const gap = Math.min(x - radius, 1 - (x + radius), y - radius, 1 - (y + radius));
  return gap < 0 ? `is outside of the square by ${-gap}` : undefined;
}

function overlapped([x, y, radius]: Circle, others: Packing['circles']): string | undefined {
  for (const [at, [otherX, otherY, otherRadius]] of others.entries()) {
    const gap = Math.hypot(x - otherX, y - otherY) - (radius + otherRadius);
    if (gap < 0) return `overlaps circle ${at} by ${-gap}`;
  }
  return undefined;
}

function isPacking(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('circles' in value) || !('sum' in value)) return false;
  const { circles, sum } = value;
  return typeof sum === 'number' && Array.isArray(circles) && circles.every((circle) => isCircle(circle));
}

function isCircle(value: unknown): boolean {
  return Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'number');
}
