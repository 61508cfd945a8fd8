/**
 * Network use by a plugin that does not ask for `internet` (F000-44). It may be a mere attempt that the plugin lives
 * without, so it is a warning; what binds is that the sandbox has no network.
 */
import type { Rule } from '../rule.ts';
import { isMereName } from './member.ts';

const NETWORK: readonly string[] = [
  'fetch',
  'WebSocket',
  'WebSocketStream',
  'EventSource',
  'XMLHttpRequest',
  'navigator.sendBeacon',
];

/** Warns of globals that open connections, unless the manifest asks for the permission. */
export const networkUnasked: Rule = {
  id: 'NETWORK_UNASKED',
  severity: 'warning',
  about: 'uses the network (fetch, WebSocket, EventSource) and the manifest does not ask for `internet`',
  binds: 'refused: `ACCESS_REFUSED`',
  looksAt: 'node',
  types: ['Identifier', 'MemberExpression'],
  check: ({ node, parent }, { meaning, asks }) => {
    if (asks.includes('internet')) return undefined;
    const path = meaning.globalPath(node)?.join('.');
    const name = path === undefined ? undefined : NETWORK.find((one) => one === path);
    if (name === undefined || isMereName(node, parent?.node)) return undefined;
    if (parent?.node['operator'] === 'typeof') return undefined; // It only asks whether it is there.
    return {
      start: node.start,
      message: `${name} uses the network, and plugin.json does not ask for the permission internet`,
      hint: 'Add "internet" to required_permissions and the hosts to network.allow, or do without it.',
    };
  },
};
