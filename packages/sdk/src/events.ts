/**
 * Events between plugins of one tenant (F004-4), as an author sees them.
 */
import type { JsonValue, PluginEvent } from '@bulkhead/protocol';

/**
 * Is given each event. One that throws, or rejects, is told in the plugin's log, and has handled the event; one that takes longer
 * than 30 s is waited for no longer.
 *
 * @public
 */
export type EventHandler = (event: PluginEvent) => unknown;

/**
 * Says what happened, and hears what others of the same tenant say. Needs the permission `events`, which every plugin that hears
 * was granted, too. While a release is tried, nothing is told and nothing heard. Both methods reject with an Error that has `kind`
 * and `code` where the host refuses it, such as `PERMISSION_NOT_GRANTED`, `SERVICE_ASK_INVALID` or `EVENT_TOO_DEEP`.
 *
 * @public
 */
export interface Events {
  /**
   * Tells an event to every instance of the tenant that subscribed to it, also of this plugin and this one itself, on every node;
   * waits for none of them. Resolves with the event's id.
   *
   * @param type - Words of small letters, digits and low lines with dots between them, such as `order.paid`; 128 characters at
   *   most. What begins with `config`, `host`, `llm`, `memory`, `plugin`, `tenant`, `thread` or `tool` is the host's alone.
   * @param data - JSON of at most 16 KiB; null where it is left out.
   */
  publish(type: string, data?: JsonValue): Promise<string>;
  /**
   * Hears of each event that the pattern means, at least once, for as long as this instance lives; resolves with a function that
   * ends it. Handlers are begun in the order of the events, at most 16 events at once. An instance that is slower has 256 wait and
   * then loses the oldest, which its log says. An instance has 64 subscriptions; one that serves all tenants (scope `shared`)
   * has none.
   *
   * @param pattern - A type in which `*` stands for one word, and `**` at its end for one or more: `order.*`, `order.**`, `**`. One
   *   that begins with a star means events of plugins alone: those of the host are asked for by their first word, as `memory.*`.
   */
  subscribe(pattern: string, handler: EventHandler): Promise<() => void>;
}
