/**
 * What a tool asks of whoever called it, while it works on the call (`context.client`): its person, or its model. Only an MCP
 * client can be asked, and only what it said it can; a client is asked so many times a call, and the call's time goes on.
 */
import { LIMITS, callError, type CallError, type JsonObject } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { timerDelayMs, type StartTimer } from '../base/timer.ts';
import { HostError } from '../base/host-error.ts';
import type { CallClient, ClientAsk, SandboxCall } from '../sandbox/sandbox.ts';
import { given, refused, type ServiceMethod, type ServiceRequest, type ServiceResult } from './desk.ts';

const ASKS_MAX = LIMITS.client_asks.value;
const TEXT = { type: 'string', minLength: 1, maxLength: LIMITS.client_ask_characters.value } as const;

const ELICIT_TAKES = {
  type: 'object',
  properties: {
    message: TEXT,
    requestedSchema: {
      type: 'object',
      properties: {
        type: { const: 'object' },
        properties: { type: 'object', maxProperties: 64, additionalProperties: { type: 'object' } },
        required: { type: 'array', items: { type: 'string' } },
      },
      required: ['type', 'properties'],
    },
  },
  required: ['message', 'requestedSchema'],
  additionalProperties: false,
};

const SAMPLE_TAKES = {
  type: 'object',
  properties: {
    messages: { type: 'array', minItems: 1, maxItems: 256, items: { type: 'object', required: ['role', 'content'] } },
    maxTokens: { type: 'integer', minimum: 1 },
    systemPrompt: TEXT,
    temperature: { type: 'number', minimum: 0 },
    stopSequences: { type: 'array', maxItems: 16, items: { type: 'string' } },
    modelPreferences: { type: 'object' },
  },
  required: ['messages', 'maxTokens'],
  additionalProperties: false,
};

/** How long a client is waited for: until the call that asks is over. */
export type ClientServiceOptions = { readonly clock: Clock; readonly startTimer: StartTimer };

/** Makes the methods behind `context.client`. */
export function createClientService(options: ClientServiceOptions): Readonly<Record<string, ServiceMethod>> {
  const counts = new WeakMap<SandboxCall, number>();

  function take(call: SandboxCall): CallError | undefined {
    const count = (counts.get(call) ?? 0) + 1;
    counts.set(call, count);
    if (count <= ASKS_MAX) return undefined;
    const limit = { name: 'client_asks', allowed: ASKS_MAX, observed: count, unit: 'asks' };
    return callError('SERVICE_QUOTA_EXCEEDED', { message: `a call asks its client ${ASKS_MAX} times at most`, limit });
  }

  const ask =
    (method: ClientAsk['method']) =>
    async ({ call, args }: ServiceRequest): Promise<ServiceResult> => {
      const client = call?.listener?.client;
      if (call === undefined || client?.can.includes(method) !== true) return refused(unable(method, client));
      const tooMany = take(call);
      if (tooMany !== undefined) return refused(tooMany);
      return untilOver(client.ask({ method, params: args }), call, options);
    };

  return {
    elicit: { takes: ELICIT_TAKES, run: ask('elicit') },
    sample: { takes: SAMPLE_TAKES, run: ask('sample') },
  };
}

async function untilOver(
  asked: Promise<JsonObject>,
  call: SandboxCall,
  { clock, startTimer }: ClientServiceOptions,
): Promise<ServiceResult> {
  const { promise: over, resolve } = Promise.withResolvers<ServiceResult>();
  const cancelTimer = startTimer(timerDelayMs(call.deadline - clock.now()), () => resolve(refused(unanswered())));
  const answered = asked.then(given, (cause: unknown) =>
    refused(cause instanceof HostError ? callError('CLIENT_REFUSED', { message: cause.message }) : unanswered()),
  );
  try {
    return await Promise.race([answered, over]);
  } finally {
    cancelTimer();
  }
}

function unanswered(): CallError {
  return callError('CLIENT_REFUSED', { message: 'the call was over before its client had answered' });
}

function unable(method: ClientAsk['method'], client: CallClient | undefined): CallError {
  const what = method === 'elicit' ? 'to ask its person' : 'for its model';
  const why =
    client === undefined
      ? 'the call did not come over MCP from a client that can be asked'
      : `the client did not say that it can be asked ${what}`;
  return callError('CLIENT_UNABLE', { message: why });
}
