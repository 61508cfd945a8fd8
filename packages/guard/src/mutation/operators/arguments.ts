/**
 * The operator on arguments of calls: one is replaced by another name that is in scope there.
 */
import { child, children, holders, isFunction, type Place, type SyntaxNode } from '../syntax-tree.ts';
import { replacing, type MutationOperator } from './operator.ts';

/** More names than this would make most mutants of a long function ones of this operator. */
const NAMES_MAX = 3;

/** A name that is an argument becomes another parameter or variable of the functions around it, the nearest three. */
export const REPLACE_ARGUMENT: MutationOperator = {
  name: 'replace_argument',
  edits: (place) => {
    const { node, parent, key } = place;
    const isCall = parent?.node.type === 'CallExpression' || parent?.node.type === 'NewExpression';
    if (node.type !== 'Identifier' || key !== 'arguments' || !isCall) return [];
    const others = namesInScope(place).filter((name) => name !== node['name']);
    return [...new Set(others)].slice(0, NAMES_MAX).map((name) => replacing(node, name));
  },
};

/** Parameters, and variables that are declared before the place, the nearest first; never those of the module. */
function namesInScope(place: Place): readonly string[] {
  return [...holders(place)].flatMap(({ node }) => {
    if (isFunction(node)) return children(node, 'params').flatMap((param) => boundNames(param));
    const declared = [child(node, 'init'), child(node, 'left'), ...children(node, 'body')];
    return node.type === 'Program' ? [] : declared.flatMap((one) => declaredNames(one, place.node.start));
  });
}

function declaredNames(node: SyntaxNode | undefined, before: number): readonly string[] {
  if (node?.type !== 'VariableDeclaration') return [];
  return children(node, 'declarations')
    .filter((declarator) => declarator.end < before)
    .flatMap((declarator) => boundNames(child(declarator, 'id')));
}

/** The names that a pattern binds. */
function boundNames(pattern: SyntaxNode | undefined): readonly string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return typeof pattern['name'] === 'string' ? [pattern['name']] : [];
    case 'ArrayPattern':
      return children(pattern, 'elements').flatMap((element) => boundNames(element));
    case 'ObjectPattern':
      return children(pattern, 'properties').flatMap((property) => boundNames(child(property, 'value')));
    case 'AssignmentPattern':
      return boundNames(child(pattern, 'left'));
    default:
      return [];
  }
}
