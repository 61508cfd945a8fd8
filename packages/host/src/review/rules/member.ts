/**
 * Reads which member of an object a node takes, however it is written. Shared by the rules about members.
 */
import type { Meaning } from '../meaning.ts';
import { child, identifierName, type SyntaxNode } from '../syntax.ts';

/** Returns the key of `a.key`, `a["key"]`, `{ key } = a` and `{ key: b } = a`; undefined where only running tells. */
export function memberKey(node: SyntaxNode, meaning: Meaning, parent: SyntaxNode | undefined): string | undefined {
  if (node.type === 'MemberExpression') {
    const property = child(node, 'property');
    return node['computed'] === true ? meaning.textOf(property) : identifierName(property);
  }
  if (node.type !== 'Property' || parent?.type !== 'ObjectPattern') return undefined;
  const key = child(node, 'key');
  return node['computed'] === true ? meaning.textOf(key) : (identifierName(key) ?? meaning.textOf(key));
}

/** Tells whether a path of a global is this one or begins with it. */
export function isAt(path: readonly string[] | undefined, ...start: readonly string[]): boolean {
  return path !== undefined && path.length >= start.length && start.every((key, index) => path[index] === key);
}

/** Tells whether an identifier refers to nothing: the names in `a.fetch`, in `{ fetch: 1 }` and in types. */
export function isMereName(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (node.type !== 'Identifier' || parent === undefined) return false;
  if (parent.type.startsWith('TS')) return true;
  if (parent['computed'] === true) return false;
  if (parent.type === 'MemberExpression') return parent['property'] === node;
  return parent['key'] === node && parent['value'] !== node;
}
