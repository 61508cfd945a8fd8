/**
 * `context.events` (F004-4): what the plugin publishes is a message to the host, and what it subscribed to comes as one, which is
 * said to be heard once every handler has ended. A handler that fails keeps no other from hearing; the log says so.
 */
import { createIdTable, type EventMessage, type JsonValue, type PluginEvent } from '@bulkhead/protocol';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { PluginLogger } from './logger.ts';
import type { Ask } from './services.ts';
import { describeThrown } from './thrown.ts';

type Handler = (event: PluginEvent) => unknown;

/** Publishes and subscribes for one plugin and the tenant that it serves. */
export type PluginEvents = {
  readonly publish: (type: string, data?: JsonValue) => Promise<string>;
  /** Resolves, once the host has taken it, with what ends it. */
  readonly subscribe: (pattern: string, handler: Handler) => Promise<() => void>;
};

/** The events of one guest. */
export type GuestEvents = {
  /** Takes an event of the host's. */
  readonly deliver: (message: EventMessage) => void;
  /** The event whose handler is running now, also in its timers and promises. */
  readonly currentId: () => number | undefined;
  readonly offer: (ask: Ask, logger: PluginLogger) => PluginEvents;
};

/** Makes it without subscriptions; `send` takes a message as JSON. */
export function createGuestEvents(send: (json: string) => void): GuestEvents {
  const handlers = createIdTable<(event: PluginEvent) => Promise<void>>();
  const current = new AsyncLocalStorage<number>();
  let lastId = 0;

  async function handle({ id, to, event }: EventMessage): Promise<void> {
    const running: (Promise<void> | undefined)[] = [];
    for (const subscription of to) running.push(handlers.get(subscription)?.(event));
    for (const run of running) await run;
    send(`{"t":"heard","id":${id}}`);
  }

  return {
    deliver: (message) => void current.run(message.id, handle, message),
    currentId: () => current.getStore(),
    offer: (ask, logger) => ({
      publish: async (type, data) =>
        ((await ask('events', 'publish', { type, data: data ?? null })) as { readonly id: string }).id, // The host's own.
      subscribe: async (pattern, handler) => {
        lastId += 1;
        const subscription = lastId;
        const end = (): void => void handlers.take(subscription);
        // Before the host says so, since the first event may come in the same frame as its answer.
        handlers.set(subscription, guarded(handler, logger));
        await ask('events', 'subscribe', { subscription, pattern }).catch((refused: unknown) => {
          end();
          throw refused;
        });
        return () => {
          if (handlers.take(subscription) === undefined) return;
          // What the host refuses it of this changes nothing for the plugin: its handler is gone.
          ask('events', 'unsubscribe', { subscription }).catch(() => undefined);
        };
      },
    }),
  };
}

function guarded(handler: Handler, logger: PluginLogger): (event: PluginEvent) => Promise<void> {
  return async (event) => {
    try {
      await handler(event);
    } catch (thrown) {
      const { error } = describeThrown(thrown, 'PLUGIN_THREW');
      logger.error(`a handler of the event "${event.type}" failed: ${error.message}`);
    }
  };
}
