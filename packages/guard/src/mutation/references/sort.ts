/**
 * A reference: a merge sort.
 */
import { SORT } from '../../task/tasks/sort.ts';
import type { Reference } from './reference.ts';

const TYPES = `type Item = number | { key: string; place: number };
const rank = (item: Item): number | string => (typeof item === 'number' ? item : item.key);
`;

/** `sort`: stable, by merging. */
export const SORT_REFERENCE: Reference = {
  name: 'sort',
  task: SORT,
  source: `type Item = number | { key: string; place: number };

// Merges two sorted halves; the left one first where they are equal.
export function solve(items: Item[]): Item[] {
  if (items.length < 2) return items;
  const middle = Math.floor(items.length / 2);
  const left = solve(items.slice(0, middle));
  const right = solve(items.slice(middle));
  const merged: Item[] = [];
  let at = 0;
  let other = 0;
  while (at < left.length && other < right.length) {
    if (rank(right[other]) < rank(left[at])) {
      merged.push(right[other]);
      other += 1;
    } else {
      merged.push(left[at]);
      at += 1;
    }
  }
  return merged.concat(left.slice(at), right.slice(other));
}

function rank(item: Item): number | string {
  return typeof item === 'number' ? item : item.key;
}
`,
  refactors: [
    {
      name: 'the sort of the platform',
      source: `${TYPES}
export function solve(items: Item[]): Item[] {
  return [...items].sort((one, other) => (rank(one) < rank(other) ? -1 : rank(one) > rank(other) ? 1 : 0));
}
`,
    },
    {
      name: 'insertion',
      source: `${TYPES}
export function solve(items: Item[]): Item[] {
  const sorted = [...items];
  for (let end = 1; end < sorted.length; end++) {
    const item = sorted[end];
    let at = end;
    for (; at > 0 && rank(sorted[at - 1]) > rank(item); at--) sorted[at] = sorted[at - 1];
    sorted[at] = item;
  }
  return sorted;
}
`,
    },
    {
      name: 'bubbles',
      source: `${TYPES}
export const solve = (items: Item[]): Item[] => {
  const sorted = items.slice();
  let swapped = true;
  while (swapped) {
    swapped = false;
    for (let at = 0; at + 1 < sorted.length; at += 1) {
      if (!(rank(sorted[at]) > rank(sorted[at + 1]))) continue;
      [sorted[at], sorted[at + 1]] = [sorted[at + 1], sorted[at]];
      swapped = true;
    }
  }
  return sorted;
};
`,
    },
    {
      name: 'quicksort that keeps ties in order',
      source: `${TYPES}
export function solve(items: Item[]): Item[] {
  if (items.length === 0) return [];
  const pivot = rank(items[items.length >> 1]);
  const part = (keep: (item: Item) => boolean): Item[] => items.filter(keep);
  return [
    ...solve(part((item) => rank(item) < pivot)),
    ...part((item) => rank(item) === pivot),
    ...solve(part((item) => rank(item) > pivot)),
  ];
}
`,
    },
    {
      name: 'merging from the bottom up',
      source: `${TYPES}
export function solve(items: Item[]): Item[] {
  let runs = items.map((item) => [item]);
  while (runs.length > 1) {
    const next: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2) next.push(merge(runs[at], runs[at + 1] ?? []));
    runs = next;
  }
  return runs[0] ?? [];
}
function merge(one: Item[], other: Item[]): Item[] {
  const merged: Item[] = [];
  const [left, right] = [[...one], [...other]];
  while (left.length + right.length > 0) {
    const isRight = left.length === 0 || (right.length > 0 && rank(right[0]) < rank(left[0]));
    merged.push((isRight ? right : left).shift() as Item);
  }
  return merged;
}
`,
    },
  ],
  equivalents: [
    {
      operator: 'swap_method',
      line: 'const middle = Math.floor(items.length / 2);',
      before: 'floor',
      after: 'ceil',
      reason: 'wherever a list of two or more is cut in two that are not empty, its halves are merged to the same',
    },
    {
      operator: 'swap_method',
      line: 'const middle = Math.floor(items.length / 2);',
      before: 'floor',
      after: 'round',
      reason: 'wherever a list of two or more is cut in two that are not empty, its halves are merged to the same',
    },
  ],
};
