/**
 * Which names are local: declared in a function or a block, so that another name would mean the same program. Names of the top level are
 * how others call a program, and names of properties belong to objects; neither is local.
 */

/** A node of the parser, in ESTree form. */
export type SyntaxNode = { readonly type: string; readonly [key: string]: unknown };

/** Local names of one scope, with the scope around it; numbers are given out where a name is first met. */
export type Scope = { readonly names: Map<string, number | undefined>; readonly outer: Scope | undefined };

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
const BLOCKS = ['BlockStatement', 'StaticBlock', 'SwitchStatement', 'ForStatement', 'ForInStatement', 'ForOfStatement'];

/** The scope that a node opens, or the one around it where it opens none. */
export function scopeOf(node: SyntaxNode, outer: Scope | undefined): Scope | undefined {
  const names = declaredBy(node);
  return names === undefined ? outer : { names: new Map(names.map((name) => [name, undefined])), outer };
}

/** The innermost scope that declares a name; undefined where it is of the top level, or nobody's. */
export function declaringScope(name: string, scope: Scope | undefined): Scope | undefined {
  for (let at = scope; at !== undefined; at = at.outer) if (at.names.has(name)) return at;
  return undefined;
}

/** Tells whether a value is a node. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The nodes that a node holds, in the order of its keys. */
function parts(node: SyntaxNode): readonly SyntaxNode[] {
  return Object.values(node).flatMap((value) =>
    (Array.isArray(value) ? value : [value]).filter((item) => isNode(item)),
  );
}

function declaredBy(node: SyntaxNode): readonly string[] | undefined {
  if (FUNCTIONS.includes(node.type)) {
    const own = node.type === 'FunctionExpression' ? namesOf(node['id']) : [];
    const parameters = Array.isArray(node['params']) ? node['params'] : [];
    return [...own, ...parameters.flatMap((parameter) => namesOf(parameter)), ...hoisted(node['body'])];
  }
  if (node.type === 'CatchClause') return namesOf(node['param']);
  if (node.type === 'ClassExpression') return namesOf(node['id']);
  if (BLOCKS.includes(node.type)) return blockNames(node);
  return undefined;
}

/** Names of let, const, class and function that stand directly in a block, in a case of a switch, or in the head of a loop. */
function blockNames(node: SyntaxNode): readonly string[] {
  const statements = parts(node).flatMap((part) => (part.type === 'SwitchCase' ? parts(part) : [part]));
  return statements.flatMap((statement) => {
    if (statement.type === 'VariableDeclaration') return statement['kind'] === 'var' ? [] : declaratorNames(statement);
    return ['FunctionDeclaration', 'ClassDeclaration'].includes(statement.type) ? namesOf(statement['id']) : [];
  });
}

/** Names of var anywhere in a function, but not in functions within it. */
function hoisted(value: unknown): readonly string[] {
  if (!isNode(value) || FUNCTIONS.includes(value.type)) return [];
  const own = value.type === 'VariableDeclaration' && value['kind'] === 'var' ? declaratorNames(value) : [];
  return [...own, ...parts(value).flatMap((part) => hoisted(part))];
}

function declaratorNames(declaration: SyntaxNode): readonly string[] {
  return parts(declaration).flatMap((declarator) => namesOf(declarator['id']));
}

/** The names that a pattern binds. */
function namesOf(value: unknown): readonly string[] {
  if (!isNode(value)) return [];
  switch (value.type) {
    case 'Identifier':
      return [String(value['name'])];
    case 'AssignmentPattern':
      return namesOf(value['left']);
    case 'RestElement':
      return namesOf(value['argument']);
    case 'Property':
      return namesOf(value['value']);
    case 'TSParameterProperty':
      return namesOf(value['parameter']);
    default:
      return ['ObjectPattern', 'ArrayPattern'].includes(value.type)
        ? parts(value).flatMap((part) => namesOf(part))
        : [];
  }
}
