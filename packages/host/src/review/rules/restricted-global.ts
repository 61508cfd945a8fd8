/**
 * Globals that the sandbox refuses or bounds at run time (FAULTS 18, 33, 73, 74): a plugin that needs them will not work
 * as its author expects.
 */
import type { Rule } from '../rule.ts';

const RESTRICTED: readonly string[] = ['Worker', 'SharedArrayBuffer', 'Atomics', 'WebAssembly'];

/** Warns of globals that the sandbox takes away or bounds. */
export const restrictedGlobal: Rule = {
  id: 'RESTRICTED_GLOBAL',
  severity: 'warning',
  about: 'uses Worker, SharedArrayBuffer, Atomics or WebAssembly, which the sandbox refuses or bounds',
  looksAt: 'node',
  check: (node, { meaning, scopes }) => {
    if (node.type !== 'Identifier' && node.type !== 'MemberExpression') return undefined;
    const parent = scopes.parentOf(node);
    // The names in `a.Worker`, `{ Worker: 1 }` and in types refer to nothing.
    if (node.type === 'Identifier' && parent !== undefined && isMereName(node, parent)) return undefined;
    const path = meaning.globalPath(node);
    const name = RESTRICTED.find((one) => path?.length === 1 && path[0] === one);
    if (name === undefined) return undefined;
    return {
      start: node.start,
      message: `${name} is refused or bounded by the sandbox`,
      hint: 'Do without it: a call has one thread and its memory limit.',
    };
  },
};

function isMereName(node: unknown, parent: { readonly type: string; readonly [key: string]: unknown }): boolean {
  if (parent.type.startsWith('TS')) return true;
  if (parent['computed'] === true) return false;
  if (parent.type === 'MemberExpression') return parent['property'] === node;
  return parent['key'] === node && parent['value'] !== node;
}
