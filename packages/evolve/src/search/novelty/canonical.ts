/**
 * A program without what makes no difference: formatting, comments, types, brackets that change nothing, and the names of locals. Two
 * programs with the same canonical form do the same.
 */
import { createHash } from 'node:crypto';
import { parseSync } from 'oxc-parser';
import { EvolveError } from '../../evolve-error.ts';
import { declaringScope, isNode, scopeOf, type Scope, type SyntaxNode } from './scopes.ts';

/**
 * What a source is written in: what is no TypeScript or JavaScript is taken as words between white space.
 *
 * @public
 */
export type SourceLanguage = 'typescript' | 'text';

/** Characters of a source, and levels of its syntax. */
const SOURCE_LENGTH_MAX = 1_000_000;
const DEPTH_MAX = 500;

/** What says where something stands, how it was written, or its type. */
const LEFT_OUT = new Set([
  ...['type', 'start', 'end', 'range', 'raw', 'shorthand', 'optional', 'declare', 'definite', 'hashbang'],
  ...['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments', 'superTypeArguments', 'implements'],
  ...['accessibility', 'override', 'readonly', 'abstract', 'importKind', 'exportKind'],
]);
/** Nodes that do nothing at run time. */
const NOTHING = ['EmptyStatement', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration', 'TSDeclareFunction'];
/** Nodes that do only what they hold does. */
const WRAPPERS = [
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'ParenthesizedExpression',
];

/** Keys under which an identifier is a name of a property, a label or an export, and no variable. */
const NAMED_BY_KEY: Readonly<Record<string, readonly string[]>> = {
  MemberExpression: ['property'],
  Property: ['key'],
  MethodDefinition: ['key'],
  PropertyDefinition: ['key'],
  AccessorProperty: ['key'],
  LabeledStatement: ['label'],
  BreakStatement: ['label'],
  ContinueStatement: ['label'],
  MetaProperty: ['meta', 'property'],
  ImportSpecifier: ['imported'],
  ExportSpecifier: ['exported'],
};

/**
 * The canonical form, as words: types of nodes, what they hold, and for a local its number in the order in which locals are first met.
 *
 * @throws {EvolveError} `SOURCE_INVALID` where the source is too long, nested too deeply, or cannot be parsed.
 * @public
 */
export function canonicalTokens(source: string, language: SourceLanguage = 'typescript'): readonly string[] {
  if (source.length > SOURCE_LENGTH_MAX)
    throw invalid(`the source has ${source.length} characters; expected at most ${SOURCE_LENGTH_MAX}`);
  if (language === 'text') return source.split(/\s+/).filter((word) => word !== '');
  const { program, errors } = parseSync('program.ts', source, {
    lang: 'ts',
    sourceType: 'unambiguous',
    preserveParens: false,
  });
  const [error] = errors;
  if (error !== undefined)
    throw invalid(`the source cannot be parsed: ${error.message}; expected TypeScript or JavaScript`);
  const writer: Writer = { tokens: [], locals: 0 };
  writeNode(program as unknown as SyntaxNode, { scope: undefined, depth: 0 }, writer); // The parser's types list each node type.
  return writer.tokens;
}

/**
 * SHA-256 of the canonical form, in hex.
 *
 * @throws {EvolveError} `SOURCE_INVALID`.
 * @public
 */
export function canonicalHash(tokens: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(tokens)).digest('hex');
}

type Writer = { readonly tokens: string[]; locals: number };
type Place = { readonly scope: Scope | undefined; readonly depth: number };

function writeNode(node: SyntaxNode, { scope: outer, depth }: Place, writer: Writer): void {
  if (depth > DEPTH_MAX) throw invalid(`the source is nested more than ${DEPTH_MAX} levels deep; expected less`);
  if (NOTHING.includes(node.type) || node['declare'] === true || node['importKind'] === 'type') return;
  if (WRAPPERS.includes(node.type) && isNode(node['expression'])) {
    writeNode(node['expression'], { scope: outer, depth: depth + 1 }, writer);
    return;
  }
  if (node.type === 'Identifier') {
    writer.tokens.push(nameOf(String(node['name']), outer, writer));
    return;
  }
  const scope = scopeOf(node, outer);
  writer.tokens.push(`(${node.type}`);
  // An optional call or access does something; an optional parameter does not.
  if (node['optional'] === true && /Call|Member/.test(node.type)) writer.tokens.push('?');
  for (const [key, value] of Object.entries(node)) {
    if (LEFT_OUT.has(key)) continue;
    const isName = node['computed'] !== true && NAMED_BY_KEY[node.type]?.includes(key) === true;
    writeValue(value, { scope: isName ? undefined : scope, depth: depth + 1 }, writer);
  }
  writer.tokens.push(')');
}

function writeValue(value: unknown, place: Place, writer: Writer): void {
  if (Array.isArray(value)) {
    writer.tokens.push('[');
    for (const item of value) writeValue(item, place, writer);
    writer.tokens.push(']');
  } else if (isNode(value)) writeNode(value, place, writer);
  else if (typeof value === 'object' && value !== null && !(value instanceof RegExp))
    writer.tokens.push(JSON.stringify(value));
  else writer.tokens.push(`${typeof value}:${String(value)}`);
}

function nameOf(name: string, scope: Scope | undefined, writer: Writer): string {
  const declaring = declaringScope(name, scope);
  if (declaring === undefined) return name;
  const known = declaring.names.get(name);
  if (known !== undefined) return `#${known}`;
  declaring.names.set(name, writer.locals);
  writer.locals += 1;
  return `#${writer.locals - 1}`;
}

function invalid(message: string): EvolveError {
  return new EvolveError('SOURCE_INVALID', message);
}
