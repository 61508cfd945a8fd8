/**
 * A module of TypeScript or JavaScript as far as evolution looks into it: what it exports, and the functions at its top.
 */
import { extname } from 'node:path';
import { parseSync } from 'oxc-parser';
import { EvolveError } from '../evolve-error.ts';

/** A node of the parser, in ESTree form; offsets are of UTF-16 units. */
export type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
};

/** A function at the top of a module: where its declaration starts, the function itself, and its body if that is a block. */
export type ModuleFunction = {
  readonly name: string;
  readonly start: number;
  readonly node: SyntaxNode;
  readonly block: SyntaxNode | undefined;
};

/** One name that a module exports; `local` is what it is called inside. */
export type ModuleExport = { readonly name: string; readonly local: string | undefined };

/** A parsed module; of functions of one name, such as overloads, all are listed. */
export type ModuleSyntax = { readonly functions: readonly ModuleFunction[]; readonly exports: readonly ModuleExport[] };

const SOURCE_LENGTH_MAX = 1_000_000;
const PARSED = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.tsx', '.jsx'];

/** Whether a file of this name is TypeScript or JavaScript. */
export function isParsed(fileName: string): boolean {
  return PARSED.includes(extname(fileName).toLowerCase());
}

/** Parses a module. @throws {EvolveError} `SOURCE_INVALID` with the parser's words, or where it is too long. */
export function parseModule(source: string, fileName: string): ModuleSyntax {
  if (source.length > SOURCE_LENGTH_MAX) {
    throw new EvolveError(
      'SOURCE_INVALID',
      `the source has ${source.length} characters; expected at most ${SOURCE_LENGTH_MAX}`,
    );
  }
  const lang = /x$/i.test(fileName) ? 'tsx' : 'ts';
  const { program, errors, module } = parseSync(`source.${lang}`, source, { lang, sourceType: 'unambiguous' });
  const [error] = errors;
  if (error !== undefined) {
    throw new EvolveError(
      'SOURCE_INVALID',
      `the source cannot be parsed: ${error.message}; expected TypeScript or JavaScript`,
    );
  }
  const body = program.body as unknown as readonly SyntaxNode[]; // The parser's own types list each node type; a few are looked at.
  const entries = module.staticExports.flatMap((each) => each.entries);
  return { functions: functionsIn(body), exports: entries.map((entry) => exportOf(entry)) };
}

/** The node under a key, undefined where there is none. */
export function nodeAt(node: SyntaxNode | undefined, key: string): SyntaxNode | undefined {
  const value = node?.[key];
  return isNode(value) ? value : undefined;
}

/** The nodes under a key that holds a list; holes are left out. */
export function nodesAt(node: SyntaxNode | undefined, key: string): readonly SyntaxNode[] {
  const value = node?.[key];
  return Array.isArray(value) ? value.filter((item) => isNode(item)) : [];
}

type Entry = ReturnType<typeof parseSync>['module']['staticExports'][number]['entries'][number];

function exportOf({ exportName, localName, moduleRequest, isType }: Entry): ModuleExport {
  const kind: string = exportName.kind;
  const name = kind === 'None' ? `* from ${moduleRequest?.value ?? ''}` : (exportName.name ?? 'default');
  return { name: isType ? `type ${name}` : name, local: localName.name ?? undefined };
}

function functionsIn(body: readonly SyntaxNode[]): readonly ModuleFunction[] {
  return body
    .map((statement) => (isExport(statement) ? (nodeAt(statement, 'declaration') ?? statement) : statement))
    .flatMap((statement): readonly SyntaxNode[] => [statement, ...nodesAt(statement, 'declarations')])
    .flatMap((declared) => functionOf(declared));
}

function functionOf(declared: SyntaxNode): readonly ModuleFunction[] {
  const name = nodeAt(declared, 'id')?.['name'];
  const node = declared.type === 'VariableDeclarator' ? nodeAt(declared, 'init') : declared;
  if (typeof name !== 'string' || node === undefined || !isFunction(node)) return [];
  const body = nodeAt(node, 'body');
  return [{ name, start: declared.start, node, block: body?.type === 'BlockStatement' ? body : undefined }];
}

function isExport({ type }: SyntaxNode): boolean {
  return type === 'ExportNamedDeclaration' || type === 'ExportDefaultDeclaration';
}

function isFunction({ type }: SyntaxNode): boolean {
  return type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
