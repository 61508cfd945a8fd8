/**
 * Events of plugins (F004-4): what one of them says happened, for those of the same tenant that want to hear of it. With the
 * permission `events`; which of the host's own events a plugin hears is decided where they are delivered.
 */
import { LIMITS, callError, type CallError, type JsonObject } from '@bulkhead/protocol';
import { SHARED_SCOPE } from '../sandbox/sandbox.ts';
import {
  given,
  invalid,
  numberOf,
  refused,
  textOf,
  type ServiceMethod,
  type ServiceRequest,
  type ServiceResult,
} from './desk.ts';
import type { EventBus } from './event-bus.ts';
import { EVENT_PATTERN, EVENT_TYPE, hostWords, isHostsType } from './event-types.ts';

/** What the service is made of. */
export type EventServiceOptions = {
  readonly bus: EventBus;
  /** Makes the id of an event that nobody hears, as a trial's. */
  readonly newId: () => string;
  /** Resolves once what other nodes publish from now on will be heard here; never rejects, and waits for no storage that is away. */
  readonly hearOthers: () => Promise<void>;
};

const DEPTH_MAX = LIMITS.event_depth.value;
const SUBSCRIPTIONS_MAX = LIMITS.event_subscriptions.value;
const DATA_BYTES_MAX = LIMITS.event_data_bytes.value;

const subscription = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const needs = (): string => 'events';

/** Makes the methods of `context.events`. */
export function createEventService(options: EventServiceOptions): Readonly<Record<string, ServiceMethod>> {
  return { publish: publishMethod(options), ...subscriptionMethods(options) };
}

/** Where an ask comes from. */
export type AskSource = Pick<ServiceRequest, 'speaker' | 'event' | 'call'>;

/**
 * Depth of the event that an ask follows from: the one which the instance says it is handling, or the one whose handler made the
 * call that it works on, at whatever remove. The deeper counts, so that nobody is less deep by what he says.
 */
export function ledBy(bus: EventBus, { speaker, event, call }: AskSource): number | undefined {
  const handled = event === undefined ? undefined : bus.hearer(speaker)?.depthOf(event);
  const depth = Math.max(handled ?? 0, call?.eventDepth ?? 0);
  return depth === 0 ? undefined : depth;
}

/** Depth of what an instance publishes now: one more than that of the event which led to it. */
export function depthOf(bus: EventBus, source: AskSource): number {
  return (ledBy(bus, source) ?? 0) + 1;
}

/** Tells whether an event of this depth may still be told. */
export function isTooDeep(depth: number): boolean {
  return depth > DEPTH_MAX;
}

function publishMethod({ bus, newId }: EventServiceOptions): ServiceMethod {
  async function run(request: ServiceRequest): Promise<ServiceResult> {
    const { args, plugin, tenant, speaker } = request;
    const type = textOf(args, 'type') ?? '';
    const data = args['data'] ?? null;
    if (isHostsType(type)) return invalid(reserved(type));
    const bytes = Buffer.byteLength(JSON.stringify(data));
    if (bytes > DATA_BYTES_MAX)
      return invalid(`events.publish: data has ${bytes} bytes of JSON; at most ${DATA_BYTES_MAX} go`);
    const depth = depthOf(bus, request);
    if (isTooDeep(depth)) return refused(tooDeep(type, depth));
    if (speaker.isTrial) return given({ id: newId() });
    const { id } = bus.publish({ type, source: plugin, tenant_id: tenant, data, depth, spreads: true });
    return given({ id });
  }

  return { takes: takes({ type: EVENT_TYPE, data: {} }, ['type']), needs, run };
}

function subscriptionMethods({ bus, hearOthers }: EventServiceOptions): Readonly<Record<string, ServiceMethod>> {
  async function subscribe({ args, speaker }: ServiceRequest): Promise<ServiceResult> {
    if (speaker.tenant === SHARED_SCOPE) return invalid(SERVES_EVERYBODY);
    if (speaker.isTrial) return given({});
    const hearer = bus.hearer(speaker);
    if (hearer === undefined) return invalid('the instance has ended');
    if (hearer.count() >= SUBSCRIPTIONS_MAX) return refused(tooMany());
    const isAdded = bus.subscribe(hearer, numberOf(args, 'subscription') ?? 0, textOf(args, 'pattern') ?? '');
    if (!isAdded) return invalid('events.subscribe: the instance has a subscription of this number');
    await hearOthers();
    return given({});
  }

  async function unsubscribe({ args, speaker }: ServiceRequest): Promise<ServiceResult> {
    const hearer = bus.hearer(speaker);
    if (hearer !== undefined) bus.unsubscribe(hearer, numberOf(args, 'subscription') ?? 0);
    return given({});
  }

  return {
    subscribe: {
      takes: takes({ subscription, pattern: EVENT_PATTERN }, ['subscription', 'pattern']),
      needs,
      run: subscribe,
    },
    unsubscribe: { takes: takes({ subscription }, ['subscription']), run: unsubscribe },
  };
}

const SERVES_EVERYBODY =
  'events.subscribe: this instance serves every tenant, so that what it hears would be any tenant’s; publish from within a call, or have the operator take the plugin out of sandbox.shared';

function reserved(type: string): string {
  return `events.publish: "${type}" would pass for an event of the host; types that begin with ${hostWords()} are the host's alone`;
}

function takes(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: 'object', properties, required: [...required], additionalProperties: false };
}

function tooMany(): CallError {
  const limit = {
    name: 'event_subscriptions',
    allowed: SUBSCRIPTIONS_MAX,
    observed: SUBSCRIPTIONS_MAX + 1,
    unit: 'subscriptions',
  };
  return callError('SERVICE_QUOTA_EXCEEDED', {
    message: `an instance has ${SUBSCRIPTIONS_MAX} subscriptions at most`,
    limit,
  });
}

function tooDeep(type: string, observed: number): CallError {
  const limit = { name: 'event_depth', allowed: DEPTH_MAX, observed, unit: 'events' };
  return callError('EVENT_TOO_DEEP', {
    message: `"${type}" would be event ${observed} in a row that led to one another`,
    limit,
  });
}
