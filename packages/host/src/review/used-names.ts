/**
 * Which imported names a TypeScript module uses as values. The bundler drops the others, as TypeScript does, so what
 * they import is not part of the plugin and need not be there.
 */
import { child, children, identifierName, walk, type SyntaxNode } from './syntax.ts';

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

/** Lists the names that stand for a value somewhere; it may name too many, never too few. */
export function usedNames(root: SyntaxNode): ReadonlySet<string> {
  const used = new Set<string>();
  const inTypes = new Set<SyntaxNode>();
  walk(root, (node, parent) => {
    const isType = node.type.startsWith('TS') && !WITH_VALUES.includes(node.type);
    if (isType || (parent !== undefined && inTypes.has(parent)) || node.type === 'ImportDeclaration') inTypes.add(node);
    const name = inTypes.has(node) ? undefined : identifierName(node);
    if (name !== undefined) used.add(name);
  });
  return used;
}

/** Tells whether an import declaration binds names of which none is used as a value. */
export function isUnused(declaration: SyntaxNode, used: ReadonlySet<string>): boolean {
  const specifiers = children(declaration, 'specifiers');
  return (
    declaration.type === 'ImportDeclaration' &&
    specifiers.length > 0 &&
    specifiers.every((one) => one['importKind'] === 'type' || !used.has(identifierName(child(one, 'local')) ?? ''))
  );
}
