/**
 * Which values of a module come from a caller's parameters, as far as its text tells, and whether anything bounds them.
 * It errs on the side of silence: what passes through a function of the module's own is not followed.
 */
import type { ParsedModule } from './rule.ts';
import { memberKey } from './rules/member.ts';
import { patternNames } from './scopes.ts';
import { child, children, identifierName, unwrap, type PlacedNode, type SyntaxNode } from './syntax.ts';

/** Members that hold what a host calls with a caller's parameters. */
const TOOL_MEMBERS: readonly string[] = ['execute', 'handle', 'generate'];
/** What parameters are called, in whatever function. */
const PARAMS_NAMES: readonly string[] = ['params', 'parameters'];
const FUNCTIONS: readonly string[] = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
/** What is measured is there already, and was bounded when it came. */
const MEASURES: readonly string[] = ['length', 'byteLength', 'size'];
/** Functions that pass a number on as large as it is. */
const PASSING: readonly string[] = [
  ...['Number', 'parseInt', 'parseFloat', 'Number.parseInt', 'Number.parseFloat'],
  ...['Math.floor', 'Math.ceil', 'Math.round', 'Math.trunc', 'Math.abs', 'Math.max'],
];
/** Operators whose result may be as large as their operands. */
const GROWING: readonly string[] = ['+', '-', '*', '/', '**', '<<', '??', '||'];
const DEPTH_MAX = 16;

/** Returns the name of the parameter that a number comes from, undefined where it comes from elsewhere. */
export function paramsName(expression: SyntaxNode | undefined, module: ParsedModule, depth = 0): string | undefined {
  const node = unwrap(expression);
  if (node === undefined || depth > DEPTH_MAX) return undefined;
  const next = (part: SyntaxNode | undefined): string | undefined => paramsName(part, module, depth + 1);
  switch (node.type) {
    case 'Identifier':
      return nameOfIdentifier(node, module, depth);
    case 'MemberExpression': {
      const key = memberKey(node, module.meaning, undefined);
      if (key !== undefined && MEASURES.includes(key)) return undefined;
      const owner = next(child(node, 'object'));
      return owner === undefined ? undefined : (key ?? owner);
    }
    case 'UnaryExpression':
      return next(child(node, 'argument'));
    case 'BinaryExpression':
    case 'LogicalExpression':
      if (!GROWING.includes(String(node['operator']))) return undefined;
      return next(child(node, 'left')) ?? next(child(node, 'right'));
    case 'CallExpression': {
      const callee = module.meaning.globalPath(child(node, 'callee'))?.join('.') ?? '';
      return PASSING.includes(callee)
        ? children(node, 'arguments')
            .map(next)
            .find((name) => name !== undefined)
        : undefined;
    }
    default:
      return undefined;
  }
}

function nameOfIdentifier(node: SyntaxNode, module: ParsedModule, depth: number): string | undefined {
  const name = identifierName(node) ?? '';
  const binding = module.scopes.bindingOf(node);
  if (binding === undefined) return undefined; // A global.
  if (binding.value !== undefined) {
    const owner = paramsName(binding.value, module, depth + 1);
    return owner === undefined || (binding.key !== undefined && MEASURES.includes(binding.key))
      ? undefined
      : (binding.key ?? owner);
  }
  return isToolParameter(name, node, module) ? name : undefined;
}

/** Looks outwards for the function that has a parameter of this name. */
function isToolParameter(name: string, from: SyntaxNode, module: ParsedModule): boolean {
  for (let at = module.scopes.placeOf(from)?.parent; at !== undefined; at = at.parent) {
    if (!FUNCTIONS.includes(at.type) || !children(at.node, 'params').flatMap(patternNames).includes(name)) continue;
    return PARAMS_NAMES.includes(name) || isToolFunction(at, module);
  }
  return false;
}

/** `{ execute(…) {} }`, `{ execute: (…) => … }`, and `function f(…) {}` with `{ execute: f }`. */
function isToolFunction({ node, parent }: PlacedNode, module: ParsedModule): boolean {
  const holder = parent?.node;
  if (isToolMember(holder)) return true;
  const name = identifierName(
    child(node, 'id') ?? (holder?.type === 'VariableDeclarator' ? child(holder, 'id') : undefined),
  );
  return (
    name !== undefined &&
    module.nodes.some(
      ({ node: other }) => isToolMember(other) && identifierName(unwrap(child(other, 'value'))) === name,
    )
  );
}

function isToolMember(node: SyntaxNode | undefined): boolean {
  const key = node?.['computed'] === true ? undefined : identifierName(child(node, 'key'));
  return key !== undefined && TOOL_MEMBERS.includes(key);
}

const COMPARISONS: readonly string[] = ['<', '<=', '>', '>=', '===', '!=='];
/** How JSON Schema, zod, valibot and arktype write an upper bound. */
const BOUND = /\b(?:maximum|exclusiveMaximum|enum|const|max|maxValue|max_value|lt|lte|literal|picklist)\b|<=?\s*\d/;

/**
 * Tells whether anything in the module bounds a parameter: a schema's field of its name with an upper bound, or a
 * comparison of it. Which place it guards is not asked, so an honest check anywhere counts.
 */
export function boundedIn(name: string, module: ParsedModule): boolean {
  const mentions = new RegExp(`(?<![\\w$])${name.replaceAll('$', String.raw`\$`)}(?![\\w$])`);
  return module.nodes.some(({ node }) => {
    const value = node.type === 'Property' ? unwrap(child(node, 'value')) : undefined;
    if (value !== undefined && keyText(node) === name && value.type !== 'Identifier')
      return BOUND.test(textIn(value, module));
    return (
      node.type === 'BinaryExpression' &&
      COMPARISONS.includes(String(node['operator'])) &&
      mentions.test(textIn(node, module))
    );
  });
}

function keyText(property: SyntaxNode): string | undefined {
  const key = child(property, 'key');
  return identifierName(key) ?? (typeof key?.['value'] === 'string' ? key['value'] : undefined);
}

function textIn(node: SyntaxNode, { text }: ParsedModule): string {
  return text.slice(node.start, node.end);
}
