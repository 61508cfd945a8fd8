/**
 * Resources that a plugin says have changed (`context.resourceUpdated`), for whoever subscribed to them on this node.
 */
import { LIMITS } from '@bulkhead/protocol';
import { given, textOf, type ServiceMethod } from './desk.ts';

/**
 * A resource that its plugin says has changed.
 *
 * @experimental
 */
export type ResourceUpdate = { readonly tenant: string; readonly plugin: string; readonly uri: string };

/** Who hears of updates, and that what tenants may use may have changed. */
export type OfferWatch = {
  readonly didChange: () => void;
  /** Calls the listener at each change until the returned function is called; it must not throw. */
  readonly onChange: (listener: () => void) => () => void;
  readonly didUpdate: (update: ResourceUpdate) => void;
  /** Calls the listener with each update until the returned function is called; it must not throw. */
  readonly onUpdate: (listener: (update: ResourceUpdate) => void) => () => void;
};

/** Makes the watch. */
export function createOfferWatch(): OfferWatch {
  const listeners = new Set<(update: ResourceUpdate) => void>();
  const changeListeners = new Set<() => void>();
  return {
    didChange: () => {
      for (const listener of changeListeners) listener();
    },
    onChange: (listener) => {
      changeListeners.add(listener);
      return () => void changeListeners.delete(listener);
    },
    didUpdate: (update) => {
      for (const listener of listeners) listener(update);
    },
    onUpdate: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const TAKES = {
  type: 'object',
  properties: { uri: { type: 'string', minLength: 1, maxLength: LIMITS.resource_uri_characters.value } },
  required: ['uri'],
  additionalProperties: false,
};

/** Makes the method behind `context.resourceUpdated`; what is said in a trial is told to nobody. */
export function createOfferService(didUpdate: OfferWatch['didUpdate']): Readonly<Record<string, ServiceMethod>> {
  return {
    updated: {
      takes: TAKES,
      run: async ({ plugin, tenant, args, speaker }) => {
        if (!speaker.isTrial) didUpdate({ tenant, plugin, uri: textOf(args, 'uri') ?? '' });
        return given(null);
      },
    },
  };
}
