/**
 * One instance as a hearer of events: what it subscribed to, what waits for it, and what it is at work on. It decides nothing
 * of who may hear what.
 *
 *   offered ──room in the window──▶ at work ──heard, or out of time──▶ done
 *      └──window full──▶ waiting ──▲   └── beyond `event_queue`, or 1 MiB: the oldest is dropped and counted
 *
 * EH1: An event that was offered is sent once to the instance in the order of offers, unless it was dropped or the instance
 *     ended; a handler that throws has handled it.
 * EH2: At most `event_window` events are at work and `event_queue` wait, so that a slow hearer costs nobody else anything.
 * EH3: After its end nothing is left of it: no timer, no event, no subscription.
 */
import { LIMITS, type PluginEvent } from '@bulkhead/protocol';
import type { StartTimer } from '../base/timer.ts';
import type { EventLine } from '../sandbox/sandbox.ts';
import type { Speaker } from './desk.ts';
import { eventMatcher } from './event-types.ts';

/** An event on its way; `json` is the event as it is written, made once for all who hear it. */
export type EventDelivery = {
  readonly event: PluginEvent;
  /** 1 for one that nothing led to; one more for each event that was being handled when the next was published. */
  readonly depth: number;
  readonly json: () => string;
};

/** What becomes of events; `dropped` is told with whether it is the first since nothing waited. */
export type EventFate =
  | { readonly kind: 'delivered' | 'late'; readonly event: PluginEvent }
  | { readonly kind: 'dropped'; readonly isFirst: boolean };

/** What a subscriber is made of. */
export type SubscriberOptions = {
  readonly speaker: Speaker;
  readonly line: EventLine;
  readonly startTimer: StartTimer;
  readonly didHappen: (speaker: Speaker, fate: EventFate) => void;
};

/** One instance's subscriptions; their ids are the instance's own. */
export type Subscriber = {
  readonly speaker: Speaker;
  /** False where it has one of this id. */
  readonly add: (id: number, pattern: string) => boolean;
  readonly remove: (id: number) => void;
  readonly count: () => number;
  /** Its subscriptions that mean events of this type. */
  readonly wanting: (type: string) => readonly number[];
  readonly offer: (delivery: EventDelivery, to: readonly number[]) => void;
  /** The instance says that its handlers are done; an id that is not at work is nobody's. */
  readonly didHear: (id: number) => void;
  /** Depth of the event that is at work under this id. */
  readonly depthOf: (id: number) => number | undefined;
  readonly isEnded: () => boolean;
  readonly end: () => void;
};

type Waiting = { readonly delivery: EventDelivery; readonly to: readonly number[]; readonly characters: number };
type AtWork = { readonly event: PluginEvent; readonly depth: number; readonly cancel: () => void };

const WINDOW = LIMITS.event_window.value;
const QUEUE_MAX = LIMITS.event_queue.value;
const QUEUE_CHARACTERS_MAX = LIMITS.event_queue_characters.value;
const HANDLER_MS = LIMITS.event_handler_ms.value;
/** An instance that has left too much unread is tried again so soon. */
const RETRY_MS = 250;

/** Makes one without subscriptions. */
export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { speaker, startTimer, didHappen } = options;
  const subscriptions = new Map<number, (type: string) => boolean>();
  const queue = createQueue((isFirst) => didHappen(speaker, { kind: 'dropped', isFirst }));
  const work = createWork(options, pump);
  let cancelRetry: (() => void) | undefined;
  let isEnded = false;

  function pump(): void {
    while (!isEnded && work.hasRoom()) {
      const next = queue.first();
      if (next === undefined) return;
      const to = next.to.filter((id) => subscriptions.has(id)); // Some may have ended since.
      if (to.length > 0 && !work.send(next.delivery, to)) {
        cancelRetry ??= startTimer(RETRY_MS, retry);
        return;
      }
      queue.takeFirst();
    }
  }

  function retry(): void {
    cancelRetry = undefined;
    pump();
  }

  return {
    speaker,
    add: (id, pattern) => {
      if (isEnded || subscriptions.has(id)) return false;
      subscriptions.set(id, eventMatcher(pattern));
      return true;
    },
    remove: (id) => void subscriptions.delete(id),
    count: () => subscriptions.size,
    wanting: (type) => [...subscriptions].filter(([, isMeant]) => isMeant(type)).map(([id]) => id),
    offer: (delivery, to) => {
      if (isEnded) return;
      queue.add({ delivery, to, characters: delivery.json().length });
      pump();
    },
    didHear: (id) => work.finish(id, 'delivered'),
    depthOf: work.depthOf,
    isEnded: () => isEnded,
    end: () => {
      isEnded = true;
      cancelRetry?.();
      subscriptions.clear();
      work.clear();
      queue.clear();
    },
  };
}

/** The events that the instance is at work on; `didFinish` is told when there is room again. */
function createWork({ speaker, line, startTimer, didHappen }: SubscriberOptions, didFinish: () => void) {
  const atWork = new Map<number, AtWork>();
  let lastId = 0;

  function finish(id: number, kind: 'delivered' | 'late'): void {
    const done = atWork.get(id);
    if (done === undefined) return;
    done.cancel();
    atWork.delete(id);
    didHappen(speaker, { kind, event: done.event });
    didFinish();
  }

  return {
    hasRoom: (): boolean => atWork.size < WINDOW,
    finish,
    depthOf: (id: number): number | undefined => atWork.get(id)?.depth,
    /** False where the instance takes none now. */
    send: ({ event, depth, json }: EventDelivery, to: readonly number[]): boolean => {
      const id = lastId + 1;
      const isWork = event.source !== speaker.plugin;
      if (!line.send(`{"t":"event","id":${id},"to":[${to.join(',')}],"event":${json()}}`, isWork)) return false;
      lastId = id;
      atWork.set(id, { event, depth, cancel: startTimer(HANDLER_MS, () => finish(id, 'late')) });
      return true;
    },
    clear: (): void => {
      for (const { cancel } of atWork.values()) cancel();
      atWork.clear();
    },
  };
}

/** What waits; the oldest are dropped where there would be too many, or too large ones. */
function createQueue(didDrop: (isFirst: boolean) => void) {
  let waiting: Waiting[] = [];
  let characters = 0;
  let hasDropped = false;

  function takeFirst(): void {
    characters -= waiting.shift()?.characters ?? 0;
    if (waiting.length === 0) hasDropped = false;
  }

  return {
    first: (): Waiting | undefined => waiting[0],
    takeFirst,
    add: (item: Waiting): void => {
      while (
        waiting.length >= QUEUE_MAX ||
        (waiting.length > 0 && characters + item.characters > QUEUE_CHARACTERS_MAX)
      ) {
        const isFirst = !hasDropped;
        takeFirst();
        hasDropped = true;
        didDrop(isFirst);
      }
      waiting.push(item);
      characters += item.characters;
    },
    clear: (): void => {
      waiting = [];
      characters = 0;
    },
  };
}
