/** Insertion sort: simple, stable, slow on long lists. */
type Item = number | { key: string; place: number };

export function solve(items: Item[]): Item[] {
  const sorted: Item[] = [];
  for (const item of items) {
    let at = sorted.length;
    while (at > 0 && isAfter(sorted[at - 1], item)) at -= 1;
    sorted.splice(at, 0, item);
  }
  return sorted;
}

function isAfter(one: Item | undefined, other: Item): boolean {
  return one !== undefined && rank(one) > rank(other);
}

function rank(item: Item): number | string {
  return typeof item === 'number' ? item : item.key;
}
