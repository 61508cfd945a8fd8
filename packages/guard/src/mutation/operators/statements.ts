/**
 * Operators on statements: one that is left out, a function that returns too early.
 */
import { child, children, isFunction, type SyntaxNode } from '../syntax-tree.ts';
import { replacing, type MutationOperator } from './operator.ts';

const JUMPS = ['BreakStatement', 'ContinueStatement'];

/** A statement that declares nothing and answers nothing is left out. */
export const REMOVE_STATEMENT: MutationOperator = {
  name: 'remove_statement',
  edits: ({ node }) => (isRemovable(node) ? [replacing(node, ';')] : []),
};

/** A function answers its first parameter at once, or nothing where it has none. */
export const EARLY_RETURN: MutationOperator = {
  name: 'early_return',
  edits: ({ node }) => {
    const body = child(node, 'body');
    if (!isFunction(node) || body?.type !== 'BlockStatement') return [];
    const [first] = children(node, 'params');
    const answer = first?.type === 'Identifier' ? ` ${String(first['name'])}` : '';
    return [{ start: body.start + 1, end: body.start + 1, text: ` return${answer};` }];
  },
};

function isRemovable(node: SyntaxNode): boolean {
  if (node.type === 'ReturnStatement') return child(node, 'argument') === undefined;
  if (node.type === 'IfStatement') return child(node, 'alternate') === undefined;
  return node.type === 'ExpressionStatement' || node.type === 'ThrowStatement' || JUMPS.includes(node.type);
}
