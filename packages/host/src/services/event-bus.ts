/**
 * Who hears what: the instances of this node that subscribed, by tenant, and the one place where an event reaches them. What
 * may be heard is decided for each instance and event by what its registration was granted at that moment.
 *
 *   a plugin's ask, the host ──publish──▶ hearers here ──▶ their lines
 *                               └──────▶ other nodes      another node ──deliver──▶ hearers here
 *
 * EB1: An event of one tenant reaches instances of that tenant alone; one without a tenant concerns all of them.
 * EB2: Nobody waits for a hearer: publishing ends before any handler begins.
 * EB3: An instance that has ended is in no table.
 */
import { isJsonObject, type JsonValue, type PluginEvent } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import type { StartTimer } from '../base/timer.ts';
import type { EventLine, EventLink } from '../sandbox/sandbox.ts';
import type { Speaker } from './desk.ts';
import { createSubscriber, type EventDelivery, type EventFate, type Subscriber } from './event-subscriber.ts';
import { isHostsType } from './event-types.ts';

/** What is to be told; `spreads` where other nodes are to hear of it, too. */
export type NewEvent = Pick<PluginEvent, 'type' | 'source' | 'tenant_id' | 'data'> & {
  readonly depth: number;
  readonly spreads: boolean;
};

/** What the bus is made of. */
export type EventBusOptions = {
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  readonly newId: (wallTime: number) => string;
  readonly grantsOf: (tenant: string, plugin: string) => readonly string[];
  /** Tells whether a tenant may know of a plugin. */
  readonly isVisible: (tenant: string, plugin: string) => boolean;
  readonly didHappen: (speaker: Speaker, fate: EventFate) => void;
  /** Takes what other nodes are to hear; it must not throw. */
  readonly send: (told: Told) => void;
};

/** An event, and how many led to it, itself included. */
export type Told = { readonly event: PluginEvent; readonly depth: number };

/** The hearers of one node. */
export type EventBus = {
  /** Joins an instance, which has no subscription yet. */
  readonly connect: (speaker: Speaker, line: EventLine) => EventLink;
  /** The instance that asks; undefined where it has ended. */
  readonly hearer: (speaker: Speaker) => Subscriber | undefined;
  /** Adds a subscription; false where the instance has one of this id, or has ended. */
  readonly subscribe: (hearer: Subscriber, id: number, pattern: string) => boolean;
  readonly unsubscribe: (hearer: Subscriber, id: number) => void;
  /** Makes an event and delivers it; the event is returned. */
  readonly publish: (told: NewEvent) => PluginEvent;
  /** Delivers an event that another node made. */
  readonly deliver: (told: Told) => void;
  /** Tells whether anybody here, or of this tenant, wants events of a type. O(subscriptions). */
  readonly isWanted: (type: string, tenant?: string) => boolean;
  /** Instances that are joined, and those of them that subscribed. */
  readonly counts: () => { readonly connected: number; readonly hearing: number };
  /** Calls the listener after each change of who subscribes to what; it must not throw. */
  readonly onChange: (listener: () => void) => void;
};

/** Makes a bus without instances. */
export function createEventBus(options: EventBusOptions): EventBus {
  const connected = new Map<Speaker, Subscriber>();
  const hearing = new Map<string, Set<Subscriber>>();
  const listeners: (() => void)[] = [];
  const { startTimer, didHappen } = options;

  function place(hearer: Subscriber): void {
    const { tenant } = hearer.speaker;
    const hearers = hearing.get(tenant) ?? new Set<Subscriber>();
    if (hearer.count() > 0) hearers.add(hearer);
    else hearers.delete(hearer);
    if (hearers.size > 0) hearing.set(tenant, hearers);
    else hearing.delete(tenant);
    for (const listener of listeners) listener();
  }

  function hearersOf(tenant: string | undefined): readonly Subscriber[] {
    return tenant === undefined ? [...hearing.values()].flatMap((each) => [...each]) : [...(hearing.get(tenant) ?? [])];
  }

  function deliver({ event, depth }: Told): void {
    let written: string | undefined;
    const delivery: EventDelivery = { event, depth, json: () => (written ??= JSON.stringify(event)) };
    for (const hearer of hearersOf(event.tenant_id)) {
      const to = hearer.wanting(event.type);
      if (to.length > 0 && mayHear(options, hearer.speaker, event)) hearer.offer(delivery, to);
    }
  }

  return {
    connect: (speaker, line) => {
      const hearer = createSubscriber({ speaker, line, startTimer, didHappen });
      connected.set(speaker, hearer);
      return {
        didHear: hearer.didHear,
        end: () => {
          hearer.end();
          connected.delete(speaker);
          place(hearer);
        },
      };
    },
    hearer: (speaker) => connected.get(speaker),
    subscribe: (hearer, id, pattern) => {
      const isAdded = hearer.add(id, pattern);
      if (isAdded) place(hearer);
      return isAdded;
    },
    unsubscribe: (hearer, id) => {
      hearer.remove(id);
      place(hearer);
    },
    publish: ({ depth, spreads, ...said }) => {
      const event = eventOf(options, said);
      if (spreads) options.send({ event, depth });
      deliver({ event, depth });
      return event;
    },
    deliver,
    isWanted: (type, tenant) => hearersOf(tenant).some((hearer) => hearer.wanting(type).length > 0),
    counts: () => ({ connected: connected.size, hearing: hearersOf(undefined).length }),
    onChange: (listener) => void listeners.push(listener),
  };
}

function eventOf({ clock, newId }: EventBusOptions, said: Omit<NewEvent, 'depth' | 'spreads'>): PluginEvent {
  const at = clock.wallTime();
  const { type, source, tenant_id, data } = said;
  return { id: newId(at), type, source, ...(tenant_id !== undefined && { tenant_id }), timestamp: isoTime(at), data };
}

/** Judged anew for each event: a permission that was taken back, or a plugin that was disabled, hears nothing from then on. */
function mayHear(
  { grantsOf, isVisible }: Pick<EventBusOptions, 'grantsOf' | 'isVisible'>,
  { tenant, plugin }: Speaker,
  { type, data }: PluginEvent,
): boolean {
  const grants = grantsOf(tenant, plugin);
  if (!grants.includes('events')) return false;
  if (!isHostsType(type)) return true;
  const of = pluginOf(data);
  if (type === 'memory.stored') return of === plugin || grants.includes(`memory.read:${of}`);
  return type === 'plugin.state_changed' ? isVisible(tenant, of) : true;
}

/** The plugin that an event of the host is about. */
function pluginOf(data: JsonValue): string {
  const plugin = isJsonObject(data) ? data['plugin'] : undefined;
  return typeof plugin === 'string' ? plugin : '';
}
