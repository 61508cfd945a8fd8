/**
 * Joins events to where they come from and go: the desk's service, the registry's transitions, calls that have ended, the memory,
 * the guests, and the other nodes of the storage.
 */
import { createCallIds } from '../base/call-ids.ts';
import { systemTimer } from '../base/timer.ts';
import type { CallEvents } from '../call/call-events.ts';
import type { Journal } from '../journal/journal.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Transition } from '../registry/history.ts';
import { PLATFORM_SCOPE } from '../registry/records.ts';
import type { EventLine, EventLink } from '../sandbox/sandbox.ts';
import type { ServiceMethod, Speaker } from '../services/desk.ts';
import { createEventBus, type EventBus } from '../services/event-bus.ts';
import { createEventExchange } from '../services/event-exchange.ts';
import type { EventFate } from '../services/event-subscriber.ts';
import { createEventService, depthOf, isTooDeep, ledBy, type AskSource } from '../services/events.ts';
import type { MemoryServiceOptions } from '../services/memory.ts';
import { createOfferWatch, type OfferWatch } from '../services/offers.ts';
import type { Storage } from '../storage/port.ts';
import { grantsBy, type LateCalls } from './late-calls.ts';
import type { HostSettings } from './settings.ts';

/** What events are opened with. */
export type EventParts = {
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly journal: Pick<Journal, 'add'>;
  readonly node: string;
  readonly late: LateCalls;
};

/** Where the host's parts tell of what happened, and guests are joined. */
export type HostEvents = {
  readonly methods: Readonly<Record<string, ServiceMethod>>;
  /** Depth of the event that an ask follows from, where it does. */
  readonly ledBy: (source: AskSource) => number | undefined;
  readonly connect: (speaker: Speaker, line: EventLine) => EventLink;
  readonly didStore: NonNullable<MemoryServiceOptions['didStore']>;
  readonly didTransition: (transition: Transition, reasonCode: string | undefined) => void;
  readonly calls: CallEvents;
  readonly counts: EventBus['counts'];
  /** What is told to clients, and not to plugins: of resources. */
  readonly offers: OfferWatch;
};

/** Opens them. They are closed after the guests, whose last events are still told to the other nodes. */
export function openEvents(settings: HostSettings, parts: EventParts, closing: AsyncDisposableStack): HostEvents {
  const { clock, log } = settings;
  const { storage, node, metrics, journal, late } = parts;
  const newId = createCallIds();
  const exchange = createEventExchange({
    ...{ storage, node, clock, log, startTimer: systemTimer },
    deliver: (row) => bus.deliver(row),
    didLose: () => metrics.countRecordFailure('events'),
  });
  closing.defer(() => exchange.close());
  const bus = createEventBus({
    ...{ clock, startTimer: systemTimer, newId, grantsOf: grantsBy(late) },
    isVisible: (tenant, plugin) => (late.path?.releases.visibleTo(tenant, plugin).length ?? 0) > 0,
    didHappen: (speaker, fate) => {
      metrics.countEvent(fate.kind);
      tellFate(journal, speaker, fate);
    },
    send: exchange.send,
  });
  const calls = createCallEvents(bus);
  const offers = createOfferWatch();
  const tellTransition = toldOfTransitions(bus, late);
  bus.onChange(() => {
    calls.isWatched = bus.isWanted('tool.called');
    if (bus.counts().hearing === 0) exchange.rest();
  });
  return {
    methods: createEventService({ bus, newId: () => newId(clock.wallTime()), hearOthers: exchange.hear }),
    ledBy: (source) => ledBy(bus, source),
    connect: bus.connect,
    didStore: toldOfMemory(bus),
    didTransition: (transition, reasonCode) => {
      tellTransition(transition, reasonCode);
      // A release that came up on this host offers what was not known before.
      if (transition.to === 'INITIALIZED' && transition.from === 'LOADED') offers.didChange();
    },
    calls,
    counts: bus.counts,
    offers,
  };
}

/** What an operator and the tenant read of a hearer that is too slow; of a busy one not each event. */
function tellFate(journal: Pick<Journal, 'add'>, { plugin, tenant }: Speaker, fate: EventFate): void {
  const text = textOf(fate);
  if (text !== undefined) journal.add({ plugin, scope: tenant }, { source: 'host', level: 'warn', text });
}

function textOf(fate: EventFate): string | undefined {
  switch (fate.kind) {
    case 'delivered':
      return undefined;
    case 'late':
      return `the event "${fate.event.type}" (${fate.event.id}) is still being handled after 30 s, and is waited for no longer`;
    case 'dropped':
      return fate.isFirst
        ? 'an instance is too slow for its events: too many wait, and the oldest are dropped until none waits'
        : undefined;
  }
}

/** Calls from outside alone: of those that plugins make, one could be told by an event that leads to the next. */
function createCallEvents(bus: EventBus): CallEvents & { isWatched: boolean } {
  return {
    isWatched: false,
    didCall: ({ tenant, plugin, tool, outcome, durationMs }) => {
      if (!bus.isWanted('tool.called', tenant)) return;
      const data = { plugin, tool, outcome, duration_ms: durationMs };
      bus.publish({ type: 'tool.called', source: 'host', tenant_id: tenant, data, depth: 1, spreads: false });
    },
  };
}

function toldOfMemory(bus: EventBus): HostEvents['didStore'] {
  return (request, { id, tags }) => {
    const depth = depthOf(bus, request);
    if (isTooDeep(depth)) return;
    const data = { plugin: request.plugin, id, tags: [...tags] };
    bus.publish({ type: 'memory.stored', source: 'host', tenant_id: request.tenant, data, depth, spreads: true });
  };
}

/** That a call began is no news, and what has no release nobody may see. */
function toldOfTransitions(bus: EventBus, late: LateCalls): HostEvents['didTransition'] {
  return ({ plugin, scope, from, to }, reasonCode) => {
    if (to === 'RUNNING' || (late.path?.releases.releasesOf(plugin).length ?? 0) === 0) return;
    const data = { plugin, from, to, ...(reasonCode !== undefined && { reason_code: reasonCode }) };
    const tenant = scope === PLATFORM_SCOPE ? {} : { tenant_id: scope };
    bus.publish({ type: 'plugin.state_changed', source: 'host', ...tenant, data, depth: 1, spreads: true });
  };
}
