/**
 * Calls of one plugin's tools by another (DESIGN 8): with the permission `call:<plugin>`, for the same tenant, as any call is
 * made, and within the time of the call that it is made for. Plugins that call in a circle would wait for themselves, so that
 * is refused, and so is a chain that is too deep. A hook calls nothing: what it called would be hooked by it again.
 */
import {
  LIMITS,
  PLUGIN_NAME_PATTERN,
  callError,
  type CallError,
  type JsonValue,
  type Outcome,
} from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { CallOrigin } from '../sandbox/sandbox.ts';
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

/** A call that a plugin makes. */
export type NestedCall = {
  readonly plugin: string;
  readonly tool: string;
  readonly params: JsonValue;
  readonly tenant: string;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly scopes: readonly string[] | undefined;
  /** Plugins that wait for it, the first caller first. */
  readonly chain: readonly string[];
  /** Depth of the event that it follows from, where it does. */
  readonly eventDepth: number | undefined;
};

/** What the service is made of. */
export type ToolServiceOptions = {
  readonly clock: Clock;
  /** Runs a call as any other; never rejects. */
  readonly call: (call: NestedCall) => Promise<Outcome>;
  /** Depth of the event that an ask follows from, where it does. */
  readonly ledBy: (request: ServiceRequest) => number | undefined;
};

const DEPTH_MAX = LIMITS.call_depth.value;

/** Makes the methods behind `context.callTool`. */
export function createToolService({ clock, call, ledBy }: ToolServiceOptions): Readonly<Record<string, ServiceMethod>> {
  async function run(request: ServiceRequest): Promise<ServiceResult> {
    const refusal = refuseCall(request);
    if (refusal !== undefined) return refusal;
    const outcome = await call({ ...nestedCall(request, clock.now()), eventDepth: ledBy(request) });
    return outcome.ok ? given(outcome.value) : refused(outcome.error);
  }

  return { call: { takes: TAKES, needs: ({ args }) => `call:${textOf(args, 'plugin') ?? ''}`, run } };
}

const TAKES = {
  type: 'object',
  properties: {
    plugin: { type: 'string', pattern: PLUGIN_NAME_PATTERN },
    tool: { type: 'string', minLength: 1, maxLength: 128 },
    params: {},
    timeout_ms: { type: 'integer', minimum: 1 },
  },
  required: ['plugin', 'tool'],
  additionalProperties: false,
};

function refuseCall({ plugin: caller, args, call, speaker }: ServiceRequest): ServiceResult | undefined {
  if (speaker.isTrial)
    return invalid('tools cannot be called while a release is tried; call them from a tool, or later');
  if (call !== undefined && call.origin === undefined) return invalid('a hook cannot call tools');
  const chain = chainOf(caller, call?.origin);
  const plugin = textOf(args, 'plugin') ?? '';
  if (chain.includes(plugin)) {
    return refused(
      callError('CALL_CIRCULAR', { message: `plugins call in a circle: ${[...chain, plugin].join(' -> ')}` }),
    );
  }
  return chain.length >= DEPTH_MAX ? refused(tooDeep(chain)) : undefined;
}

function nestedCall(
  { plugin: caller, tenant, args, call }: ServiceRequest,
  now: number,
): Omit<NestedCall, 'eventDepth'> {
  const leftMs = call === undefined ? undefined : Math.max(1, Math.floor(call.deadline - now));
  const timesMs = [leftMs, numberOf(args, 'timeout_ms')].filter((ms) => ms !== undefined);
  return {
    plugin: textOf(args, 'plugin') ?? '',
    tool: textOf(args, 'tool') ?? '',
    params: args['params'] ?? {},
    tenant,
    timeoutMs: timesMs.length === 0 ? undefined : Math.min(...timesMs),
    signal: call?.signal,
    scopes: call?.origin?.scopes,
    chain: chainOf(caller, call?.origin),
  };
}

function chainOf(caller: string, origin: CallOrigin | undefined): readonly string[] {
  return [...(origin?.chain ?? []), caller];
}

function tooDeep(chain: readonly string[]): CallError {
  const limit = { name: 'call_depth', allowed: DEPTH_MAX, observed: chain.length + 1, unit: 'calls' };
  return callError('CALL_TOO_DEEP', { message: `a chain of calls is too deep: ${chain.join(' -> ')}`, limit });
}
