/**
 * Finds what can be written better in a module without a change of meaning: built-ins without `node:`, hidden characters in
 * strings and comments, comments that name a source map outside the folder. Where it is not certain it proposes nothing.
 */
import { isAllowedBuiltin } from '@bulkhead/protocol';
import { isBuiltin } from 'node:module';
import { requestOf } from './module-requests.ts';
import { parseModule } from './parse-module.ts';
import type { ParsedModule } from './rule.ts';
import { hiddenOffsets } from './rules/hidden-text.ts';
import { sourceMapEscapes } from './rules/source-map-escapes.ts';
import { child, children, type PlacedNode } from './syntax.ts';

/**
 * One place. `start` is an offset into the text: of a specifier's opening quote, of the hidden character, or of the comment.
 */
export type Mend = {
  readonly kind: 'node-prefix' | 'escape-hidden' | 'drop-hidden' | 'drop-comment';
  readonly start: number;
};

/** Finds the places of one module; none in a module that does not parse. */
export function findMends(path: string, text: string): readonly Mend[] {
  const parsed = parseModule({ path, text, asks: [] });
  if (!parsed.ok) return [];
  const { module } = parsed;
  const dropped = sourceMapEscapes.looksAt === 'text' ? sourceMapEscapes.check(module) : [];
  return [
    ...module.nodes.flatMap((placed) => bareBuiltin(placed, module)),
    ...hiddenOffsets(text).flatMap((start) => hiddenMend(start, module)),
    ...dropped.map(({ start }): Mend => ({ kind: 'drop-comment', start })),
  ];
}

/** A specifier that is written out as one string, and that Node and the bundler both take for its built-in. */
function bareBuiltin(placed: PlacedNode, { meaning }: ParsedModule): readonly Mend[] {
  const specifier = requestOf(placed, meaning)?.specifier;
  if (specifier === undefined || specifier.startsWith('node:')) return [];
  if (!isBuiltin(specifier) || !isAllowedBuiltin(specifier)) return [];
  const written = child(placed.node, 'source') ?? children(placed.node, 'arguments')[0];
  return written?.type === 'Literal' ? [{ kind: 'node-prefix', start: written.start }] : [];
}

function hiddenMend(start: number, { nodes, comments }: ParsedModule): readonly Mend[] {
  const holds = (part: { readonly start: number; readonly end: number }): boolean =>
    part.start <= start && start < part.end;
  if (comments.some(holds)) return [{ kind: 'drop-hidden', start }];
  const isInString = nodes.some(
    ({ node }) => node.type === 'Literal' && typeof node['value'] === 'string' && holds(node),
  );
  return isInString ? [{ kind: 'escape-hidden', start }] : [];
}
