/**
 * Text made into code (FAULTS 71; X003-4): eval, Function, its asynchronous and generator relatives, which have no name
 * and are reached through `constructor`.
 */
import type { Rule } from '../rule.ts';
import { child, children, unwrap, type SyntaxNode } from '../syntax.ts';
import type { Meaning } from '../meaning.ts';
import { memberKey } from './member.ts';

const EVALUATORS: readonly string[] = ['eval', 'Function'];
const CALLS: readonly string[] = ['CallExpression', 'NewExpression', 'TaggedTemplateExpression'];

/** Refuses evaluators and the constructors of functions, however they are reached. */
export const codeGeneration: Rule = {
  id: 'CODE_GENERATION',
  severity: 'error',
  about: 'makes text into code: eval, Function, or a function’s constructor',
  binds: 'refused by V8: `ACCESS_REFUSED`',
  looksAt: 'node',
  types: [...CALLS, 'VariableDeclarator', 'MemberExpression', 'Property'],
  check: ({ node, parent }, { meaning }) => {
    const name = evaluatorIn(node, meaning) ?? constructorIn(node, meaning, parent?.node);
    if (name === undefined) return undefined;
    return {
      start: node.start,
      message: `Forbidden builtin call: ${name}`,
      hint: 'Write the code itself; the sandbox refuses to make code from text.',
    };
  },
};

const FORMS_OF_FUNCTION: readonly string[] = ['call', 'apply', 'bind', 'constructor', 'prototype.constructor'].map(
  (form) => `Function.${form}`,
);
const FORMS_OF_EVAL: readonly string[] = ['eval.call', 'eval.apply', 'eval.bind'];
const REFLECTED: readonly string[] = ['Reflect.construct', 'Reflect.apply'];

/** A call of a named evaluator, or its being handed on under another name (`const e = eval`, `f(eval)`). */
function evaluatorIn(node: SyntaxNode, meaning: Meaning): string | undefined {
  if (node.type === 'VariableDeclarator') return evaluatorAt(meaning.globalPath(child(node, 'init')));
  if (!CALLS.includes(node.type)) return undefined;
  const path = meaning.globalPath(child(node, 'callee') ?? child(node, 'tag'));
  const written = path?.join('.') ?? '';
  if (FORMS_OF_FUNCTION.includes(written)) return 'Function';
  if (FORMS_OF_EVAL.includes(written)) return 'eval';
  return evaluatorAt(path) ?? handedOn(node, written, meaning);
}

function evaluatorAt(path: readonly string[] | undefined): string | undefined {
  return EVALUATORS.find((name) => path?.length === 1 && path[0] === name);
}

/** `f(eval)` hands on nothing but eval; Function is also a value to compare with, so it counts in Reflect's calls only. */
function handedOn(node: SyntaxNode, callee: string, meaning: Meaning): string | undefined {
  const names = children(node, 'arguments').map((argument) => evaluatorAt(meaning.globalPath(argument)));
  if (names.includes('eval')) return 'eval';
  return REFLECTED.includes(callee) ? names.find((name) => name !== undefined) : undefined;
}

/**
 * `f.constructor` is Function whenever f is a function. What is certain is an error: taken from a constructor, from a
 * function, from a method of a literal, out of a pattern; or called with text.
 */
function constructorIn(node: SyntaxNode, meaning: Meaning, parent: SyntaxNode | undefined): string | undefined {
  if (memberKey(node, meaning, parent) !== 'constructor') return undefined;
  if (node.type === 'Property') return 'constructor'; // No honest code takes it out of a pattern.
  const object = unwrap(child(node, 'object'));
  const isCertain = object !== undefined && isFunctionValue(object, meaning);
  return isCertain || isCalledWithText(node, meaning, parent) ? 'constructor' : undefined;
}

const FUNCTIONS: readonly string[] = ['FunctionExpression', 'ArrowFunctionExpression', 'ClassExpression'];
const LITERALS: readonly string[] = ['ArrayExpression', 'Literal', 'TemplateLiteral', 'ObjectExpression'];
const PROTOTYPE_OF: readonly string[] = ['Object.getPrototypeOf', 'Reflect.getPrototypeOf'];

function isFunctionValue(object: SyntaxNode, meaning: Meaning): boolean {
  if (FUNCTIONS.includes(object.type)) return true;
  if (object.type === 'CallExpression') {
    const callee = meaning.globalPath(child(object, 'callee'))?.join('.') ?? '';
    const of = unwrap(children(object, 'arguments')[0]);
    return PROTOTYPE_OF.includes(callee) && of !== undefined && FUNCTIONS.includes(of.type);
  }
  if (object.type !== 'MemberExpression') return false;
  if (memberKey(object, meaning, undefined) === 'constructor') return true;
  return LITERALS.includes(unwrap(child(object, 'object'))?.type ?? '');
}

/** `x.constructor("return process")`; an honest call of a constructor is `new x.constructor(…)`. */
function isCalledWithText(node: SyntaxNode, meaning: Meaning, parent: SyntaxNode | undefined): boolean {
  if (parent?.type !== 'CallExpression' || child(parent, 'callee') !== node) return false;
  return children(parent, 'arguments').some((argument) => meaning.textOf(argument) !== undefined);
}
