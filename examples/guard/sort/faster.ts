/** The platform's sort, which is stable. */
type Item = number | { key: string; place: number };

export function solve(items: Item[]): Item[] {
  return items.toSorted((one, other) => compare(rank(one), rank(other)));
}

function compare(one: number | string, other: number | string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function rank(item: Item): number | string {
  return typeof item === 'number' ? item : item.key;
}
