/**
 * Imports whose module only running tells (FAULTS 68): nothing that is not in the bundle can be loaded, so such an
 * import is either dead or an attempt.
 */
import type { Rule } from '../rule.ts';

/** Refuses specifiers that the text does not tell. */
export const importDynamic: Rule = {
  id: 'IMPORT_DYNAMIC',
  severity: 'error',
  about: 'imports or requires a module whose name is known only at run time',
  binds: 'refused by the loader: `IMPORT_REFUSED`',
  looksAt: 'request',
  check: ({ specifier, form, node }) => {
    if (specifier !== undefined) return undefined;
    const what = form === 'require' ? 'require' : 'import';
    return {
      start: node.start,
      message: `Forbidden ${what}: its module is known only at run time`,
      hint: 'Write the specifier as a plain string; to choose among modules, import each and choose among the results.',
    };
  },
};
