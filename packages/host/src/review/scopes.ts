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
  /** Returns an identifier with what holds it; undefined for other nodes. */
  readonly placeOf: (identifier: SyntaxNode) => PlacedNode | undefined;
  /** Returns the binding that an identifier refers to, undefined where it is a global. */
  readonly bindingOf: (identifier: SyntaxNode) => Binding | undefined;
};

/** A part of the module with names of its own; `names` is undefined while nothing is declared in it. */
type Scope = {
  readonly outer: Scope | undefined;
  /** Whether a `var` inside holds in the whole of it. */
  readonly isFunction: boolean;
  names: Map<string, Binding> | undefined;
};

/** Goes through a module's nodes, the root first, and notes every declaration in its scope. */
export function createScopes(nodes: readonly PlacedNode[]): Scopes {
  const places = new Map<SyntaxNode, PlacedNode>(); // Identifiers alone: nothing else is looked for.
  const scopes: Scope[] = []; // Of the node with the same index: its own where it has one.
  const scopeAt = (placed: PlacedNode | undefined): Scope | undefined =>
    placed === undefined ? undefined : scopes[placed.index];
  for (const placed of nodes) {
    const around = scopeAt(placed.parent);
    const own = scopeOf(placed, around);
    scopes.push(own);
    if (placed.type === 'Identifier') places.set(placed.node, placed);
    for (const { name, binding, reach } of declarationsOf(placed)) declare(name, binding, reached(reach, own, around));
  }
  return {
    placeOf: (identifier) => places.get(identifier),
    bindingOf: (identifier) => {
      const name = identifierName(identifier);
      if (name === undefined) return undefined;
      for (let at = scopeAt(places.get(identifier)); at !== undefined; at = at.outer) {
        const found = at.names?.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** The scope that a node opens, or else the one that it stands in. */
function scopeOf({ type }: PlacedNode, around: Scope | undefined): Scope {
  if (around !== undefined && !BLOCKS.has(type)) return around;
  return { outer: around, isFunction: FUNCTION_SCOPES.has(type), names: undefined };
}

function reached(reach: Reach, own: Scope, around: Scope | undefined): Scope {
  if (reach === 'self') return own;
  let scope = around ?? own;
  while (reach === 'function' && !scope.isFunction && scope.outer !== undefined) scope = scope.outer;
  return scope;
}

function declare(name: string, binding: Binding, scope: Scope): void {
  scope.names ??= new Map();
  // Declared twice (`var`), it may be either.
  scope.names.set(name, scope.names.has(name) ? OPAQUE : binding);
}

const OPAQUE: Binding = { value: undefined, key: undefined };

/** Where a declaration holds: in the node itself, in the block around it, or in the whole function around it. */
type Reach = 'self' | 'block' | 'function';
type Declaration = { readonly name: string; readonly binding: Binding; readonly reach: Reach };

const FUNCTIONS: readonly string[] = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
const FUNCTION_SCOPES: ReadonlySet<string> = new Set([...FUNCTIONS, 'Program', 'StaticBlock', 'TSModuleBlock']);
const BLOCKS: ReadonlySet<string> = new Set([
  ...FUNCTION_SCOPES,
  'BlockStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'CatchClause',
  'ClassExpression',
]);
const NONE: readonly Declaration[] = [];

/** What each type of node declares; types that are not here declare nothing. */
const DECLARATIONS: ReadonlyMap<string, (node: SyntaxNode) => readonly Declaration[]> = new Map([
  ['VariableDeclaration', variables],
  ['FunctionDeclaration', (node) => [...named(node, 'block'), ...parameters(node)]],
  ['FunctionExpression', (node) => [...named(node, 'self'), ...parameters(node)]],
  ['ArrowFunctionExpression', parameters],
  ['ClassExpression', (node) => named(node, 'self')],
  ['ClassDeclaration', (node) => named(node, 'block')],
  ['TSEnumDeclaration', (node) => named(node, 'block')],
  ['TSModuleDeclaration', (node) => named(node, 'block')],
  ['TSImportEqualsDeclaration', (node) => named(node, 'block')],
  ['CatchClause', (node) => opaque(patternNames(child(node, 'param')), 'self')],
  ['ImportDeclaration', imports],
]);

function declarationsOf({ node, type }: PlacedNode): readonly Declaration[] {
  const declarations = DECLARATIONS.get(type);
  if (declarations === undefined || node['declare'] === true || node['importKind'] === 'type') return NONE;
  return declarations(node);
}

function imports(node: SyntaxNode): readonly Declaration[] {
  return children(node, 'specifiers').flatMap((specifier) =>
    specifier['importKind'] === 'type' ? [] : opaque(patternNames(child(specifier, 'local')), 'block'),
  );
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
