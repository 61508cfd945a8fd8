/**
 * Built-in modules that reach beyond computation (FAULTS 67, 72, 77; F003-28). Default deny: what is not on the list of
 * protocol's builtins is refused, also a name that this Node does not know yet.
 */
import { ALLOWED_BUILTINS, isAllowedBuiltin } from '@bulkhead/protocol';
import { isBuiltin } from 'node:module';
import type { Rule } from '../rule.ts';

/** Refuses built-in modules beyond the list. */
export const importRefused: Rule = {
  id: 'IMPORT_REFUSED',
  severity: 'error',
  about: 'imports a built-in module that the sandbox does not give',
  binds: 'refused by the loader: `IMPORT_REFUSED`',
  looksAt: 'request',
  check: ({ specifier, node }) => {
    if (specifier === undefined || !(isBuiltin(specifier) || specifier.startsWith('node:'))) return undefined;
    if (isAllowedBuiltin(specifier)) return undefined;
    const message = `Forbidden import: ${specifier.replace(/^node:/, '')}`;
    return {
      start: node.start,
      message,
      hint: `Use what the plugin's context gives, or one of ${ALLOWED_BUILTINS.join(', ')}.`,
    };
  },
};
