/**
 * A task may stand in any folder: what it imports of guard and of fast-check, and has not installed, is supplied by ours.
 */
import { registerHooks } from 'node:module';

const SUPPLIED = /^(?:@bulkhead\/guard(?:\/statistics)?|fast-check)$/;

/** Supplies them to every module that this process imports from now on; what a folder has installed stays its own. */
export function supplyPackages(): void {
  const guard = import.meta.resolve('@bulkhead/guard');
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      if (!SUPPLIED.test(specifier)) return nextResolve(specifier, context);
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // Guard may import itself by its name, and has fast-check.
        return nextResolve(specifier, { ...context, parentURL: guard });
      }
    },
  });
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_FOUND.includes(String(error.code));
}

const NOT_FOUND = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];
