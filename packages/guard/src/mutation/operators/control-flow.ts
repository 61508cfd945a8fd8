/**
 * Operators on the flow of control: conditions, branches, bounds of loops.
 */
import { child, type Place, type SyntaxNode } from '../syntax-tree.ts';
import { replacing, textOf, type MutationOperator } from './operator.ts';

const TESTED = ['IfStatement', 'WhileStatement', 'DoWhileStatement', 'ForStatement', 'ConditionalExpression'];
const COMPARING = ['<', '<=', '>', '>=', '!==', '!='];

/** The condition of a branch or loop becomes its opposite. */
export const NEGATE_CONDITION: MutationOperator = {
  name: 'negate_condition',
  edits: (place, source) => (isTest(place) ? [replacing(place.node, `!(${textOf(source, place.node)})`)] : []),
};

/** The branches of an `if`, or of a conditional expression, change places. */
export const SWAP_BRANCHES: MutationOperator = {
  name: 'swap_branches',
  edits: ({ node }, source) => {
    const [test, first, second] = [child(node, 'test'), child(node, 'consequent'), child(node, 'alternate')];
    if (test === undefined || first === undefined || second === undefined) return [];
    const [one, other] = [textOf(source, first), textOf(source, second)];
    if (node.type === 'ConditionalExpression') {
      return [
        replacing(
          node,
          `${source.slice(node.start, first.start)}${other}${source.slice(first.end, second.start)}${one}`,
        ),
      ];
    }
    return node.type === 'IfStatement'
      ? [replacing(node, `if (${textOf(source, test)}) ${braced(second, other)} else ${one}`)]
      : [];
  },
};

/** What a loop counts up or down to is one more and one less. */
export const CHANGE_LOOP_BOUND: MutationOperator = {
  name: 'change_loop_bound',
  edits: ({ node, parent, key }, source) => {
    const isLoop = parent?.node.type === 'ForStatement' || parent?.node.type === 'WhileStatement';
    const bound = child(node, 'right');
    if (!isLoop || key !== 'test' || node.type !== 'BinaryExpression' || bound === undefined) return [];
    // A literal is changed by the operator of literals.
    if (bound.type === 'Literal' || !COMPARING.includes(String(node['operator']))) return [];
    return [`(${textOf(source, bound)} - 1)`, `(${textOf(source, bound)} + 1)`].map((text) => replacing(bound, text));
  },
};

function isTest({ parent, key }: Place): boolean {
  return key === 'test' && parent !== undefined && TESTED.includes(parent.node.type);
}

/** An `if` before an `else` would take it for its own. */
function braced({ type }: SyntaxNode, text: string): string {
  return type === 'BlockStatement' ? text : `{ ${text} }`;
}
