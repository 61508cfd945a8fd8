/**
 * Operators of the grammar stand-in beside those of guard, whose contract they keep: larger steps than the small faults that a gate is
 * tried with. Each looks at one place of the syntax tree and lists edits; which is taken is for whoever asks.
 */
import type { MutantOptions } from '@bulkhead/guard';
import { nodeAt, nodesAt, type SyntaxNode } from '../../edits/module-syntax.ts';

/** An operator as guard's `mutants` takes it. */
export type MutationOperator = NonNullable<MutantOptions['operators']>[number];

type Place = Parameters<MutationOperator['edits']>[0];
type Edit = ReturnType<MutationOperator['edits']>[number];

const DIGITS = 6;
const FACTORS = [0.5, 0.9, 1.1, 2, 10];
const EXTRACTED = 'part';

/** A number becomes a multiple of itself; 0 becomes a small and a large one. */
const JITTER_CONSTANT: MutationOperator = {
  name: 'jitter_constant',
  edits: ({ node, parent, key }) => {
    const { value } = node;
    const isName = key === 'key' && parent?.node['computed'] !== true;
    if (node.type !== 'Literal' || typeof value !== 'number' || isName) return [];
    const others = value === 0 ? [0.1, 10] : FACTORS.map((factor) => Number((value * factor).toPrecision(DIGITS)));
    const wanted = Number.isInteger(value) && value !== 0 ? others.map((other) => Math.round(other)) : others;
    return [...new Set(wanted)].filter((other) => other !== value).map((other) => replacing(node, String(other)));
  },
};

/** A statement changes places with the one after it. */
const MOVE_STATEMENT: MutationOperator = {
  name: 'move_statement',
  edits: (place, source) => {
    const next = nextStatement(place);
    if (next === undefined) return [];
    const { node } = place;
    const between = source.slice(node.end, next.start);
    const text = `${textOf(source, next)}${between}${textOf(source, node)}`;
    return [{ start: node.start, end: next.end, text }];
  },
};

/** A statement that declares and answers nothing is taken out. */
const DELETE_STATEMENT: MutationOperator = {
  name: 'delete_statement',
  edits: (place) => (isStatement(place) && isDoing(place.node) ? [replacing(place.node, '')] : []),
};

/** A statement that declares and answers nothing is there twice. */
const DUPLICATE_STATEMENT: MutationOperator = {
  name: 'duplicate_statement',
  edits: (place, source) => {
    if (!isStatement(place) || !isDoing(place.node)) return [];
    const text = textOf(source, place.node);
    return [replacing(place.node, `${text}\n${indentOf(source, place.node)}${text}`)];
  },
};

/** A constant that the next statement alone uses, once, is written there in its place. */
const INLINE_CONSTANT: MutationOperator = {
  name: 'inline_constant',
  edits: (place, source) => {
    const { node, parent } = place;
    const next = nextStatement(place);
    const [declarator, another] = nodesAt(node, 'declarations');
    const [id, init] = [nodeAt(declarator, 'id'), nodeAt(declarator, 'init')];
    if (next === undefined || another !== undefined || id?.type !== 'Identifier' || init === undefined) return [];
    const name = new RegExp(String.raw`(?<![\w$.])${escaped(String(id['name']))}(?![\w$:])`, 'g');
    const [used, later] = [textOf(source, next), source.slice(next.end, parent?.node.end)];
    if (used.match(name)?.length !== 1 || name.test(later)) return [];
    const text = used.replace(name, () => `(${textOf(source, init)})`);
    return [{ start: node.start, end: next.end, text }];
  },
};

/** An operation within a statement becomes a constant before it. */
const EXTRACT_CONSTANT: MutationOperator = {
  name: 'extract_constant',
  edits: (place, source) => {
    const { node, parent } = place;
    if (node.type !== 'BinaryExpression' || parent === undefined || source.includes(EXTRACTED)) return [];
    const statement = statementAround(parent);
    if (statement === undefined) return [];
    const head = `const ${EXTRACTED} = ${textOf(source, node)};\n${indentOf(source, statement)}`;
    const rest = `${source.slice(statement.start, node.start)}${EXTRACTED}${source.slice(node.end, statement.end)}`;
    return [{ start: statement.start, end: statement.end, text: `${head}${rest}` }];
  },
};

/** What a function answers is a little more or less, or the opposite. */
const TWEAK_RETURN: MutationOperator = {
  name: 'tweak_return',
  edits: ({ node, parent, key }, source) => {
    if (parent?.node.type !== 'ReturnStatement' || key !== 'argument') return [];
    const text = textOf(source, node);
    if (isTruth(node)) return [replacing(node, `!(${text})`)];
    if (!COUNTED.includes(node.type)) return [];
    return [`(${text}) + 1`, `(${text}) - 1`, `-(${text})`].map((other) => replacing(node, other));
  },
};

/** All of them, in a fixed order. */
export const GRAMMAR_OPERATORS: readonly MutationOperator[] = [
  JITTER_CONSTANT,
  MOVE_STATEMENT,
  DELETE_STATEMENT,
  DUPLICATE_STATEMENT,
  INLINE_CONSTANT,
  EXTRACT_CONSTANT,
  TWEAK_RETURN,
];

const DOING = [
  'ExpressionStatement',
  'IfStatement',
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
  'ThrowStatement',
  'BlockStatement',
];
const COUNTED = ['BinaryExpression', 'CallExpression', 'Identifier', 'MemberExpression', 'Literal'];
const TRUTHS = ['<', '<=', '>', '>=', '==', '!=', '===', '!==', 'in', 'instanceof'];
const HOLDING = ['ReturnStatement', 'ExpressionStatement', 'VariableDeclaration'];

function isStatement({ parent, key }: Place): boolean {
  return parent?.node.type === 'BlockStatement' && key === 'body';
}

function isDoing({ type }: SyntaxNode): boolean {
  return DOING.includes(type);
}

function isTruth(node: SyntaxNode): boolean {
  if (node.type === 'UnaryExpression') return node['operator'] === '!';
  return node.type === 'BinaryExpression' && TRUTHS.includes(String(node['operator']));
}

function nextStatement(place: Place): SyntaxNode | undefined {
  if (!isStatement(place)) return undefined;
  const siblings = nodesAt(place.parent?.node, 'body');
  return siblings[siblings.findIndex((one) => one.start === place.node.start) + 1];
}

/** The statement of a block that holds a place, unless a function stands between the two: its parameters are not known before it. */
function statementAround(place: Place): SyntaxNode | undefined {
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) {
    if (/Function/.test(at.node.type)) return undefined;
    if (isStatement(at)) return HOLDING.includes(at.node.type) ? at.node : undefined;
  }
  return undefined;
}

function indentOf(source: string, { start }: SyntaxNode): string {
  const line = source.slice(source.lastIndexOf('\n', start - 1) + 1, start);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

function replacing({ start, end }: SyntaxNode, text: string): Edit {
  return { start, end, text };
}

function textOf(source: string, { start, end }: SyntaxNode): string {
  return source.slice(start, end);
}

function escaped(name: string): string {
  return name.replaceAll('$', String.raw`\$`);
}
