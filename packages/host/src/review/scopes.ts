/**
 * Which names of a module are its own, so that `function process(text) {}` is not mistaken for Node's process, and which
 * constants stand for something else, so that `const p = process` is.
 *
 * It errs on the side of "global": what only TypeScript sees (`declare`, type imports) declares nothing at run time.
 */
import { child, children, identifierName, type PlacedNode, type SyntaxNode } from './syntax.ts';

/** What a name was declared as: with `value`, it is that expression, or the member `key` of it. */
export type Binding = { readonly value: SyntaxNode | undefined; readonly key: string | undefined };

/** What can be asked about the names of one module. */
export type Scopes = {
  readonly parentOf: (node: SyntaxNode) => SyntaxNode | undefined;
  /** Returns the binding that an identifier refers to, undefined where it is a global. */
  readonly bindingOf: (identifier: SyntaxNode) => Binding | undefined;
};

/** Goes through a module's nodes, the root first, and notes every declaration in its scope. */
export function createScopes(nodes: readonly PlacedNode[]): Scopes {
  const root = nodes[0]?.node;
  const parents = new Map<SyntaxNode, SyntaxNode | undefined>();
  const scopes = new Map<SyntaxNode, Map<string, Binding>>();
  const declare = (name: string, binding: Binding, scope: SyntaxNode): void => {
    const names = scopes.get(scope) ?? new Map<string, Binding>();
    // Declared twice (`var`), it may be either.
    names.set(name, names.has(name) ? OPAQUE : binding);
    scopes.set(scope, names);
  };
  for (const { node, parent } of nodes) {
    parents.set(node, parent);
    for (const { name, binding, reach } of declarationsOf(node)) {
      const scope = scopeFor(node, reach, parents) ?? root;
      if (scope !== undefined) declare(name, binding, scope);
    }
  }
  return {
    parentOf: (node) => parents.get(node),
    bindingOf: (identifier) => {
      const name = identifierName(identifier);
      if (name === undefined) return undefined;
      for (let at: SyntaxNode | undefined = identifier; at !== undefined; at = parents.get(at)) {
        const found = scopes.get(at)?.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

const OPAQUE: Binding = { value: undefined, key: undefined };

/** Where a declaration holds: in the node itself, in the block around it, or in the whole function around it. */
type Reach = 'self' | 'block' | 'function';
type Declaration = { readonly name: string; readonly binding: Binding; readonly reach: Reach };

const FUNCTIONS: readonly string[] = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
const BLOCKS: readonly string[] = [
  ...FUNCTIONS,
  'Program',
  'BlockStatement',
  'StaticBlock',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'CatchClause',
  'ClassExpression',
  'TSModuleBlock',
];

function scopeFor(
  node: SyntaxNode,
  reach: Reach,
  parents: ReadonlyMap<SyntaxNode, SyntaxNode | undefined>,
): SyntaxNode | undefined {
  if (reach === 'self') return node;
  const types = reach === 'function' ? [...FUNCTIONS, 'Program', 'StaticBlock', 'TSModuleBlock'] : BLOCKS;
  let at = parents.get(node);
  while (at !== undefined && !types.includes(at.type)) at = parents.get(at);
  return at;
}

function declarationsOf(node: SyntaxNode): readonly Declaration[] {
  if (node['declare'] === true || node['importKind'] === 'type') return [];
  switch (node.type) {
    case 'VariableDeclaration':
      return variables(node);
    case 'FunctionDeclaration':
      return [...named(node, 'block'), ...parameters(node)];
    case 'FunctionExpression':
      return [...named(node, 'self'), ...parameters(node)];
    case 'ArrowFunctionExpression':
      return parameters(node);
    case 'ClassExpression':
      return named(node, 'self');
    case 'ClassDeclaration':
    case 'TSEnumDeclaration':
    case 'TSModuleDeclaration':
    case 'TSImportEqualsDeclaration':
      return named(node, 'block');
    case 'CatchClause':
      return opaque(patternNames(child(node, 'param')), 'self');
    case 'ImportDeclaration':
      return children(node, 'specifiers').flatMap((specifier) =>
        specifier['importKind'] === 'type' ? [] : opaque(patternNames(child(specifier, 'local')), 'block'),
      );
    default:
      return [];
  }
}

function opaque(names: readonly string[], reach: Reach): readonly Declaration[] {
  return names.map((name) => ({ name, binding: OPAQUE, reach }));
}

function named(node: SyntaxNode, reach: Reach): readonly Declaration[] {
  return opaque(patternNames(child(node, 'id')), reach);
}

function parameters(node: SyntaxNode): readonly Declaration[] {
  return opaque(children(node, 'params').flatMap(patternNames), 'self');
}

function variables(node: SyntaxNode): readonly Declaration[] {
  const reach = node['kind'] === 'var' ? 'function' : 'block';
  // Only a constant still is what it was declared as.
  const isConstant = node['kind'] === 'const';
  return children(node, 'declarations').flatMap((declarator) => {
    const id = child(declarator, 'id');
    const value = isConstant ? child(declarator, 'init') : undefined;
    const name = identifierName(id);
    if (name !== undefined) return [{ name, binding: { value, key: undefined }, reach } as const];
    const members = id?.type === 'ObjectPattern' ? children(id, 'properties') : [];
    const direct = members.flatMap((member) => memberDeclaration(member, value, reach));
    const rest = patternNames(id).filter((found) => !direct.some((declaration) => declaration.name === found));
    return [...direct, ...opaque(rest, reach)];
  });
}

/** `const { key: name } = value`. */
function memberDeclaration(member: SyntaxNode, value: SyntaxNode | undefined, reach: Reach): readonly Declaration[] {
  const key = child(member, 'key');
  const target = child(member, 'value');
  const name = identifierName(target?.type === 'AssignmentPattern' ? child(target, 'left') : target);
  if (name === undefined || key === undefined || value === undefined) return [];
  const isPlain = member['computed'] !== true && key.type === 'Identifier';
  const written = isPlain ? key['name'] : key['value'];
  return typeof written === 'string' ? [{ name, binding: { value, key: written }, reach }] : [];
}

/** Lists the names that a pattern binds. */
export function patternNames(pattern: SyntaxNode | undefined): readonly string[] {
  const names: string[] = [];
  const pending: SyntaxNode[] = pattern === undefined ? [] : [pattern];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const name = identifierName(node);
    if (name !== undefined) names.push(name);
    else pending.push(...partsOfPattern(node));
  }
  return names;
}

function partsOfPattern(node: SyntaxNode): readonly SyntaxNode[] {
  const part = (key: string): readonly SyntaxNode[] => {
    const found = child(node, key);
    return found === undefined ? [] : [found];
  };
  switch (node.type) {
    case 'ObjectPattern':
      return children(node, 'properties');
    case 'ArrayPattern':
      return children(node, 'elements');
    case 'Property':
      return part('value');
    case 'AssignmentPattern':
      return part('left');
    case 'RestElement':
      return part('argument');
    case 'TSParameterProperty':
      return part('parameter');
    default:
      return [];
  }
}
