/**
 * Members of process, globalThis, module or require whose name only running tells: any of the forbidden ones could be
 * meant (FAULTS 70).
 */
import { RUNTIME_KEY } from '../meaning.ts';
import type { Rule } from '../rule.ts';

const OWNERS: readonly string[] = ['', 'process', 'module', 'require'];

/** Refuses members that could be any of the forbidden ones. */
export const computedAccess: Rule = {
  id: 'COMPUTED_ACCESS',
  severity: 'error',
  about: 'takes a member of process, globalThis, module or require whose name is known only at run time',
  looksAt: 'node',
  check: (node, { meaning }) => {
    if (node.type !== 'MemberExpression' && node.type !== 'CallExpression') return undefined;
    const path = meaning.globalPath(node);
    if (path?.at(-1) !== RUNTIME_KEY) return undefined;
    const owner = path.slice(0, -1).join('.');
    if (!OWNERS.includes(owner)) return undefined;
    const name = owner === '' ? 'globalThis' : owner;
    return {
      start: node.start,
      message: `Forbidden access: a member of ${name} that is known only at run time`,
      hint: `Write the member's name, such as ${name === 'globalThis' ? 'globalThis.URL' : `${name}.version`}.`,
    };
  },
};
