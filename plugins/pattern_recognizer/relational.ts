/**
 * Relational patterns (X004-8): sources that turn to the same target again and again.
 */
import { createPattern, groupBy, weigh, type Pattern, type SeenRecord } from './pattern.ts';

const TIMES_MIN = 3;

/** Finds the links that come again; its fit is the share of the source's links that it has. */
export function findRelational(records: readonly SeenRecord[]): readonly Pattern[] {
  const linked = records.filter(({ source, target }) => source !== undefined && target !== undefined);
  const links = groupBy(linked, keyOf);
  const bySource = groupBy(linked, ({ source }) => source);
  return [...links.values()].flatMap((group) => {
    const [{ source = '', target = '' } = {}] = group;
    if (group.length < TIMES_MIN) return [];
    const share = group.length / (bySource.get(source)?.length ?? group.length);
    const is_mutual = (links.get(keyOf({ source: target, target: source }))?.length ?? 0) >= TIMES_MIN;
    return createPattern([source, target], {
      kind: 'relational',
      description: `${source} to ${target}, ${group.length} times`,
      confidence: weigh(group.length, share),
      occurrences: group.length,
      details: { source, target, share: Math.round(share * 1e4) / 1e4, is_mutual },
    });
  });
}

function keyOf({ source, target }: SeenRecord): string {
  return JSON.stringify([source, target]);
}
