/**
 * The shape `[][k][k](…)`: two members in a row whose names only running tells, then called. It is how a constructor
 * chain looks when its text is hidden (FAULTS 71), and also how some honest tables look: a warning.
 */
import type { Rule } from '../rule.ts';
import { child, unwrap, type SyntaxNode } from '../syntax.ts';
import type { Meaning } from '../meaning.ts';

const VALUES: readonly string[] = [
  'ArrayExpression',
  'Literal',
  'TemplateLiteral',
  'ObjectExpression',
  'FunctionExpression',
  'ArrowFunctionExpression',
];

/** Warns of a constructor chain whose text is hidden. */
export const constructorRuntimeKey: Rule = {
  id: 'CONSTRUCTOR_RUNTIME_KEY',
  severity: 'warning',
  about: 'calls a member of a member, both known only at run time',
  binds: 'where it makes code, refused by V8: `ACCESS_REFUSED`',
  looksAt: 'node',
  types: ['CallExpression', 'NewExpression'],
  check: ({ node }, { meaning }) => {
    const outer = unwrap(child(node, 'callee'));
    const inner = unwrap(child(outer, 'object'));
    if (!isRuntimeMember(outer, meaning)) return undefined;
    const isChain = isRuntimeMember(inner, meaning) || VALUES.includes(inner?.type ?? '');
    if (!isChain) return undefined;
    const message = 'a member that is known only at run time is called; it could be a function’s constructor';
    return { start: node.start, message, hint: 'Choose among named functions, for example with a Map.' };
  },
};

function isRuntimeMember(node: SyntaxNode | undefined, meaning: Meaning): boolean {
  return (
    node?.type === 'MemberExpression' &&
    node['computed'] === true &&
    meaning.textOf(child(node, 'property')) === undefined
  );
}
