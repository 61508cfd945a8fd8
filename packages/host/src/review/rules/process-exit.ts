/**
 * Ending the process from a plugin: it ends only its own guest (FAULTS 29, 30), and the call as crashed.
 */
import type { Rule } from '../rule.ts';

const ENDINGS: readonly string[] = ['process.exit', 'process.abort', 'process.reallyExit'];

/** Warns of a plugin that ends itself. */
export const processExit: Rule = {
  id: 'PROCESS_EXIT',
  severity: 'warning',
  about: 'ends its own process',
  binds: 'its own guest ends: `GUEST_EXITED`',
  looksAt: 'node',
  types: ['MemberExpression'],
  check: ({ node }, { meaning }) => {
    const path = meaning.globalPath(node)?.join('.');
    const name = ENDINGS.find((one) => one === path);
    if (name === undefined) return undefined;
    return {
      start: node.start,
      message: `${name} ends the plugin's process, and with it every call in flight`,
      hint: 'Return or throw instead.',
    };
  },
};
