/**
 * `with`, which makes a name mean whatever an object says (FAULTS 76). A module's syntax refuses it; CommonJS does not.
 */
import type { Rule } from '../rule.ts';

/** Refuses `with`. */
export const withStatement: Rule = {
  id: 'WITH_STATEMENT',
  severity: 'error',
  about: 'uses the with statement',
  binds: 'a module with it does not load: `LOAD_FAILED`',
  looksAt: 'node',
  types: ['WithStatement'],
  check: ({ node }) => ({
    start: node.start,
    message: 'Forbidden statement: with',
    hint: 'Name the object: `object.member`.',
  }),
};
