/**
 * Operators on literals: numbers off by one, the other truth value, empty texts and lists.
 */
import { children, type Place } from '../syntax-tree.ts';
import { replacing, type MutationOperator } from './operator.ts';

/** A number becomes one more and one less. */
export const OFF_BY_ONE: MutationOperator = {
  name: 'off_by_one',
  edits: (place) => {
    const { value } = place.node;
    if (place.node.type !== 'Literal' || typeof value !== 'number' || isName(place)) return [];
    // In brackets, as a sign may stand before it.
    return [value + 1, value - 1].map((other) => replacing(place.node, other < 0 ? `(${other})` : String(other)));
  },
};

/** `true` becomes `false`, and the other way round. */
export const SWAP_BOOLEAN: MutationOperator = {
  name: 'swap_boolean',
  edits: (place) => {
    const { value } = place.node;
    if (place.node.type !== 'Literal' || typeof value !== 'boolean' || isName(place)) return [];
    return [replacing(place.node, String(!value))];
  },
};

/** A text becomes the empty one. */
export const EMPTY_TEXT: MutationOperator = {
  name: 'empty_text',
  edits: (place) => {
    const { node } = place;
    if (node.type === 'TemplateLiteral' && place.parent?.node.type !== 'TaggedTemplateExpression') {
      return [replacing(node, "''")];
    }
    const isText = node.type === 'Literal' && typeof node['value'] === 'string' && node['value'] !== '';
    return isText && !isName(place) ? [replacing(node, "''")] : [];
  },
};

/** A list literal becomes the empty one. */
export const EMPTY_LIST: MutationOperator = {
  name: 'empty_list',
  edits: ({ node }) => {
    if (node.type !== 'ArrayExpression' || children(node, 'elements').length === 0) return [];
    return [replacing(node, '[]')];
  },
};

/** The name of a property is no value. */
function isName({ key, parent }: Place): boolean {
  return key === 'key' && parent?.node['computed'] !== true;
}
