/**
 * What the live instances of plugins are opened with, and who hears of their beginning and their end.
 */
import { randomUUID } from 'node:crypto';
import { compileTool, recallTool } from '../fleet/compile-tool.ts';
import type { LiveOptions, LiveSpec } from '../fleet/live-plugin.ts';
import type { Journal } from '../journal/journal.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Registry, Subject } from '../registry/registry.ts';
import {
  SHARED_SCOPE,
  type AnswerGuest,
  type EventLine,
  type EventLink,
  type SandboxDeath,
} from '../sandbox/sandbox.ts';
import type { AnswerAsk } from '../services/desk.ts';
import type { HostAdmission } from './open-admission.ts';
import type { Background } from './open-background.ts';
import type { HostCommands } from './open-commands.ts';
import type { HostEgress } from './open-egress.ts';
import type { HostEvents } from './open-events.ts';
import { openGuest, type Drivers } from './open-guest.ts';
import type { HostLlm } from './open-llm.ts';
import { tellEnd } from './plugin-logs.ts';
import type { Possessions } from './possessions.ts';
import { debugLimits, type HostSettings } from './settings.ts';

/** Who serves a guest, and who watches it. */
export type Watchers = Pick<HostAdmission, 'chargeGuest'> & {
  readonly drivers: Drivers;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly journal: Journal;
  readonly answerAsk: AnswerAsk;
  readonly background: Background;
  readonly events: HostEvents;
  readonly egress: HostEgress;
  readonly llm: HostLlm;
  readonly commands: HostCommands;
  readonly possessions: Possessions;
};

/** Joins them. */
export function liveOptions(
  settings: HostSettings,
  {
    drivers,
    registry,
    metrics,
    chargeGuest,
    journal,
    answerAsk,
    background,
    events,
    egress,
    llm,
    commands,
    possessions,
  }: Watchers,
): LiveOptions {
  return {
    clock: settings.clock,
    idleTimeoutMs: settings.idleTimeoutMs,
    healthTimeoutMs: settings.healthTimeoutMs,
    callsPerSecondMax: settings.pluginCallsPerSecond,
    compileTool,
    recallTool,
    secretsOf: possessions.secretsOf,
    limitsOf: (limits) => (settings.debugging === undefined ? limits : debugLimits(limits)),
    mayBeShared: (plugin) => settings.sharedPlugins.includes(plugin),
    open: async (spec, scope) => {
      const speaker = background.speakerOf(spec, scope);
      egress.didOpen(speaker, spec);
      const answer: AnswerGuest = (ask, call) => answerAsk(speaker, ask, call);
      const connect = (line: EventLine): EventLink => events.connect(speaker, line);
      const ways = { scope, answer, connect, belongings: possessions.of(spec, scope) };
      const opening = await openGuest(drivers, spec, ways);
      background.didOpen(speaker, opening);
      const didLeave = (): void => [egress, llm, commands].forEach((service) => service.didLeave(speaker));
      if (opening.ok) void opening.sandbox.died.then(didLeave);
      else didLeave();
      if (opening.ok) settings.debugging?.didOpen(opening.sandbox, spec.sourceMap);
      if (opening.ok && scope.name !== SHARED_SCOPE) chargeGuest(scope.name, opening.sandbox);
      return opening;
    },
    isKept: background.isKept,
    onDeath: ({ spec, scope }, guest, death) => {
      background.didEnd({ spec, scope }, death.cause !== 'closed');
      if (death.isKilled) metrics.countKill(death.error.code);
      if (death.cause === 'fault')
        tellEnd(journal, { plugin: spec.name, scope }, { ...death, instanceId: guest.instanceId });
      registry.recordDeath(spec.name, subjectOf(spec, scope, death.tenant), toGuestDeath(guest.instanceId, death));
    },
    onFailedStart: ({ spec, scope }, error) => {
      background.didEnd({ spec, scope }, true);
      tellEnd(journal, { plugin: spec.name, scope }, { error });
      // It had no id of its own that anybody was told, and is not heard of again. Calls that waited for it may have
      // gone by now, each at its own deadline.
      const death = { instanceId: randomUUID(), error, isCallerShortened: false, isToldByCall: false };
      registry.recordDeath(spec.name, subjectOf(spec, scope), death);
    },
  };
}

/** Whom the end of a guest concerns: of a shared one the tenant whose call it died of, or else everybody. */
function subjectOf({ digest }: LiveSpec, scope: string, tenant?: string): Subject {
  const concerned = scope === SHARED_SCOPE ? tenant : scope;
  return concerned === undefined ? { digest } : { scope: concerned, digest };
}

function toGuestDeath(instanceId: string, death: SandboxDeath): Parameters<Registry['recordDeath']>[2] {
  const { told, cause, isTold } = death;
  return { instanceId, error: told, isCallerShortened: cause !== 'fault', isToldByCall: isTold };
}
