/**
 * Joins the desk, where plugins ask, to what serves them: the storage, and the call flow, which is opened after the guests.
 */
import type { JsonValue, Outcome } from '@bulkhead/protocol';
import { assertInvariant } from '../base/host-error.ts';
import { createCallIds } from '../base/call-ids.ts';
import { systemTimer } from '../base/timer.ts';
import { runCall } from '../call.ts';
import type { CallPath } from '../call/call-run.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createDesk, type AnswerAsk, type LastingService } from '../services/desk.ts';
import { createClientService } from '../services/client.ts';
import { createMemoryService } from '../services/memory.ts';
import { createOfferService } from '../services/offers.ts';
import type { Threads } from '../services/threads.ts';
import { createToolService, type NestedCall } from '../services/tools.ts';
import type { Storage } from '../storage/port.ts';
import { grantsBy, optionalBy, type LateCalls } from './late-calls.ts';
import type { HostEgress } from './open-egress.ts';
import type { HostEvents } from './open-events.ts';
import type { HostLlm } from './open-llm.ts';
import type { HostSettings } from './settings.ts';

/** What the services are opened with. */
export type ServiceParts = {
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly threads: Threads['methods'];
  readonly events: HostEvents;
  readonly egress: HostEgress;
  readonly llm: HostLlm;
  readonly commands: LastingService;
  readonly late: LateCalls;
};

/** Opens the desk. No guest asks before `late.path` is there. */
export function openServices({ clock, log }: HostSettings, parts: ServiceParts): AnswerAsk {
  const { storage, metrics, events, threads, egress, llm, commands, late } = parts;
  const path = (): CallPath => {
    assertInvariant(late.path !== undefined, 'the call flow is there before a guest is');
    return late.path;
  };
  return createDesk({
    services: {
      memory: createMemoryService({ storage, clock, newId: createCallIds(), didStore: events.didStore }),
      events: events.methods,
      threads,
      egress: egress.methods,
      llm: llm.methods,
      commands: commands.methods,
      client: createClientService({ clock, startTimer: systemTimer }),
      offers: createOfferService(events.offers.didUpdate),
      tools: createToolService({ clock, ledBy: events.ledBy, call: (nested) => callNested(path(), nested) }),
    },
    clock,
    log,
    grantsOf: grantsBy(late),
    optionalOf: optionalBy(late),
    didAnswer: metrics.countServiceAsk,
  });
}

function callNested(path: CallPath, { tool, params, ...nested }: NestedCall): Promise<Outcome> {
  return runCall(path, {
    ...nested,
    target: { kind: 'tool', name: tool },
    args: [params] satisfies readonly JsonValue[],
    idempotencyKey: undefined,
    live: undefined,
    refusal: undefined,
    listener: undefined,
  });
}
