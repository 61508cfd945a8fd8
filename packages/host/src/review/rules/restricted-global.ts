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
    const path = meaning.globalPath(node);
    const name = path?.length === 1 ? RESTRICTED.find((one) => path[0] === one) : undefined;
    if (name === undefined || isMereName(node, parent?.node)) return undefined;
    return {
      start: node.start,
      message: `${name} is refused or bounded by the sandbox`,
      hint: 'Do without it: a call has one thread and its memory limit.',
    };
  },
};
