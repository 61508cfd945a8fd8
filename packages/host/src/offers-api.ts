/**
 * What an embedder sees of resources and prompts that plugins offer beside their tools.
 */
import type { JsonObject, ListedPrompt, ListedResource, Outcome } from '@bulkhead/protocol';
import type { CallRequest } from './calls-api.ts';
import type { ResourceUpdate } from './services/offers.ts';

/**
 * Whose call it is, how long it may take, what cancels it and who hears of it: as of a tool.
 *
 * @experimental
 */
export type OfferRequest = Omit<CallRequest, 'tool' | 'params' | 'idempotencyKey'>;

/**
 * Of what an argument is completed: a resource's template, or a prompt.
 *
 * @experimental
 */
export type CompletedOf = { readonly uriTemplate: string } | { readonly prompt: string };

/**
 * Resources and prompts of a tenant's plugins; `tenant` is `default` where it is left out. To read, to get and to complete are calls
 * with Outcomes, whose values are those of MCP's results: `{ contents }`, `{ messages }`, `{ values }`.
 *
 * @experimental
 */
export type Offers = {
  /** Sorted by plugin and URI; templates among them. */
  readonly resources: (tenant?: string) => readonly ListedResource[];
  /** Sorted by plugin and name. */
  readonly prompts: (tenant?: string) => readonly ListedPrompt[];
  /** Reads a resource by its URI, or by one that a template of the plugin fits; the first in its own order that does. */
  readonly read: (request: OfferRequest & { readonly uri: string }) => Promise<Outcome>;
  /** Gets a prompt; its arguments are texts. */
  readonly get: (request: OfferRequest & { readonly prompt: string; readonly args?: JsonObject }) => Promise<Outcome>;
  /** Completes what somebody has begun to write; `others` are arguments that are known already. */
  readonly complete: (
    request: OfferRequest & {
      readonly of: CompletedOf;
      readonly argument: string;
      readonly value: string;
      readonly others?: JsonObject;
    },
  ) => Promise<Outcome>;
  /** Calls the listener when what tenants are listed, tools among it, may have changed, until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
  /** Calls the listener with each resource that its plugin says has changed, on this host, until the returned function is called. */
  readonly onUpdate: (listener: (update: ResourceUpdate) => void) => () => void;
};
