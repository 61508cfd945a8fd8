/**
 * The public surface of the packages, from their sources: every name that an `index.ts` exports, with its docstring, its stability
 * and its signature. The compiler is not asked: what is written is what authors read, and a parse takes milliseconds.
 */
import { posix } from 'node:path';
import { type Class, type Declaration, type Function as FunctionNode, type Statement } from 'oxc-parser';
import { parseModules, type Module } from '../tidy/modules.ts';
import type { Tree } from '../tidy/tree.ts';

/** Packages whose surface is documented and held. */
export const API_PACKAGES = ['protocol', 'sdk', 'host', 'guard', 'evolve', 'store', 'server'] as const;
/** A word of {@link API_PACKAGES}. */
export type ApiPackage = (typeof API_PACKAGES)[number];

/** What may be relied on. `internal`: exported for our own packages alone. */
export const STABILITIES = ['public', 'experimental', 'internal'] as const;
/** A word of {@link STABILITIES}. */
export type Stability = (typeof STABILITIES)[number];

/** One exported name. `doc` is without its stability; `path` is where it is declared. */
export type ApiEntry = {
  readonly package: ApiPackage;
  readonly name: string;
  readonly path: string;
  readonly doc: string;
  /** Undefined where its docstring has none of the three tags, or several. */
  readonly stability: Stability | undefined;
  readonly signature: string;
};

/** Reads the surface of every package, sorted by package and name. */
export function readSurface(tree: Tree): readonly ApiEntry[] {
  const sources = [...tree].filter(
    ([path]) => /^packages\/[a-z]+\/src\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'),
  );
  const modules = new Map(parseModules(new Map(sources)).map((module) => [module.path, module]));
  return API_PACKAGES.flatMap((name) => {
    const entries = exportsOf(modules, `packages/${name}/src/index.ts`).map((found): ApiEntry => ({
      package: name,
      ...describe(modules, found),
    }));
    return entries.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  });
}

type Exported = { readonly name: string; readonly path: string };

/** Names and the modules that they come from; an index holds re-exports alone. */
function exportsOf(modules: ReadonlyMap<string, Module>, index: string): readonly Exported[] {
  const module = modules.get(index);
  if (module === undefined) return [];
  return module.program.body.flatMap((statement) => {
    if (statement.type !== 'ExportNamedDeclaration' || statement.source === null) return [];
    const from = statement.source.value;
    const path = from.startsWith('.')
      ? posix.join(posix.dirname(index), from)
      : `packages/${from.replace('@bulkhead/', '')}/src/index.ts`;
    return statement.specifiers.map(({ exported }) => {
      const name = exported.type === 'Literal' ? exported.value : exported.name;
      return { name, path: declaredAt(modules, path, name) };
    });
  });
}

/** Follows re-exports to the module that declares a name. */
function declaredAt(modules: ReadonlyMap<string, Module>, path: string, name: string): string {
  const module = modules.get(path);
  if (module === undefined || declarationOf(module, name) !== undefined) return path;
  return importedFrom(module, name) ?? exportsOf(modules, path).find((one) => one.name === name)?.path ?? path;
}

/** A module may export what it has imported. */
function importedFrom({ path, program }: Module, name: string): string | undefined {
  for (const statement of program.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    if (statement.specifiers.some(({ local }) => local.name === name))
      return posix.join(posix.dirname(path), statement.source.value);
  }
  return undefined;
}

type Declared = { readonly statement: Statement; readonly declaration: Declaration };

function declarationOf({ program }: Module, name: string): Declared | undefined {
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration === null || !isDeclaration(declaration)) continue;
    if (namesOf(declaration).includes(name)) return { statement, declaration };
  }
  return undefined;
}

/** Some are exported by a list at the end, or not where they stand. */
function isDeclaration(node: Statement | Declaration): node is Declaration {
  return /^(VariableDeclaration|FunctionDeclaration|ClassDeclaration|TS(Type|Interface|DeclareFunction).*)$/.test(
    node.type,
  );
}

function namesOf(declaration: Declaration): readonly string[] {
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  const { id } = declaration as { readonly id?: { readonly type: string; readonly name?: string } | null }; // The others have one name.
  return id?.name === undefined ? [] : [id.name];
}

function describe(modules: ReadonlyMap<string, Module>, { name, path }: Exported): Omit<ApiEntry, 'package'> {
  const module = modules.get(path);
  const found = module === undefined ? undefined : declarationOf(module, name);
  if (module === undefined || found === undefined)
    return { name, path, doc: '', stability: undefined, signature: name };
  const text = docOf(module, found.statement.start);
  const tags = STABILITIES.filter((word) => new RegExp(`^@${word}\\b`, 'm').test(text));
  return {
    name,
    path,
    doc: text.replaceAll(/^@(public|experimental|internal)\b.*\n?/gm, '').trim(),
    stability: tags.length === 1 ? tags[0] : undefined,
    signature: signatureOf(module.text, found.declaration),
  };
}

/** The docstring that ends where a statement begins, without its stars. */
function docOf({ comments, text }: Module, start: number): string {
  const before = comments.findLast(({ end }) => end <= start && text.slice(end, start).trim() === '');
  if (before === undefined || before.type !== 'Block' || !before.value.startsWith('*')) return '';
  const lines = before.value.slice(1).split('\n');
  return lines
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}

/** What a caller must know: no body, nothing private, and of a value that is written out its name. */
function signatureOf(text: string, declaration: Declaration): string {
  switch (declaration.type) {
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
      return headOf(text, declaration);
    case 'ClassDeclaration':
      return classOf(text, declaration);
    case 'VariableDeclaration':
      return variableOf(text, declaration);
    default:
      return text.slice(declaration.start, declaration.end);
  }
}

function headOf(text: string, node: FunctionNode): string {
  return `${text.slice(node.start, node.body?.start ?? node.end).trim()};`;
}

function classOf(text: string, node: Class): string {
  const members = node.body.body.flatMap((member) => {
    if (member.type === 'StaticBlock' || !('key' in member) || member.key.type === 'PrivateIdentifier') return [];
    const body = member.type === 'MethodDefinition' ? member.value.body : undefined;
    const value = 'value' in member && member.type === 'PropertyDefinition' ? member.value : undefined;
    const end = body?.start ?? value?.start ?? member.end;
    return [
      `  ${text
        .slice(member.start, end)
        .replace(/\s*=\s*$/, '')
        .trim()
        .replace(/;$/, '')};`,
    ];
  });
  return [text.slice(node.start, node.body.start + 1), ...members, '}'].join('\n');
}

type Variables = Extract<Declaration, { type: 'VariableDeclaration' }>;

/** Short values are part of the contract; tables have documents, or tests, of their own. */
const VALUE_CHARACTERS_MAX = 200;

function variableOf(text: string, { kind, declarations }: Variables): string {
  return declarations
    .map(({ id, init, start, end }) => {
      const whole = text.slice(start, end);
      if (whole.length <= VALUE_CHARACTERS_MAX || init === null) return `${kind} ${whole};`;
      return `${kind} ${text.slice(id.start, id.end)};`;
    })
    .join('\n');
}
