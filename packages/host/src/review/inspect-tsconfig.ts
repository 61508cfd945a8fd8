/**
 * Looks at a tsconfig.json only to say that what it refers to outside of the folder has no effect: no tsconfig of an
 * author's is honoured.
 */
import { evaluate, parse } from '@humanwhocodes/momoa';
import { isJsonObject, type Finding } from '@bulkhead/protocol';
import { posix } from 'node:path';

/** Returns a warning for each `extends` that leaves the plugin folder. */
export function inspectTsconfig(text: string): readonly Finding[] {
  const config = parseConfig(text);
  const extended = isJsonObject(config) ? config['extends'] : undefined;
  const paths: readonly unknown[] = Array.isArray(extended) ? extended : [extended];
  return paths
    .filter((path) => typeof path === 'string')
    .filter(leaves)
    .map(finding);
}

function parseConfig(text: string): unknown {
  if (text === '') return undefined;
  try {
    return evaluate(parse(text, { mode: 'jsonc', allowTrailingCommas: true }));
  } catch {
    return undefined; // It is not honoured, so its mistakes are the author's editor's to show.
  }
}

function leaves(path: string): boolean {
  return path.startsWith('/') || /^[a-z][a-z0-9+.-]*:/i.test(path) || /^\.\.(?:\/|$)/.test(posix.normalize(path));
}

function finding(path: string): Finding {
  return {
    id: 'BUNDLE_ESCAPES',
    severity: 'warning',
    path: 'tsconfig.json',
    line: null,
    message: `extends "${path.slice(0, 80)}", which is outside the plugin folder, and is not honoured`,
    hint: 'Write the options themselves; the bundle is made with the defaults of TypeScript in any case.',
  };
}
