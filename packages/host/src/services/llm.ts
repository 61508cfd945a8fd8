/**
 * `context.llm` (DESIGN 8): with the permission `llm`, for the tenant's budget and by its backends, within the time of the call that
 * asks. Who waits for the answer is named, so that no backend is asked by way of itself.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { AskModel, LlmOutcome, LlmRequest } from '../llm/llm.ts';
import {
  given,
  invalid,
  numberOf,
  refused,
  textOf,
  type LastingService,
  type ServiceMethod,
  type ServiceRequest,
} from './desk.ts';
import { createLlmStreams, type Reader } from './llm-streams.ts';

/** Makes the methods behind `context.llm`. `optionsSchema` is that of what a backend takes. */
export function createLlmService(parts: {
  readonly clock: Clock;
  readonly ask: AskModel;
  readonly optionsSchema: JsonObject;
}): LastingService {
  const properties = {
    prompt: { type: 'string' },
    options: parts.optionsSchema,
    backend: { type: 'string', minLength: 1, maxLength: 128 },
    timeout_ms: { type: 'integer', minimum: 1 },
  };
  const ask = (request: ServiceRequest, reader?: Reader): Promise<LlmOutcome> => {
    const { plugin, call } = request;
    const asked = requestOf(request, parts.clock.now());
    return parts.ask({ ...asked, ...readBy(asked, reader) }, [...(call?.origin?.chain ?? []), plugin]);
  };
  const generate = unlessTried(async (request) => {
    const outcome = await ask(request);
    if (!outcome.ok) return refused(outcome.error);
    const usage = outcome.llm.usage ?? undefined;
    return given({ ...outcome.value, ...(usage !== undefined && { usage }) }); // Read from JSON.
  });
  const { methods, didLeave } = createLlmStreams({ takes: properties, ask });
  return {
    methods: {
      generate: {
        takes: { type: 'object', properties, additionalProperties: false },
        needs: () => 'llm',
        run: generate,
      },
      ...methods,
      stream: { ...methods.stream, run: unlessTried(methods.stream.run) },
    },
    didLeave,
  };
}

const TRIAL = 'no language model answers while a release is tried; ask from a tool, or later';

function unlessTried(run: ServiceMethod['run']): ServiceMethod['run'] {
  return async (request) => (request.speaker.isTrial ? invalid(TRIAL) : run(request));
}

/** A stream ends with its reader, and with the call in which it was begun. */
function readBy({ signal }: LlmRequest, reader: Reader | undefined): Partial<LlmRequest> {
  if (reader === undefined) return {};
  return { ...reader, signal: signal === undefined ? reader.signal : AbortSignal.any([signal, reader.signal]) };
}

function requestOf({ tenant, args, call }: ServiceRequest, now: number): LlmRequest {
  const leftMs = call === undefined ? undefined : Math.max(1, Math.floor(call.deadline - now));
  const timesMs = [leftMs, numberOf(args, 'timeout_ms')].filter((ms) => ms !== undefined);
  return {
    prompt: textOf(args, 'prompt'),
    options: args['options'] as LlmRequest['options'], // The schema has judged it.
    backend: textOf(args, 'backend'),
    tenant,
    timeoutMs: timesMs.length === 0 ? undefined : Math.min(...timesMs),
    signal: call?.signal,
  };
}
