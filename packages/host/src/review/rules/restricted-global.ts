/**
 * Globals that the sandbox refuses or bounds at run time (FAULTS 18, 33, 73, 74): a plugin that needs them will not work
 * as its author expects.
 */
import type { Rule } from '../rule.ts';
import { isMereName } from './member.ts';

const RESTRICTED: readonly string[] = ['Worker', 'SharedArrayBuffer', 'Atomics', 'WebAssembly'];

/** Warns of globals that the sandbox takes away or bounds. */
export const restrictedGlobal: Rule = {
  id: 'RESTRICTED_GLOBAL',
  severity: 'warning',
  about: 'uses Worker, SharedArrayBuffer, Atomics or WebAssembly, which the sandbox refuses or bounds',
  binds: 'absent, refused, or within the memory limit',
  looksAt: 'node',
  types: ['Identifier', 'MemberExpression'],
  check: ({ node, parent }, { meaning }) => {
    if (isMereName(node, parent?.node)) return undefined;
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
