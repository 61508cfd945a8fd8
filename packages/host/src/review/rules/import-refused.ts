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
  check: ({ specifier, node }, { asks }) => {
    if (specifier === undefined || !(isBuiltin(specifier) || specifier.startsWith('node:'))) return undefined;
    if (isAllowedBuiltin(specifier, asks)) return undefined;
    const message = `Forbidden import: ${specifier.replace(/^node:/, '')}`;
    const isForFiles = isAllowedBuiltin(specifier, ['temp_dir']);
    return { start: node.start, message, hint: isForFiles ? ASK_FOR_FILES : USE_OTHERS };
  },
};

const USE_OTHERS = `Use what the plugin's context gives, or one of ${ALLOWED_BUILTINS.join(', ')}.`;
const ASK_FOR_FILES =
  'Files are for a plugin that lists temp_dir in required_permissions, below context.tempDir and nowhere else.';
