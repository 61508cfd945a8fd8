/**
 * Looking at the callers (FAULTS 75): in a process of its own a plugin sees only itself, and the runtime's frames.
 */
import type { Rule } from '../rule.ts';
import { child, identifierName } from '../syntax.ts';
import { memberKey } from './member.ts';

/** Warns of code that looks at its callers. */
export const stackInspection: Rule = {
  id: 'STACK_INSPECTION',
  severity: 'warning',
  about: 'replaces Error.prepareStackTrace or reads arguments.callee',
  binds: 'it sees its own frames and the runtime’s, in its own process',
  looksAt: 'node',
  types: ['MemberExpression'],
  check: ({ node }, { meaning }) => {
    const key = memberKey(node, meaning, undefined);
    const isCallee = (key === 'callee' || key === 'caller') && identifierName(child(node, 'object')) === 'arguments';
    if (key !== 'prepareStackTrace' && !isCallee) return undefined;
    const name = isCallee ? `arguments.${key}` : 'Error.prepareStackTrace';
    return {
      start: node.start,
      message: `${name} looks at callers`,
      hint: 'Pass what the function needs as an argument.',
    };
  },
};
