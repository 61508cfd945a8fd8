/**
 * What a module asks for from others: every import, re-export, dynamic import and require, in one form.
 */
import { child, children, identifierName, unwrap, type PlacedNode, type SyntaxNode } from './syntax.ts';
import type { Meaning } from './meaning.ts';

/**
 * One request. `specifier` is undefined where only running tells; `attributes` are those of `with { … }`, a value
 * undefined where only running tells.
 */
export type ModuleRequest = {
  readonly node: SyntaxNode;
  readonly form: 'static' | 'dynamic' | 'require';
  readonly specifier: string | undefined;
  readonly attributes: Readonly<Record<string, string | undefined>>;
};

/** How each type of node asks; types that are not here ask for nothing. */
const ASKING: ReadonlyMap<string, (node: SyntaxNode, meaning: Meaning) => ModuleRequest | undefined> = new Map([
  ['ImportDeclaration', valueRequest],
  ['ExportNamedDeclaration', valueRequest],
  ['ExportAllDeclaration', valueRequest],
  ['TSImportEqualsDeclaration', importEquals],
  ['ImportExpression', dynamicRequest],
  ['CallExpression', requireRequest],
]);

/** Returns what a node asks for, undefined where it asks for nothing or for types only. */
export function requestOf({ node, type }: PlacedNode, meaning: Meaning): ModuleRequest | undefined {
  return ASKING.get(type)?.(node, meaning);
}

function valueRequest(node: SyntaxNode, meaning: Meaning): ModuleRequest | undefined {
  return isOnlyTypes(node) ? undefined : staticRequest(node, child(node, 'source'), meaning);
}

function isOnlyTypes(node: SyntaxNode): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true;
  const specifiers = children(node, 'specifiers');
  return (
    specifiers.length > 0 && specifiers.every((one) => one['importKind'] === 'type' || one['exportKind'] === 'type')
  );
}

function staticRequest(node: SyntaxNode, source: SyntaxNode | undefined, meaning: Meaning): ModuleRequest | undefined {
  if (source === undefined) return undefined; // An export of the module's own.
  const attributes = Object.fromEntries(children(node, 'attributes').map((pair) => attributeOf(pair, meaning)));
  return { node, form: 'static', specifier: meaning.textOf(source), attributes };
}

/** `import fs = require("fs")`. */
function importEquals(node: SyntaxNode, meaning: Meaning): ModuleRequest | undefined {
  if (node['importKind'] === 'type') return undefined;
  const reference = child(node, 'moduleReference');
  if (reference?.type !== 'TSExternalModuleReference') return undefined;
  return { node, form: 'require', specifier: meaning.textOf(child(reference, 'expression')), attributes: {} };
}

function dynamicRequest(node: SyntaxNode, meaning: Meaning): ModuleRequest {
  const options = unwrap(child(node, 'options'));
  const withOption = children(options, 'properties').find((property) =>
    /^(?:with|assert)$/.test(attributeOf(property, meaning)[0]),
  );
  const pairs = children(unwrap(child(withOption, 'value')), 'properties').map((pair) => attributeOf(pair, meaning));
  // Options that cannot be read here may ask for anything.
  const isReadable = options === undefined || (options.type === 'ObjectExpression' && pairs.length > 0);
  const attributes = isReadable ? Object.fromEntries(pairs) : { type: undefined };
  return { node, form: 'dynamic', specifier: meaning.textOf(child(node, 'source')), attributes };
}

function attributeOf(pair: SyntaxNode, meaning: Meaning): readonly [string, string | undefined] {
  const key = child(pair, 'key');
  const name = pair['computed'] === true ? meaning.textOf(key) : (identifierName(key) ?? meaning.textOf(key));
  return [name ?? '?', meaning.textOf(child(pair, 'value'))];
}

function requireRequest(node: SyntaxNode, meaning: Meaning): ModuleRequest | undefined {
  const path = meaning.globalPath(child(node, 'callee'))?.join('.');
  if (path !== 'require' && path !== 'module.require' && path !== 'require.resolve') return undefined;
  return { node, form: 'require', specifier: meaning.textOf(children(node, 'arguments')[0]), attributes: {} };
}
