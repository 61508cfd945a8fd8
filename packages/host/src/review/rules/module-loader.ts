/**
 * Other ways to the module loader (FAULTS 69, 72): createRequire, Module._load, module._compile, the constructor of
 * module, require.cache. Some names are nobody else's and count on any object; the others count on the global.
 */
import type { Rule } from '../rule.ts';
import { memberKey } from './member.ts';

const LOADER_NAMES: readonly string[] = [
  'createRequire',
  'createRequireFromPath',
  '_load',
  '_compile',
  '_resolveFilename',
];
const LOADER_PATHS: readonly string[] = [
  'module.constructor',
  'module.parent',
  'require.cache',
  'require.extensions',
  'require.main',
];

/** Refuses the loader’s own names and places. */
export const moduleLoader: Rule = {
  id: 'MODULE_LOADER',
  severity: 'error',
  about: 'reaches the module loader: createRequire, Module._load, module._compile, require.cache',
  binds: 'there is no loader to reach: it throws',
  looksAt: 'node',
  types: ['MemberExpression', 'Property'],
  check: ({ node, parent }, { meaning }) => {
    const key = memberKey(node, meaning, parent?.node);
    const path = node.type === 'MemberExpression' ? meaning.globalPath(node)?.join('.') : undefined;
    const found = LOADER_NAMES.find((name) => name === key) ?? LOADER_PATHS.find((name) => name === path);
    if (found === undefined) return undefined;
    return {
      start: node.start,
      message: `Forbidden access: ${found}`,
      hint: 'Import what is needed at the top of the file.',
    };
  },
};
