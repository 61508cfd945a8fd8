/**
 * `context.client`: whoever made the call, asked over MCP. Which client can be asked what, and how often, is for the host to say.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import type { Ask } from './services.ts';

/** Asks the person in front of the client, or the client's model. */
export type PluginClient = {
  readonly elicit: (request: JsonObject) => Promise<JsonValue>;
  readonly sample: (request: JsonObject) => Promise<JsonValue>;
};

/** Makes it. */
export function createPluginClient(ask: Ask): PluginClient {
  return {
    elicit: (request) => ask('client', 'elicit', { ...request }),
    sample: (request) => ask('client', 'sample', { ...request }),
  };
}
