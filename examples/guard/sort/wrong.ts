/** Quicksort that drops items that are equal to the pivot. */
type Item = number | { key: string; place: number };

export function solve(items: Item[]): Item[] {
  const [pivot] = items;
  if (pivot === undefined) return [];
  const lower = items.filter((item) => rank(item) < rank(pivot));
  const higher = items.filter((item) => rank(item) > rank(pivot));
  return [...solve(lower), pivot, ...solve(higher)];
}

function rank(item: Item): number | string {
  return typeof item === 'number' ? item : item.key;
}
