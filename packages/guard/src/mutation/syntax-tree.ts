/**
 * The syntax tree of an implementation as the mutation operators see it: every node of its code with the one that holds it. Types,
 * imports, exports of other modules, directives and comments are no part of it, so that no operator can touch them.
 */
import { parseSync } from 'oxc-parser';
import { GuardError } from '../guard-error.ts';

/** A node of the parser, in ESTree form; offsets are of UTF-16 units. */
export type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
};

/** A node with the place that holds it (the root has none), and the key that it is held under. */
export type Place = { readonly node: SyntaxNode; readonly parent: Place | undefined; readonly key: string };

/** Characters of one implementation; a parser's tree takes some hundred times as many bytes. */
const SOURCE_LENGTH_MAX = 1_000_000;
/** Levels of syntax; nobody writes so many. */
const DEPTH_MAX = 500;

/** Only what they hold is code; the rest of what begins with TS is types. */
const TYPED_EXPRESSIONS = ['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'];
const UNTOUCHED = ['ImportDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'Decorator'];

/**
 * Lists the places of a source, parents before what they hold, in the order of the text.
 *
 * @param source - TypeScript or JavaScript.
 * @throws {GuardError} `SOURCE_INVALID` where it is too long, nested too deeply, or cannot be parsed, with the parser's words.
 */
export function listPlaces(source: string): readonly Place[] {
  if (source.length > SOURCE_LENGTH_MAX) {
    throw new GuardError(
      'SOURCE_INVALID',
      `the source has ${source.length} characters; expected at most ${SOURCE_LENGTH_MAX}`,
    );
  }
  const { program, errors } = parse(source);
  const [error] = errors;
  if (error !== undefined) {
    throw new GuardError(
      'SOURCE_INVALID',
      `the source cannot be parsed: ${error.message}; expected TypeScript or JavaScript`,
    );
  }
  const places: Place[] = [];
  const root = program as unknown as SyntaxNode; // The parser's own types list each node type; operators take any.
  addPlaces({ node: root, parent: undefined, key: '' }, places, 0);
  return places;
}

/** Tells whether a text is a program. */
export function canParse(source: string): boolean {
  return parse(source).errors.length === 0;
}

/** Returns the node under a key, undefined where there is none. */
export function child(node: SyntaxNode | undefined, key: string): SyntaxNode | undefined {
  const value = node?.[key];
  return isNode(value) ? value : undefined;
}

/** Returns the nodes under a key that holds a list; holes are left out. */
export function children(node: SyntaxNode | undefined, key: string): readonly SyntaxNode[] {
  const value = node?.[key];
  return Array.isArray(value) ? value.filter((item) => isNode(item)) : [];
}

/** Tells whether a place is that of a function that has a body of statements or an expression. */
export function isFunction({ type }: SyntaxNode): boolean {
  return type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';
}

/** The places that hold a place, the nearest first. */
export function* holders(place: Place): Generator<Place> {
  for (let { parent } = place; parent !== undefined; { parent } = parent) yield parent;
}

function parse(source: string): ReturnType<typeof parseSync> {
  return parseSync('implementation.ts', source, { lang: 'ts', sourceType: 'unambiguous' });
}

function addPlaces(place: Place, places: Place[], depth: number): void {
  if (depth > DEPTH_MAX) {
    throw new GuardError('SOURCE_INVALID', `the source is nested more than ${DEPTH_MAX} levels deep; expected less`);
  }
  const { node } = place;
  if (isUntouched(node)) return;
  places.push(place);
  for (const [key, value] of Object.entries(node)) {
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const part of parts) if (isNode(part)) addPlaces({ node: part, parent: place, key }, places, depth + 1);
  }
}

function isUntouched(node: SyntaxNode): boolean {
  if (node.type.startsWith('TS')) return !TYPED_EXPRESSIONS.includes(node.type);
  if (UNTOUCHED.includes(node.type) || node['declare'] === true) return true;
  if (node.type === 'ExportNamedDeclaration') return child(node, 'declaration') === undefined;
  return node.type === 'ExpressionStatement' && typeof node['directive'] === 'string';
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
