/**
 * Imports that leave the plugin folder (FAULTS 68): absolute paths, URLs, and steps above the folder. Nothing outside
 * the folder is ever read, whoever may read it.
 */
import { posix } from 'node:path';
import type { ModuleRequest } from '../module-requests.ts';
import type { Rule } from '../rule.ts';

/** Refuses specifiers that lead out of the folder. */
export const importEscapes: Rule = {
  id: 'BUNDLE_ESCAPES',
  severity: 'error',
  about: 'imports an absolute path, a URL, or a path above the plugin folder',
  binds: 'refused by the loader: `IMPORT_REFUSED`',
  looksAt: 'request',
  check: ({ specifier, node }: ModuleRequest, { path }) => {
    if (specifier === undefined || !isEscape(specifier, path)) return undefined;
    return {
      start: node.start,
      message: `Forbidden import: "${clipped(specifier)}" leaves the plugin folder`,
      hint: 'Copy the file into the plugin folder and import it by a relative path.',
    };
  },
};

function isEscape(specifier: string, importer: string): boolean {
  if (/^\.\.?(?:[\\/]|$)/.test(specifier)) {
    return /^\.\.(?:\/|$)/.test(posix.join(posix.dirname(importer), specifier.replaceAll('\\', '/')));
  }
  if (specifier.startsWith('node:')) return false;
  // An absolute path of either system, or a URL: file:, data:, blob:, http:, and whatever else has a scheme.
  return /^(?:[\\/]|[a-z][a-z0-9+.-]*:)/i.test(specifier);
}

function clipped(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

const SHOWN_CHARACTERS = 80;
