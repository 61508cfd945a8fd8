/**
 * Which imports of a TypeScript module are there for types alone. The bundler drops them, as TypeScript does, so what
 * they import is not part of the plugin and need not be there.
 */
import { child, children, identifierName, type PlacedNode, type SyntaxNode } from './syntax.ts';

/** TypeScript's nodes that hold values; below all its other nodes there are types only. */
const WITH_VALUES: readonly string[] = [
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSEnumDeclaration',
  'TSEnumBody',
  'TSEnumMember',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSParameterProperty',
  'TSExportAssignment',
  'TSImportEqualsDeclaration',
  'TSExternalModuleReference',
  'TSQualifiedName',
];

/** The names that stand for a value somewhere, and those that stand in a type. */
export type UsedNames = { readonly values: ReadonlySet<string>; readonly types: ReadonlySet<string> };

/** Sorts the names of a module; it may take a type for a value, never a value for a type. */
export function usedNames(nodes: readonly PlacedNode[]): UsedNames {
  const values = new Set<string>();
  const types = new Set<string>();
  const inTypes = new Set<SyntaxNode>();
  const inImports = new Set<SyntaxNode>();
  for (const { node, parent } of nodes) {
    const isType = node.type.startsWith('TS') && !WITH_VALUES.includes(node.type);
    if (isType || (parent !== undefined && inTypes.has(parent))) inTypes.add(node);
    if (node.type === 'ImportDeclaration' || (parent !== undefined && inImports.has(parent))) inImports.add(node);
    const name = inImports.has(node) ? undefined : identifierName(node);
    if (name !== undefined) (inTypes.has(node) ? types : values).add(name);
  }
  return { values, types };
}

/**
 * Tells whether an import declaration is there for types alone. One whose names are not used at all is not: it may be
 * there for what it does, or to be seen.
 */
export function isForTypes(declaration: SyntaxNode, { values, types }: UsedNames): boolean {
  const names = children(declaration, 'specifiers').map((one) => identifierName(child(one, 'local')) ?? '');
  return (
    declaration.type === 'ImportDeclaration' &&
    names.some((name) => types.has(name)) &&
    !names.some((name) => values.has(name))
  );
}
