/**
 * Bounds of what is offered and asked over MCP; rows of the one table.
 */

import { KIB, type Limit } from './limit.ts';

/** The rows, by name. */
export const MCP_LIMITS = {
  resources: { value: 256, unit: 'resources', reason: 'Of one plugin, templates among them; as many as tools.' },
  prompts: { value: 256, unit: 'prompts', reason: 'Of one plugin; as many as tools.' },
  prompt_arguments: { value: 64, unit: 'arguments', reason: 'Of one prompt; a person fills them in.' },
  resource_uri_characters: { value: 2_048, unit: 'characters', reason: 'Of one URI or template; as browsers take.' },
  mcp_sessions: {
    value: 1_024,
    unit: 'sessions',
    reason: 'Of MCP clients, on one node; the longest unused makes room.',
  },
  mcp_sessions_tenant: {
    value: 128,
    unit: 'sessions',
    reason: 'Of one tenant, so that none takes the place of others.',
  },
  mcp_session_idle_ms: { value: 1_800_000, unit: 'ms', reason: 'A client that comes back later begins anew.' },
  mcp_kept_bytes: {
    value: 64 * KIB,
    unit: 'bytes',
    reason: 'Of one session, for a client that reconnects; 64 MiB of all.',
  },
  mcp_early_ms: {
    value: 25,
    unit: 'ms',
    reason: 'A call that ends sooner, and says nothing, is answered in one piece; a longer one has a stream meanwhile.',
  },
  mcp_known_envelopes: {
    value: 1_000,
    unit: 'envelopes',
    reason: 'Of MCP clients without sessions, which say the same of themselves each time; then they are judged anew.',
  },
  mcp_known_envelope_characters: { value: 4 * KIB, unit: 'characters', reason: 'Of one of them; 4 MiB of all.' },
  client_asks: {
    value: 16,
    unit: 'asks',
    reason: 'Of one call to its MCP client; a person who is asked more often goes away.',
  },
  client_ask_characters: { value: 64 * KIB, unit: 'characters', reason: 'Of one text that a client is asked with.' },
} as const satisfies Record<string, Limit>;
