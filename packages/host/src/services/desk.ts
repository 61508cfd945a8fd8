/**
 * Where a plugin's asks arrive (DESIGN 8): which service is meant, may this plugin use it for this tenant, do the arguments
 * fit, how often has it asked. The services themselves are beside it. Everything that a guest says is hostile; what it may
 * do is decided by the registration of the tenant that its instance, or the call it works on, is for.
 *
 * D1: Every ask is answered once, and no answer rejects.
 * D2: An ask reaches one plugin's and one tenant's things, whatever its arguments say; another plugin's only by a grant.
 * D3: A trial leaves nothing behind: what it stores is its own and goes with it.
 */
import {
  LIMITS,
  callError,
  type CallError,
  type JsonObject,
  type JsonValue,
  type ServiceAnswer,
  type ServiceAsk,
} from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { Log } from '../base/log.ts';
import { SHARED_SCOPE, type SandboxCall } from '../sandbox/sandbox.ts';
import { compileOwnSchema, type SchemaCheck } from '../schema/compile-schema.ts';

/** Whose instance asks, one object for each instance. `tenant` is its scope: {@link SHARED_SCOPE} where it serves every tenant. */
export type Speaker = {
  readonly plugin: string;
  readonly tenant: string;
  readonly isTrial: boolean;
  /** Of its release; one that is not the tenant's own may stand in for that. */
  readonly digest?: string;
  /** It serves one call and goes. */
  readonly isSingleUse?: boolean;
  /** Set where it runs in a harness and stands for `plugin` (ADR 39): its own name, and all that its release asks for. */
  readonly judged?: { readonly name: string; readonly asks: readonly string[] } | undefined;
};

/** An ask that is allowed and well-formed. `call` is the one that the plugin works on, where it said so and that is true. */
export type ServiceRequest = {
  readonly plugin: string;
  readonly tenant: string;
  readonly speaker: Speaker;
  readonly args: JsonObject;
  readonly call: SandboxCall | undefined;
  /** The event that it says it is handling; whether that is so is for whoever delivered it to know. */
  readonly event?: number | undefined;
};

/** A service that works for an instance beyond its asks; `didLeave` ends what it does for one that is gone. */
export type LastingService = {
  readonly methods: Readonly<Record<string, ServiceMethod>>;
  readonly didLeave: (speaker: Speaker) => void;
};

/** One method of a service. */
export type ServiceMethod = {
  /** JSON Schema of its arguments. */
  readonly takes: JsonObject;
  /** The permission that these arguments need, where they need one. */
  readonly needs?: (request: ServiceRequest) => string | undefined;
  /** Tells of an answer that its pace is bounded by what it brings, such as a piece of a download: then it does not count for the rate. */
  readonly isPaced?: (value: JsonValue) => boolean;
  /** Serves one request. A HostError that it throws is the answer, too. */
  readonly run: (request: ServiceRequest) => Promise<ServiceResult>;
};

/** What a service answers. */
export type ServiceResult =
  { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly error: CallError };

/** Services by name, their methods by name. */
export type Services = Readonly<Record<string, Readonly<Record<string, ServiceMethod>>>>;

/** What the desk is made of. */
export type DeskOptions = {
  readonly services: Services;
  readonly clock: Clock;
  readonly log: Log;
  /** What a release was granted, by default that of the registration; empty where the tenant does not run the plugin. */
  readonly grantsOf: (tenant: string, plugin: string, digest?: string) => readonly string[];
  /** Which permissions it can do without. */
  readonly optionalOf: (tenant: string, plugin: string, digest?: string) => readonly string[];
  /** Told how each ask ended, under names that exist. */
  readonly didAnswer: (service: string, code: string) => void;
};

/** Answers one ask; never rejects (D1). `call` is the pending call that it names. */
export type AnswerAsk = (speaker: Speaker, ask: ServiceAsk, call: SandboxCall | undefined) => Promise<ServiceAnswer>;

type Prepared = ServiceMethod & { readonly check: SchemaCheck };

const WINDOW_MS = 1_000;
const ASKS_MAX = LIMITS.service_asks_per_second.value;

/** Opens the desk over its services. */
export function createDesk({ services, clock, log, didAnswer, ...standing }: DeskOptions): AnswerAsk {
  const methods = prepare(services);
  const rate = createRate(clock);

  async function serve(speaker: Speaker, ask: ServiceAsk, call: SandboxCall | undefined): Promise<ServiceResult> {
    const method = methods.get(nameOf(ask));
    if (method === undefined) return invalid(`there is no service "${nameOf(ask)}"; ${known(methods)}`);
    const tenant = tenantOf(speaker, call);
    if (tenant === undefined) return invalid(NO_TENANT);
    // What is judged takes none of what the plugin that serves may ask.
    const asker = speaker.judged?.name ?? speaker.plugin;
    if (rate.isOften(tenant, asker)) return refused(tooOften());
    const wrong = method.check(ask.args);
    if (wrong !== undefined) return invalid(`${nameOf(ask)}: ${wrong}`);
    const { plugin, isTrial, judged } = speaker;
    const request = { plugin, tenant, speaker, args: ask.args, call, event: ask.event };
    const needed = method.needs?.(request);
    if (needed !== undefined && !isTrial) {
      const { digest } = speaker;
      const error = refuseUngranted(standing, { tenant, plugin, digest, needed, asks: judged?.asks });
      if (error !== undefined) return refused(error);
    }
    const answered = await method.run(request);
    if (answered.ok && method.isPaced?.(answered.value) === true) rate.giveBack(tenant, asker);
    return answered;
  }

  return async (speaker, ask, call) => {
    const isKnown = methods.has(nameOf(ask));
    try {
      const answered = await serve(speaker, ask, call);
      if (isKnown) didAnswer(ask.service, answered.ok ? 'ok' : answered.error.code);
      return answered.ok ? answered : answerOf(answered.error);
    } catch (cause) {
      if (!(cause instanceof HostError)) log.error({ err: cause, plugin: speaker.plugin }, 'a service failed');
      const { code, message, hint, retryAfterMs } = cause instanceof HostError ? cause : new HostError('HOST_FAULT');
      if (isKnown) didAnswer(ask.service, code);
      return answerOf(callError(code, { message, hint, retryAfterMs }));
    }
  };
}

/** A service's answer where all went well. */
export function given(value: JsonValue): ServiceResult {
  return { ok: true, value };
}

/** A service's answer where it did not. */
export function refused(error: CallError): ServiceResult {
  return { ok: false, error };
}

/** The answer to arguments of a wrong kind, or to an ask at a wrong moment. */
export function invalid(message: string): ServiceResult {
  return refused(callError('SERVICE_ASK_INVALID', { message }));
}

const NO_TENANT =
  'this instance serves every tenant, and the ask was made outside of a call, so that it is for none; ask from within a tool or a hook';

function prepare(services: Services): ReadonlyMap<string, Prepared> {
  const prepared = new Map<string, Prepared>();
  for (const [service, methods] of Object.entries(services)) {
    for (const [name, method] of Object.entries(methods)) {
      prepared.set(`${service}.${name}`, { ...method, check: compileOwnSchema(method.takes) });
    }
  }
  return prepared;
}

function nameOf({ service, method }: ServiceAsk): string {
  return `${service}.${method}`;
}

function known(methods: ReadonlyMap<string, Prepared>): string {
  return `there are ${[...methods.keys()].join(', ')}`;
}

/** The call that an ask names decides only where the instance is everybody's: else it is the instance's own tenant's. */
function tenantOf({ tenant }: Speaker, call: SandboxCall | undefined): string | undefined {
  return tenant === SHARED_SCOPE ? call?.caller?.tenant : tenant;
}

type Rate = {
  readonly isOften: (tenant: string, plugin: string) => boolean;
  /** Takes back one that was counted, where its second has not passed. */
  readonly giveBack: (tenant: string, plugin: string) => void;
};

/** Counts the asks of each plugin and tenant within a second, and tells which is one too many. */
function createRate(clock: Clock): Rate {
  const counts = new Map<string, number>();
  let windowStart = clock.now();
  const keyOf = (tenant: string, plugin: string): string => `${tenant}\0${plugin}`;

  function isOften(tenant: string, plugin: string): boolean {
    const now = clock.now();
    if (now - windowStart >= WINDOW_MS) {
      counts.clear();
      windowStart = now;
    }
    const key = keyOf(tenant, plugin);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count > ASKS_MAX;
  }

  function giveBack(tenant: string, plugin: string): void {
    const count = counts.get(keyOf(tenant, plugin)) ?? 0;
    if (count > 0) counts.set(keyOf(tenant, plugin), count - 1);
  }

  return { isOften, giveBack };
}

function tooOften(): CallError {
  const limit = { name: 'service_asks_per_second', allowed: ASKS_MAX, observed: ASKS_MAX + 1, unit: 'asks' };
  return callError('SERVICE_QUOTA_EXCEEDED', { limit });
}

type Needing = {
  readonly tenant: string;
  readonly plugin: string;
  readonly digest: string | undefined;
  readonly needed: string;
  /** Where another release than the registration's asks: it has no grant that it does not itself ask for. */
  readonly asks: readonly string[] | undefined;
};

function refuseUngranted(
  { grantsOf, optionalOf }: Pick<DeskOptions, 'grantsOf' | 'optionalOf'>,
  { tenant, plugin, digest, needed, asks }: Needing,
): CallError | undefined {
  const granted = grantsOf(tenant, plugin, digest).filter((word) => asks?.includes(word) ?? true);
  if (granted.includes(needed)) return undefined;
  const isOptional = optionalOf(tenant, plugin, digest).includes(needed);
  const what = isOptional ? 'optional permission' : 'permission';
  // A grant takes the place of the one before it.
  const command = `\`bulkhead enable ${plugin} --grant ${[...granted, needed].join(',')}\``;
  return callError('PERMISSION_NOT_GRANTED', {
    message: `plugin "${plugin}" needs the ${what} "${needed}" for this, which its registration was not granted`,
    hint: isOptional
      ? `Do without it, or have it granted: ${command}.`
      : `List it in required_permissions or optional_permissions of plugin.json, and grant it: ${command}.`,
  });
}

/** A service's error as the guest is told of it, without what is not its business. */
export function answerOf({ kind, code, message, hint, retryable, retry_after_ms }: CallError): ServiceAnswer {
  const error = { kind, code, message, hint, retryable };
  return { ok: false, error: retry_after_ms === undefined ? error : { ...error, retry_after_ms } };
}

/** Reads a text that the schema has judged; undefined where it was left out. */
export function textOf(args: JsonObject, name: string): string | undefined {
  const value = args[name];
  return typeof value === 'string' ? value : undefined;
}

/** Reads a number that the schema has judged; undefined where it was left out. */
export function numberOf(args: JsonObject, name: string): number | undefined {
  const value = args[name];
  return typeof value === 'number' ? value : undefined;
}

/** Reads a list of texts that the schema has judged, without what is there twice; empty where it was left out. */
export function textsOf(args: JsonObject, name: string): readonly string[] {
  const value = args[name];
  return Array.isArray(value) ? [...new Set(value.filter((item) => typeof item === 'string'))] : [];
}
