/**
 * Operators on expressions: the signs between operands, and methods that have a twin.
 */
import { child, type Place, type SyntaxNode } from '../syntax-tree.ts';
import { replacing, textOf, type Edit, type MutationOperator } from './operator.ts';

const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>'],
  '<=': ['<', '>='],
  '>': ['>=', '<'],
  '>=': ['>', '<='],
  '===': ['!=='],
  '!==': ['==='],
  '==': ['!='],
  '!=': ['=='],
};
const ARITHMETIC: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '&': ['|'],
  '|': ['&'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
};
const LOGICAL: Readonly<Record<string, readonly string[]>> = { '&&': ['||'], '||': ['&&'], '??': ['&&'] };
const ASSIGNMENTS: Readonly<Record<string, readonly string[]>> = {
  '+=': ['-=', '='],
  '-=': ['+=', '='],
  '*=': ['/='],
  '/=': ['*='],
  '%=': ['*='],
};
const UPDATES: Readonly<Record<string, readonly string[]>> = { '++': ['--'], '--': ['++'] };
const METHODS: Readonly<Record<string, readonly string[]>> = {
  min: ['max'],
  max: ['min'],
  floor: ['ceil', 'round'],
  ceil: ['floor', 'round'],
  round: ['floor', 'ceil'],
  trunc: ['ceil'],
  some: ['every'],
  every: ['some'],
  push: ['unshift'],
  unshift: ['push'],
  shift: ['pop'],
  pop: ['shift'],
  startsWith: ['endsWith'],
  endsWith: ['startsWith'],
};

/** `<` becomes `<=` or `>`, `===` becomes `!==`, and so on. */
export const SWAP_COMPARISON: MutationOperator = {
  name: 'swap_comparison',
  edits: (place, source) => signEdits(place, { types: ['BinaryExpression'], twins: COMPARISONS, source }),
};

/** `+` becomes `-`, `*` becomes `/`, and so on. */
export const SWAP_ARITHMETIC: MutationOperator = {
  name: 'swap_arithmetic',
  edits: (place, source) => signEdits(place, { types: ['BinaryExpression'], twins: ARITHMETIC, source }),
};

/** `&&` becomes `||`, and the other way round. */
export const SWAP_LOGICAL: MutationOperator = {
  name: 'swap_logical',
  edits: (place, source) => signEdits(place, { types: ['LogicalExpression'], twins: LOGICAL, source }),
};

/** `+=` becomes `-=` or `=`, and so on. */
export const SWAP_ASSIGNMENT: MutationOperator = {
  name: 'swap_assignment',
  edits: (place, source) => signEdits(place, { types: ['AssignmentExpression'], twins: ASSIGNMENTS, source }),
};

/** `++` becomes `--`, and the other way round. */
export const SWAP_UPDATE: MutationOperator = {
  name: 'swap_update',
  edits: ({ node }, source) => {
    if (node.type !== 'UpdateExpression') return [];
    return twinsOf(UPDATES, node['operator']).map((twin) => {
      const argument = child(node, 'argument');
      const operand = argument === undefined ? '' : textOf(source, argument);
      return replacing(node, node['prefix'] === true ? `${twin}${operand}` : `${operand}${twin}`);
    });
  },
};

/** A method becomes its twin: `min` and `max`, `floor` and `ceil`, `some` and `every`, `shift` and `pop`. */
export const SWAP_METHOD: MutationOperator = {
  name: 'swap_method',
  edits: ({ node, parent, key }) => {
    if (key !== 'callee' || node.type !== 'MemberExpression' || node['computed'] === true) return [];
    if (parent?.node.type !== 'CallExpression') return [];
    const property = child(node, 'property');
    return property === undefined ? [] : twinsOf(METHODS, property['name']).map((twin) => replacing(property, twin));
  },
};

/** `x + 1` and `x - 1` become `x`. */
export const REMOVE_ONE: MutationOperator = {
  name: 'remove_one',
  edits: ({ node }, source) => {
    const [left, right] = [child(node, 'left'), child(node, 'right')];
    if (node.type !== 'BinaryExpression' || left === undefined || right?.['value'] !== 1) return [];
    return node['operator'] === '+' || node['operator'] === '-' ? [replacing(node, textOf(source, left))] : [];
  },
};

/** `-x` and `!x` become `x`. */
export const REMOVE_SIGN: MutationOperator = {
  name: 'remove_sign',
  edits: ({ node }, source) => {
    const argument = child(node, 'argument');
    if (node.type !== 'UnaryExpression' || argument === undefined) return [];
    return node['operator'] === '-' || node['operator'] === '!' ? [replacing(node, textOf(source, argument))] : [];
  },
};

function signEdits(
  { node }: Place,
  {
    types,
    twins,
    source,
  }: {
    readonly types: readonly string[];
    readonly twins: Readonly<Record<string, readonly string[]>>;
    readonly source: string;
  },
): readonly Edit[] {
  if (!types.includes(node.type)) return [];
  const sign = signOf(node, source);
  return sign === undefined ? [] : twinsOf(twins, node['operator']).map((twin) => replacing(sign, twin));
}

/** Where the sign stands: the tree has its name only. A comment in between may hold the same characters: nothing is changed then. */
function signOf(node: SyntaxNode, source: string): { readonly start: number; readonly end: number } | undefined {
  const [left, right, operator] = [child(node, 'left'), child(node, 'right'), node['operator']];
  if (left === undefined || right === undefined || typeof operator !== 'string') return undefined;
  const between = source.slice(left.end, right.start);
  if (between.includes('/*') || between.includes('//')) return undefined;
  const start = left.end + between.indexOf(operator);
  return between.includes(operator) ? { start, end: start + operator.length } : undefined;
}

function twinsOf(twins: Readonly<Record<string, readonly string[]>>, name: unknown): readonly string[] {
  return typeof name === 'string' && Object.hasOwn(twins, name) ? (twins[name] ?? []) : [];
}
