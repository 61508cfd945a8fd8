/**
 * Memory sized by what a caller sent (F000-45): one number in a request would decide how much is allocated. A value counts
 * as bounded where its schema has a maximum, where it is compared with something, and inside Math.min.
 */
import { boundedIn, paramsName } from '../untrusted-params.ts';
import type { Meaning } from '../meaning.ts';
import type { Rule } from '../rule.ts';
import { child, children, identifierName, unwrap, type SyntaxNode } from '../syntax.ts';
import { memberKey } from './member.ts';

const TYPED_ARRAYS: readonly string[] = [
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
];
/** Globals whose first argument is a size. */
const SIZED: readonly string[] = [
  ...['Array', 'ArrayBuffer', 'SharedArrayBuffer', ...TYPED_ARRAYS],
  ...['Buffer.alloc', 'Buffer.allocUnsafe', 'Buffer.allocUnsafeSlow'],
];
/** Methods whose first argument is a size, on whatever object. */
const SIZED_METHODS: readonly string[] = ['repeat', 'padStart', 'padEnd', 'randomBytes'];

/** Warns of sizes that come from a call's parameters and have no bound. */
export const sizeUnbounded: Rule = {
  id: 'SIZE_UNBOUNDED',
  severity: 'warning',
  about: 'allocates or repeats as much as a parameter of the call says, without a bound',
  binds: 'the memory limit: `GUEST_OUT_OF_MEMORY`, or V8’s own refusal',
  looksAt: 'node',
  types: ['CallExpression', 'NewExpression'],
  check: ({ node }, module) => {
    const sized = sizedBy(node, module.meaning);
    const name = sized === undefined ? undefined : paramsName(sized.size, module);
    if (sized === undefined || name === undefined || boundedIn(name, module)) return undefined;
    return {
      start: node.start,
      message: `${sized.by} is sized by the parameter "${name}", which has no bound`,
      hint: `Give "${name}" a maximum in the tool's schema, or write Math.min(${name}, …).`,
    };
  },
};

function sizedBy(
  node: SyntaxNode,
  meaning: Meaning,
): { readonly by: string; readonly size: SyntaxNode | undefined } | undefined {
  const callee = unwrap(child(node, 'callee'));
  if (callee === undefined) return undefined;
  const [first, ...more] = children(node, 'arguments');
  const path = meaning.globalPath(callee)?.join('.') ?? '';
  // `new Array(a, b)` has two items, whatever they are.
  if (SIZED.includes(path)) return path === 'Array' && more.length > 0 ? undefined : { by: path, size: first };
  if (path === 'Array.from') return { by: path, size: lengthIn(unwrap(first), meaning) };
  const key = memberKey(callee, meaning, undefined) ?? identifierName(callee);
  const method = SIZED_METHODS.find((name) => name === key);
  return method === undefined ? undefined : { by: method, size: first };
}

function lengthIn(object: SyntaxNode | undefined, meaning: Meaning): SyntaxNode | undefined {
  const properties = object?.type === 'ObjectExpression' ? children(object, 'properties') : [];
  return child(
    properties.find(
      (property) => (identifierName(child(property, 'key')) ?? meaning.textOf(child(property, 'key'))) === 'length',
    ),
    'value',
  );
}
