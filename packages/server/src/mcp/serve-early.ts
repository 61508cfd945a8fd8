/**
 * Begins a call of a tool before the library has it, and answers it where it ends early. See `early-call.ts` for what is taken, and
 * `early-answer.ts` for what is written.
 */
import type { Host } from '@bulkhead/host';
import { LIMITS, type Outcome } from '@bulkhead/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../door/principal.ts';
import { answerEarly } from './early-answer.ts';
import { readEarlyCall, type EarlyPlace } from './early-call.ts';
import { findNamed, nameAll } from './names.ts';
import { RunningCall } from './running-call.ts';
import { isPlainResult, toMcpResult } from './tool-answers.ts';

/** What is called, where it came in, and who is told how it ended. */
export type EarlyServing = {
  readonly host: Pick<Host, 'tools' | 'call'>;
  readonly didCall: (outcome: Outcome) => void;
  readonly place: EarlyPlace & { readonly plugin: string | undefined };
};

/** A call that was begun. */
export type EarlyServed = {
  readonly call: RunningCall;
  /** Writes its answer where it ends early; else answers what whoever takes over does. */
  readonly end: <Answer>(
    reply: FastifyReply,
    handOver: (call: RunningCall) => Promise<Answer>,
  ) => Promise<Answer | undefined>;
};

/** Begins it; undefined where the request is not of this kind, or there is no such tool: the library says what of that is wrong. */
export function beginEarly({ host, didCall, place }: EarlyServing, asked: FastifyRequest): EarlyServed | undefined {
  const early = readEarlyCall(asked, place);
  if (early === undefined) return undefined;
  const { tenant, scopes } = callerOf(asked);
  const tool = findNamed(nameAll(host.tools(tenant), place.plugin), early.name);
  if (tool === undefined) return undefined;
  const { plugin, name } = tool;
  const call = new RunningCall({ ...early.options, plugin });
  void call
    .start((links) => host.call({ plugin, tool: name, params: early.params, tenant, scopes, ...links }))
    .then(didCall);
  return {
    call,
    end: async (reply, handOver) => {
      const outcome = await call.endsEarly(LIMITS.mcp_early_ms.value);
      if (outcome === undefined || !isPlainResult(outcome, tool)) return handOver(call);
      await answerEarly(reply, early, toMcpResult(outcome, tool, asIs));
      return undefined;
    },
  };
}

/** A plain result has no blocks of a plugin's to be shown. */
function asIs<Value>(value: Value): Value {
  return value;
}
