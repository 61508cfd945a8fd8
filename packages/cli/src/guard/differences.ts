/**
 * Figures of two reports side by side, for the verbs that compare them.
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Figures by their names, in the order in which somebody reads them. */
export type Figures = ReadonlyMap<string, JsonValue>;

/** Tells in what two differ; answers 0 where they do in nothing, 1 otherwise. */
export function tellDifferences(
  { before, after, json }: { readonly before: Figures; readonly after: Figures; readonly json: boolean | undefined },
  { result, say, colors }: Terminal,
): number {
  const differences = [...new Set([...before.keys(), ...after.keys()])]
    .map((figure) => ({ figure, before: before.get(figure) ?? null, after: after.get(figure) ?? null }))
    .filter((one) => canonicalJson(one.before) !== canonicalJson(one.after));
  if (json === true) {
    result(JSON.stringify({ same: differences.length === 0, differences }));
  } else {
    const rows = differences.map((one) => [one.figure, shown(one.before), shown(one.after)]);
    for (const line of tableLines(['figure', 'before', 'after'], rows, colors)) result(line);
    if (differences.length === 0) say('no difference');
  }
  return differences.length === 0 ? EXIT_OK : EXIT_FAILED;
}

const VALUE_CHARACTERS = 60;

function shown(value: JsonValue): string {
  if (Array.isArray(value) && value.length > 3)
    return `${value.length}: ${JSON.stringify(value.slice(0, 2)).slice(0, VALUE_CHARACTERS)}…`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > VALUE_CHARACTERS ? `${text.slice(0, VALUE_CHARACTERS)}…` : text;
}
