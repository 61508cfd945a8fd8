/**
 * What an expression means as far as its text alone tells: the string that it always is, the global that it reaches.
 * `process["bind" + "ing"]`, `globalThis.process.binding` and `const { binding } = process` are all `process.binding`.
 */
import { child, children, identifierName, unwrap, type SyntaxNode } from './syntax.ts';
import type { Scopes } from './scopes.ts';

/** What can be asked about the expressions of one module. */
export type Meaning = {
  /** Returns the text that an expression always is, undefined where only running it tells. */
  readonly textOf: (node: SyntaxNode | undefined) => string | undefined;
  /**
   * Returns the path of a global, without `globalThis`: `['process', 'binding']`; `[]` is globalThis itself. A key that
   * only running tells is {@link RUNTIME_KEY}. Undefined where the expression does not start at a global.
   */
  readonly globalPath: (node: SyntaxNode | undefined) => readonly string[] | undefined;
};

/** Stands in a global path for a key that only running tells; no property has this name. */
export const RUNTIME_KEY = '*';

/** Longer chains are nobody's honest code; beyond it an expression counts as one that only running tells. */
const DEPTH_MAX = 32;
const GLOBAL_OBJECTS: readonly string[] = ['globalThis', 'global', 'self', 'window'];

/** Makes the questions for one module. */
export function createMeaning(scopes: Scopes): Meaning {
  const ask: Ask = {
    text: (node, depth) => textAt(ask, node, depth),
    path: (node, depth) => pathAt(ask, node, depth),
    scopes,
  };
  // Rules are asked one after the other about the same node, and most of them want its path.
  let last: { readonly node: SyntaxNode; readonly path: readonly string[] | undefined } | undefined;
  return {
    textOf: (node) => ask.text(node, 0),
    globalPath: (node) => {
      if (node === undefined) return undefined;
      if (last?.node !== node) last = { node, path: ask.path(node, 0) };
      return last.path;
    },
  };
}

type Ask = {
  readonly text: (node: SyntaxNode | undefined, depth: number) => string | undefined;
  readonly path: (node: SyntaxNode | undefined, depth: number) => readonly string[] | undefined;
  readonly scopes: Scopes;
};

function textAt(ask: Ask, wrapped: SyntaxNode | undefined, depth: number): string | undefined {
  const node = unwrap(wrapped);
  if (node === undefined || depth > DEPTH_MAX) return undefined;
  switch (node.type) {
    case 'Literal':
      return typeof node['value'] === 'string' || typeof node['value'] === 'number' ? String(node['value']) : undefined;
    case 'TemplateLiteral':
      return templateText(ask, node, depth);
    case 'BinaryExpression':
      if (node['operator'] !== '+') return undefined;
      return joined([ask.text(child(node, 'left'), depth + 1), ask.text(child(node, 'right'), depth + 1)], '');
    case 'Identifier': {
      const binding = ask.scopes.bindingOf(node);
      return binding?.key === undefined ? ask.text(binding?.value, depth + 1) : undefined;
    }
    case 'CallExpression':
      return callText(ask, node, depth);
    default:
      return undefined;
  }
}

function templateText(ask: Ask, node: SyntaxNode, depth: number): string | undefined {
  const values = children(node, 'expressions').map((expression) => ask.text(expression, depth + 1));
  const parts = children(node, 'quasis').flatMap((quasi, index) => [
    cookedText(quasi),
    ...values.slice(index, index + 1),
  ]);
  return joined(parts, '');
}

function cookedText(quasi: SyntaxNode): string | undefined {
  const value = quasi['value'] as { readonly cooked?: unknown } | undefined; // ESTree: { raw, cooked }.
  return typeof value?.cooked === 'string' ? value.cooked : undefined;
}

/** `"a".concat("b")` and `["a", "b"].join("")`. */
function callText(ask: Ask, node: SyntaxNode, depth: number): string | undefined {
  const callee = unwrap(child(node, 'callee'));
  const object = unwrap(child(callee, 'object'));
  const method = callee === undefined ? undefined : keyOf(ask, callee, depth);
  const values = children(node, 'arguments').map((argument) => ask.text(argument, depth + 1));
  if (method === 'concat') return joined([ask.text(object, depth + 1), ...values], '');
  if (method !== 'join' || object?.type !== 'ArrayExpression') return undefined;
  const separator = values.length === 0 ? ',' : values[0];
  const items = children(object, 'elements').map((element) => ask.text(element, depth + 1));
  return separator === undefined ? undefined : joined(items, separator);
}

function joined(parts: readonly (string | undefined)[], separator: string): string | undefined {
  return parts.every((part) => part !== undefined) ? parts.join(separator) : undefined;
}

function pathAt(ask: Ask, wrapped: SyntaxNode | undefined, depth: number): readonly string[] | undefined {
  const node = wrapped?.type === 'Identifier' ? wrapped : unwrap(wrapped); // Most are names.
  if (node === undefined || depth > DEPTH_MAX) return undefined;
  switch (node.type) {
    case 'Identifier':
      return identifierPath(ask, node, depth);
    case 'MemberExpression': {
      const path = ask.path(child(node, 'object'), depth + 1);
      return path === undefined ? undefined : extended(path, keyOf(ask, node, depth) ?? RUNTIME_KEY);
    }
    case 'CallExpression':
      return reflectedPath(ask, node, depth);
    default:
      return undefined;
  }
}

function identifierPath(ask: Ask, node: SyntaxNode, depth: number): readonly string[] | undefined {
  const binding = ask.scopes.bindingOf(node);
  if (binding === undefined) return extended([], identifierName(node) ?? '');
  const path = ask.path(binding.value, depth + 1);
  return binding.key === undefined ? path : extended(path, binding.key);
}

function extended(path: readonly string[] | undefined, key: string): readonly string[] | undefined {
  if (path === undefined) return undefined;
  return path.length === 0 && GLOBAL_OBJECTS.includes(key) ? [] : [...path, key];
}

/** `Reflect.get(process, "binding")`. */
function reflectedPath(ask: Ask, node: SyntaxNode, depth: number): readonly string[] | undefined {
  if (ask.path(child(node, 'callee'), depth + 1)?.join('.') !== 'Reflect.get') return undefined;
  const [object, key] = children(node, 'arguments');
  return extended(ask.path(object, depth + 1), ask.text(key, depth + 1) ?? RUNTIME_KEY);
}

function keyOf(ask: Ask, node: SyntaxNode, depth: number): string | undefined {
  const property = child(node, 'property');
  if (node['computed'] === true) return ask.text(property, depth + 1);
  return identifierName(property);
}
