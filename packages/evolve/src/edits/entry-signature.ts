/**
 * What callers see of a source: its entry function and what the module exports. Mutation must leave it as it is. TypeScript and
 * JavaScript are parsed; of other languages the text says it, see written-entry.ts.
 */
import { EvolveError } from '../evolve-error.ts';
import { quoted } from './edit-bounds.ts';
import { isParsed, nodeAt, nodesAt, parseModule } from './module-syntax.ts';
import { assertEntryName, readWrittenEntry, type EntrySignature } from './written-entry.ts';

/**
 * Which function of which file; the ending of the file says in which language it is.
 * @public
 */
export type EntryPoint = { readonly name: string; readonly fileName: string };

/**
 * Reads the entry function.
 *
 * @throws {EvolveError} `SOURCE_INVALID` where the source cannot be parsed, with the parser's words; `ENTRY_NOT_FOUND`.
 * @public
 */
export function readEntry(source: string, { name, fileName }: EntryPoint): EntrySignature {
  assertEntryName(name);
  return isParsed(fileName) ? parsedEntry(source, { name, fileName }) : readWrittenEntry(source, name);
}

/** Functions that are named where the entry is none of them. */
const SHOWN_MAX = 8;

function parsedEntry(source: string, { name, fileName }: EntryPoint): EntrySignature {
  const { functions, exports } = parseModule(source, fileName);
  const local = exports.find((each) => each.name === name)?.local ?? name;
  const found = functions.findLast((each) => each.name === local); // Overloads stand before it.
  if (found === undefined) {
    const there = [...new Set(functions.map((each) => each.name))].slice(0, SHOWN_MAX).map((each) => quoted(each));
    throw new EvolveError(
      'ENTRY_NOT_FOUND',
      `there is no function ${quoted(name)} at the top of the source; expected ${there.length === 0 ? 'one' : there.join(', ')}`,
    );
  }
  const { start, node } = found;
  return {
    name,
    text: source.slice(start, nodeAt(node, 'body')?.start ?? node.end).trim(),
    parameters: nodesAt(node, 'params').length,
    isAsync: node['async'] === true,
    isGenerator: node['generator'] === true,
    exports: exports.map((each) => each.name).toSorted(),
  };
}
