/**
 * A module's syntax tree as the rules see it: plain nodes of any type, walked whole. The walker is our own, because
 * ready-made ones leave parts out (object patterns, for one), and what a walker does not visit is not reviewed.
 */

/** A node of the parser, in ESTree form. Fields beyond these depend on `type`; rules look at them through {@link child}. */
export type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
};

/** The parser's node types that were met, each under itself; there are some two hundred. */
const knownTypes = new Map<string, string>();

function oneOf(type: string): string {
  const known = knownTypes.get(type);
  if (known === undefined) knownTypes.set(type, type);
  return known ?? type;
}

/** Tells whether a value is a node of the tree. */
function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** Returns the node under a key, undefined where there is none. */
export function child(node: SyntaxNode | undefined, key: string): SyntaxNode | undefined {
  const value = node?.[key];
  return isNode(value) ? value : undefined;
}

/** Returns the nodes under a key that holds a list; holes are left out. */
export function children(node: SyntaxNode | undefined, key: string): readonly SyntaxNode[] {
  const value = node?.[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Returns the name of an identifier (JSX and private names are none). */
export function identifierName(node: SyntaxNode | undefined): string | undefined {
  return node?.type === 'Identifier' && typeof node['name'] === 'string' ? node['name'] : undefined;
}

/**
 * A node with the one that holds it (the root has none) and its place in the list. `type` is the node's: one string for
 * all nodes of a type, which is compared and looked up several times faster than the parser's copies.
 */
export type PlacedNode = {
  readonly node: SyntaxNode;
  readonly type: string;
  readonly parent: PlacedNode | undefined;
  readonly index: number;
};

/**
 * Lists every node once, parents before children, in source order.
 *
 * Follows every key of every node that holds a node or a list of nodes, so a node type that is new to us is listed too.
 * Its own stack: text that nests 100,000 levels deep costs memory, not the process. A module is listed once and then
 * looked through by many: walking it anew for each took four fifths of a review's time.
 */
export function listNodes(root: SyntaxNode): readonly PlacedNode[] {
  const listed: PlacedNode[] = [];
  const nodes: SyntaxNode[] = [root];
  const parents: (PlacedNode | undefined)[] = [undefined]; // Of the node at the same height.
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const type = oneOf(node.type);
    const placed: PlacedNode = { node, type, parent: parents.pop(), index: listed.length };
    listed.push(placed);
    const from = nodes.length;
    pushParts(nodes, node);
    for (let at = from; at < nodes.length; at += 1) parents.push(placed);
    reverseFrom(nodes, from);
  }
  return listed;
}

function pushParts(stack: SyntaxNode[], node: SyntaxNode): void {
  for (const key in node) {
    const value = node[key];
    if (typeof value !== 'object' || value === null) continue; // Most are texts and offsets.
    if (Array.isArray(value)) pushItems(stack, value);
    else if (isNode(value)) stack.push(value);
  }
}

function pushItems(stack: SyntaxNode[], items: readonly unknown[]): void {
  for (const item of items) if (isNode(item)) stack.push(item);
}

/** The last pushed is taken first, so what was pushed in source order is turned round. */
function reverseFrom(stack: SyntaxNode[], from: number): void {
  for (let low = from, high = stack.length - 1; low < high; low += 1, high -= 1) {
    const [first, last] = [stack[low], stack[high]];
    if (first === undefined || last === undefined) return;
    stack[low] = last;
    stack[high] = first;
  }
}

const WRAPPERS: ReadonlySet<string> = new Set([
  'ParenthesizedExpression',
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'ChainExpression',
]);

/** Takes off parentheses, type assertions, `(0, x)` and `a = x`: what is left has the same value. */
export function unwrap(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let current = node;
  for (;;) {
    if (current === undefined) return undefined;
    if (WRAPPERS.has(current.type)) current = child(current, 'expression');
    else if (current.type === 'SequenceExpression') current = children(current, 'expressions').at(-1);
    else if (current.type === 'AssignmentExpression' && current['operator'] === '=') current = child(current, 'right');
    else if (current.type === 'AwaitExpression') current = child(current, 'argument');
    else return current;
  }
}
