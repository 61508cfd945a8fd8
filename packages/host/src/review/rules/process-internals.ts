/**
 * Members of process that reach the host, other processes or native code (FAULTS 56, 57, 65, 70).
 */
import type { Rule } from '../rule.ts';
import { child } from '../syntax.ts';
import { isAt, memberKey } from './member.ts';

/** Names that only process has: they count on any object, so that an alias hides nothing. */
const UNMISTAKABLE: readonly string[] = [
  'getBuiltinModule',
  '_linkedBinding',
  '_debugProcess',
  '_debugEnd',
  '_startProfilerIdleNotifier',
  '_kill',
  '_getActiveHandles',
  '_getActiveRequests',
  'internalBinding',
];
/** Names that other objects have, too: they count on process only. */
const ON_PROCESS: readonly string[] = [
  'binding',
  'dlopen',
  'mainModule',
  'execve',
  'kill',
  'chdir',
  'setuid',
  'setgid',
  'seteuid',
  'setegid',
  'setgroups',
  'initgroups',
  'setUncaughtExceptionCaptureCallback',
  'setSourceMapsEnabled',
  'loadEnvFile',
  'report',
];

/** Refuses members of process that are no computation. */
export const processInternals: Rule = {
  id: 'PROCESS_INTERNALS',
  severity: 'error',
  about: 'uses a member of process that reaches the host, other processes or native code',
  binds: 'refused: `ACCESS_REFUSED`',
  looksAt: 'node',
  types: ['MemberExpression', 'Property'],
  check: ({ node, parent }, { meaning }) => {
    const key = memberKey(node, meaning, parent?.node);
    if (key === undefined) return undefined;
    const isForbidden = UNMISTAKABLE.includes(key) || (ON_PROCESS.includes(key) && isOnProcess());
    if (!isForbidden) return undefined;
    return {
      start: node.start,
      message: `Forbidden access: process.${key}`,
      hint: 'Remove it; the sandbox gives no such right.',
    };

    function isOnProcess(): boolean {
      if (node.type === 'MemberExpression') return isAt(meaning.globalPath(child(node, 'object')), 'process');
      const taken = parent?.parent?.node;
      return isAt(meaning.globalPath(child(taken, 'init') ?? child(taken, 'right')), 'process');
    }
  },
};
