/**
 * A reference: the k highest by a heap of the lowest kept.
 */
import { TOP_K } from '../../task/tasks/top-k.ts';
import type { Reference } from './reference.ts';

/** `top_k`: a heap of k, its lowest on top. */
export const TOP_K_REFERENCE: Reference = {
  name: 'top_k',
  task: TOP_K,
  source: `// The lowest of those kept is heap[0]; whatever is higher takes its place.
export function solve(values: number[], k: number): number[] {
  const heap: number[] = [];
  for (const value of values) {
    if (heap.length < k) {
      heap.push(value);
      rise(heap);
    } else if (k > 0 && value > heap[0]) {
      heap[0] = value;
      sink(heap);
    }
  }
  return heap.sort((one, other) => other - one);
}

function rise(heap: number[]): void {
  let at = heap.length - 1;
  while (at > 0) {
    const above = Math.floor((at - 1) / 2);
    if (heap[above] <= heap[at]) return;
    swap(heap, above, at);
    at = above;
  }
}

function sink(heap: number[]): void {
  let at = 0;
  for (;;) {
    let lowest = 2 * at + 1;
    if (lowest >= heap.length) return;
    if (lowest + 1 < heap.length && heap[lowest + 1] < heap[lowest]) lowest += 1;
    if (heap[at] <= heap[lowest]) return;
    swap(heap, at, lowest);
    at = lowest;
  }
}

function swap(heap: number[], one: number, other: number): void {
  const held = heap[one];
  heap[one] = heap[other];
  heap[other] = held;
}
`,
  refactors: [
    {
      name: 'sorted as a whole',
      source: `export function solve(values: number[], k: number): number[] {
  return [...values].sort((one, other) => other - one).slice(0, k);
}
`,
    },
    {
      name: 'the highest taken out again and again',
      source: `export const solve = (values: number[], k: number): number[] => {
  const left = [...values];
  const found: number[] = [];
  while (found.length < k && left.length > 0) {
    const highest = Math.max(...left);
    left.splice(left.indexOf(highest), 1);
    found.push(highest);
  }
  return found;
};
`,
    },
    {
      name: 'a list kept in order',
      source: `export function solve(values: number[], k: number): number[] {
  const kept: number[] = [];
  for (const value of values) {
    let at = kept.length;
    while (at > 0 && kept[at - 1] < value) at -= 1;
    kept.splice(at, 0, value);
    kept.length = Math.min(kept.length, k);
  }
  return kept;
}
`,
    },
    {
      name: 'counted by value',
      source: `export function solve(values: number[], k: number): number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const found: number[] = [];
  for (const value of [...counts.keys()].sort((one, other) => other - one)) {
    for (let left = counts.get(value) ?? 0; left > 0 && found.length < k; left -= 1) found.push(value);
  }
  return found;
}
`,
    },
    {
      name: 'ascending, read from the end',
      source: `export function solve(values: number[], k: number): number[] {
  const sorted = Float64Array.from(values).sort();
  const found: number[] = [];
  for (let at = sorted.length - 1; at >= 0 && found.length !== k; at--) found.push(sorted[at]);
  return found;
}
`,
    },
  ],
  equivalents: [
    {
      operator: 'swap_comparison',
      line: '} else if (k > 0 && value > heap[0]) {',
      before: '>',
      after: '>=',
      reason:
        'at k = 0 nothing was kept, and no value is higher than what is not there; a value that is equal to the lowest changes places with its like',
    },
    {
      operator: 'off_by_one',
      line: '} else if (k > 0 && value > heap[0]) {',
      before: '0',
      after: '(-1)',
      reason: 'with k = 0 nothing was kept, and no value is higher than what is not there',
    },
    {
      operator: 'off_by_one',
      line: 'const above = Math.floor((at - 1) / 2);',
      before: '2',
      after: '1',
      reason: 'the heap is filled before anything sinks: filled so, it is a sorted list, which is a heap, too',
    },
    {
      operator: 'swap_comparison',
      line: 'if (heap[above] <= heap[at]) return;',
      before: '<=',
      after: '<',
      reason: 'values that are equal change places',
    },
  ],
};
