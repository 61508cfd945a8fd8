/**
 * Which imports of a TypeScript module are there for types alone. The bundler drops them, as TypeScript does, so what
 * they import is not part of the plugin and need not be there.
 */
import { child, children, identifierName, type PlacedNode, type SyntaxNode } from './syntax.ts';

/** TypeScript's nodes that hold values; below all its other nodes there are types only. */
const WITH_VALUES: ReadonlySet<string> = new Set([
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
]);

/** The names that stand for a value somewhere, and those that stand in a type. */
export type UsedNames = { readonly values: ReadonlySet<string>; readonly types: ReadonlySet<string> };

/** Sorts the names of a module; it may take a type for a value, never a value for a type. */
export function usedNames(nodes: readonly PlacedNode[]): UsedNames {
  const values = new Set<string>();
  const types = new Set<string>();
  // Of the node with the same index: whether it stands in a type, in an import.
  const inTypes: boolean[] = [];
  const inImports: boolean[] = [];
  for (const { node, type, parent, index } of nodes) {
    const isType = (parent !== undefined && inTypes[parent.index] === true) || isTypeNode(type);
    const isImport = (parent !== undefined && inImports[parent.index] === true) || type === 'ImportDeclaration';
    inTypes[index] = isType;
    inImports[index] = isImport;
    const name = isImport || type !== 'Identifier' ? undefined : identifierName(node);
    if (name !== undefined) (isType ? types : values).add(name);
  }
  return { values, types };
}

function isTypeNode(type: string): boolean {
  return type.startsWith('TS') && !WITH_VALUES.has(type);
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
