/**
 * A sourceMappingURL that leaves the plugin folder. No map of an author's is ever read; a reference outside is refused
 * all the same, because other tools would follow it.
 */
import { posix } from 'node:path';
import type { Hit, Rule } from '../rule.ts';

const REFERENCE = /^\s*[#@]\s*sourceMappingURL\s*=\s*(\S+)/;

/** Refuses references to maps outside of the folder; comments only, never strings. */
export const sourceMapEscapes: Rule = {
  id: 'BUNDLE_ESCAPES',
  severity: 'error',
  about: 'names a source map outside the plugin folder',
  binds: 'nothing follows it: no file is there to open',
  looksAt: 'text',
  check: ({ comments, path }) => comments.flatMap(({ value, start }) => hitOf(REFERENCE.exec(value)?.[1], start, path)),
};

function hitOf(url: string | undefined, start: number, path: string): readonly Hit[] {
  if (url === undefined || !leaves(url, path)) return [];
  const shown = url.length > SHOWN_CHARACTERS ? `${url.slice(0, SHOWN_CHARACTERS)}…` : url;
  const message = `sourceMappingURL "${shown}" leaves the plugin folder`;
  return [{ start, message, hint: 'Remove the comment; the host makes its own source map.' }];
}

function leaves(url: string, path: string): boolean {
  if (/^data:/i.test(url)) return false; // It holds the map itself and points nowhere.
  if (/^(?:[\\/]|[a-z][a-z0-9+.-]*:)/i.test(url)) return true;
  const joined = posix.join(posix.dirname(path), decoded(url).replaceAll('\\', '/'));
  return joined === '..' || joined.startsWith('../');
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url; // Not percent-encoded, so it is what it says.
  }
}

const SHOWN_CHARACTERS = 80;
