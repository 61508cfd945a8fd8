/**
 * Resources and prompts over opened parts: what is listed is what a guest told of, and each reading is a call.
 */
import {
  DEFAULT_TENANT,
  matchTemplate,
  offerTarget,
  type GuestReady,
  type JsonObject,
  type JsonValue,
  type OfferMethod,
  type Outcome,
  type WireResource,
} from '@bulkhead/protocol';
import type { OfferRequest, Offers } from '../offers-api.ts';
import type { OfferWatch } from '../services/offers.ts';

/** What the API needs of the host; `run` never rejects. */
export type OffersSource = {
  readonly plugins: () => readonly string[];
  readonly describedOf: (plugin: string, tenant: string) => GuestReady | undefined;
  readonly run: (request: OfferRequest, target: string, args: readonly JsonValue[]) => Promise<Outcome>;
  readonly watch: OfferWatch;
};

/** Makes the API. */
export function createOffers({ plugins, describedOf, run, watch }: OffersSource): Offers {
  const each = <T>(tenant: string, of: (ready: GuestReady) => readonly T[]): readonly (T & { plugin: string })[] =>
    plugins().flatMap((plugin) => {
      const ready = describedOf(plugin, tenant);
      return (ready === undefined ? [] : of(ready)).map((offer) => ({ ...offer, plugin }));
    });

  return {
    resources: (tenant = DEFAULT_TENANT) =>
      each(tenant, ({ resources }) => resources ?? []).toSorted(by(({ plugin, uri }) => `${plugin}\0${uri}`)),
    prompts: (tenant = DEFAULT_TENANT) =>
      each(tenant, ({ prompts }) => prompts ?? []).toSorted(by(({ plugin, name }) => `${plugin}\0${name}`)),
    read: ({ uri, ...request }) => {
      const ready = describedOf(request.plugin, request.tenant ?? DEFAULT_TENANT);
      const { key, variables } = findResource(ready?.resources ?? [], uri);
      return run(request, offerTarget('resources', key, 'read'), [uri, variables]);
    },
    get: ({ prompt, args = {}, ...request }) => run(request, offerTarget('prompts', prompt, 'get'), [args]),
    complete: ({ of, argument, value, others = {}, ...request }) => {
      const method: OfferMethod = 'complete';
      const target =
        'prompt' in of ? offerTarget('prompts', of.prompt, method) : offerTarget('resources', of.uriTemplate, method);
      return run(request, target, [argument, value, others]);
    },
    onChange: watch.onChange,
    onUpdate: watch.onUpdate,
  };
}

type Found = { readonly key: string; readonly variables: JsonObject };

/** A resource of that URI, else the first template that it fits; else itself, which nobody offers. */
function findResource(resources: readonly WireResource[], uri: string): Found {
  const isListed = resources.some((resource) => !resource.is_template && resource.uri === uri);
  if (isListed) return { key: uri, variables: {} };
  for (const resource of resources) {
    const variables = resource.is_template ? matchTemplate(resource.uri, uri) : undefined;
    if (variables !== undefined) return { key: resource.uri, variables };
  }
  return { key: uri, variables: {} };
}

function by<T>(keyOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b)));
}
