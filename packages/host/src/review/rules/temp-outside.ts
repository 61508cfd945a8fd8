/**
 * Temporary files in a place that all share (F000-46): nobody removes them, and no quota counts them. A plugin's own place
 * is `context.tempDir`, which goes with its instance.
 */
import type { Rule } from '../rule.ts';
import { child, type SyntaxNode } from '../syntax.ts';
import type { Meaning } from '../meaning.ts';
import { memberKey } from './member.ts';

const SHARED_FOLDER = /^\/(?:tmp|var\/tmp|dev\/shm)(?:\/|$)/;
const VARIABLES: readonly string[] = ['process.env.TMPDIR', 'process.env.TEMP', 'process.env.TMP'];

/** Warns of folders for temporary files other than the plugin’s own. */
export const tempOutside: Rule = {
  id: 'TEMP_OUTSIDE',
  severity: 'warning',
  about: 'names a shared temporary folder (/tmp, os.tmpdir) instead of `context.tempDir`',
  binds: 'no file is there to open: `IMPORT_REFUSED`',
  looksAt: 'node',
  types: ['Literal', 'TemplateElement', 'MemberExpression', 'CallExpression'],
  check: ({ node, parent }, { meaning }) => {
    const folder = parent?.type.startsWith('TS') === true ? undefined : sharedFolder(node, meaning);
    if (folder === undefined) return undefined;
    return {
      start: node.start,
      message: `${folder} is no place of this plugin's`,
      hint: 'Ask for the permission temp_dir and write below context.tempDir, which is removed with the instance.',
    };
  },
};

function sharedFolder(node: SyntaxNode, meaning: Meaning): string | undefined {
  switch (node.type) {
    case 'Literal':
    case 'TemplateElement': {
      const written = textOf(node);
      return SHARED_FOLDER.test(written) ? `"${written.slice(0, SHOWN_CHARACTERS)}"` : undefined;
    }
    case 'MemberExpression':
      return VARIABLES.find((name) => name === meaning.globalPath(node)?.join('.'));
    case 'CallExpression': {
      const callee = child(node, 'callee');
      return callee?.type === 'MemberExpression' && memberKey(callee, meaning, undefined) === 'tmpdir'
        ? 'os.tmpdir()'
        : undefined;
    }
    default:
      return undefined;
  }
}

const SHOWN_CHARACTERS = 40;

/** A string, or the fixed part of a template; ESTree has the latter's text one level down. */
function textOf(node: SyntaxNode): string {
  const value = node['value'];
  if (typeof value === 'string') return value;
  const { cooked } = typeof value === 'object' && value !== null ? (value as { readonly cooked?: unknown }) : {};
  return typeof cooked === 'string' ? cooked : '';
}
