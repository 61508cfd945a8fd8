/**
 * `this` outside of any function (FAULTS 75): undefined in a module, so nearly always a mistake.
 */
import type { Rule } from '../rule.ts';

const OWN_THIS: readonly string[] = [
  'FunctionDeclaration',
  'FunctionExpression',
  'StaticBlock',
  'PropertyDefinition',
  'AccessorProperty',
];

/** Warns of `this` where it is undefined. */
export const topLevelThis: Rule = {
  id: 'THIS_TOP_LEVEL',
  severity: 'warning',
  about: 'uses `this` at the top level of an ES module',
  binds: 'it is undefined',
  looksAt: 'node',
  types: ['ThisExpression'],
  check: ({ node, parent }, { isEsModule }) => {
    if (!isEsModule) return undefined;
    for (let at = parent; at !== undefined; at = at.parent) {
      if (OWN_THIS.includes(at.type)) return undefined;
    }
    return {
      start: node.start,
      message: '`this` is undefined at the top level of a module',
      hint: 'Write globalThis where the global object is meant.',
    };
  },
};
