/**
 * `context.llm` (DESIGN 8): with the permission `llm`, for the tenant's budget and by its backends, within the time of the call that
 * asks. Who waits for the answer is named, so that no backend is asked by way of itself.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { AskModel, LlmRequest } from '../llm/llm.ts';
import { given, invalid, numberOf, refused, textOf, type ServiceMethod, type ServiceRequest } from './desk.ts';

/** Makes the methods behind `context.llm`. `optionsSchema` is that of what a backend takes. */
export function createLlmService(parts: {
  readonly clock: Clock;
  readonly ask: AskModel;
  readonly optionsSchema: JsonObject;
}): Readonly<Record<string, ServiceMethod>> {
  const takes = {
    type: 'object',
    properties: {
      prompt: { type: 'string' },
      options: parts.optionsSchema,
      backend: { type: 'string', minLength: 1, maxLength: 128 },
      timeout_ms: { type: 'integer', minimum: 1 },
    },
    additionalProperties: false,
  };
  const run: ServiceMethod['run'] = async (request) => {
    if (request.speaker.isTrial)
      return invalid('no language model answers while a release is tried; ask from a tool, or later');
    const { plugin, call } = request;
    const outcome = await parts.ask(requestOf(request, parts.clock.now()), [...(call?.origin?.chain ?? []), plugin]);
    if (!outcome.ok) return refused(outcome.error);
    const usage = outcome.llm.usage ?? undefined;
    return given({ ...outcome.value, ...(usage !== undefined && { usage }) }); // Read from JSON.
  };
  return { generate: { takes, needs: () => 'llm', run } };
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
