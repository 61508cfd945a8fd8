/**
 * The calls in flight inside a guest: each is started once, answered once, and knows its own context wherever its
 * asynchronous work goes.
 */
import { createIdTable, type CallMessage, type ChunkForm } from '@bulkhead/protocol';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AdaptedPlugin } from './adapt/adapt.ts';
import type { ToolAnswer } from './adapt/tool.ts';
import type { GuestChannel } from './channel.ts';
import { GuestCall, type ContextSource } from './context.ts';
import type { HealthAsking } from './health.ts';
import { AnswerFault, errMessage, okMessage } from './reply.ts';
import { drainStream, isStream } from './stream.ts';
import { describeThrown, type Thrown } from './thrown.ts';

/** A loaded plugin with what its calls need. */
export type Bound = {
  readonly plugin: AdaptedPlugin;
  readonly askHealth: HealthAsking;
  readonly source: ContextSource;
  readonly outputBytesMax: number;
};

/** The table of calls; `start`, `more` and `abort` come from the host. */
export type GuestCalls = {
  readonly start: (bound: Bound, message: CallMessage) => void;
  /** Whoever reads a call's pieces takes this many bytes more. */
  readonly more: (id: number, bytes: number) => void;
  readonly abort: (id: number) => void;
  /** Id of the call whose code is running now, also in its timers and promises. */
  readonly currentId: () => number | undefined;
  /** Ids started since the last time it was asked that are still running. */
  readonly takeBegun: () => readonly number[];
};

/** An answer that comes in pieces. */
type Streamed = Pick<ToolAnswer, 'metadata'> & { readonly pieces: AsyncIterable<unknown> };

/** Makes the table. */
export function createGuestCalls({ send: sendJson, sendChunk }: Pick<GuestChannel, 'send' | 'sendChunk'>): GuestCalls {
  const calls = createIdTable<GuestCall>();
  const current = new AsyncLocalStorage<GuestCall>();
  let started: number[] = [];

  function run(bound: Bound, message: CallMessage, call: GuestCall): void {
    try {
      const result = dispatch(bound, message, call);
      if (isThenable(result)) void settleLater(bound, message, result);
      else settleOk(bound, message, result);
    } catch (thrown) {
      settle(message.id, errMessage(message.id, describeFault(thrown)));
    }
  }

  async function settleLater(bound: Bound, message: CallMessage, result: PromiseLike<unknown>): Promise<void> {
    try {
      settleOk(bound, message, await result);
    } catch (thrown) {
      settle(message.id, errMessage(message.id, describeFault(thrown)));
    }
  }

  function settleOk(bound: Bound, message: CallMessage, result: unknown): void {
    // The adapter answers a tool with value and metadata; everything else returns its bare value.
    const answer = message.target === 'tool' ? (result as ToolAnswer) : { value: result };
    if (isStream(answer.value)) void settleStream(bound, message.id, { ...answer, pieces: answer.value });
    else settle(message.id, okMessage(message.id, answer, bound.outputBytesMax));
  }

  async function settleStream({ outputBytesMax }: Bound, id: number, { pieces, metadata }: Streamed): Promise<void> {
    try {
      const send = (form: ChunkForm, bytes: Uint8Array): void => sendChunk({ id, form, bytes });
      const outlet = { reader: calls.get(id)?.reader, send, bytesMax: outputBytesMax };
      const answer = await drainStream(pieces, outlet);
      settle(id, okMessage(id, { ...answer, metadata }, outputBytesMax));
    } catch (thrown) {
      settle(id, errMessage(id, describeFault(thrown)));
    }
  }

  function settle(id: number, json: string): void {
    const call = calls.take(id);
    if (call === undefined) return;
    call.end();
    sendJson(json);
  }

  return {
    start: (bound, message) => {
      const call = new GuestCall(message, bound.source);
      calls.set(message.id, call);
      started.push(message.id);
      current.run(call, run, bound, message, call);
    },
    more: (id, bytes) => calls.get(id)?.reader?.give(bytes),
    abort: (id) => calls.get(id)?.abort(),
    currentId: () => current.getStore()?.callId,
    takeBegun: () => {
      const running = started.filter((id) => calls.get(id) !== undefined);
      started = [];
      return running;
    },
  };
}

function dispatch({ plugin, askHealth }: Bound, message: CallMessage, call: GuestCall): unknown {
  switch (message.target) {
    case 'tool':
      return plugin.runTool(message.name, message.args[0] ?? {}, call);
    case 'export':
      return plugin.runExport(message.name, message.args);
    case 'entry':
      return plugin.runEntry(message.name, message.args, call);
    case 'hook':
      return plugin.runHook(message.name, message.args[0], call);
    case 'health':
      return askHealth(message.args[0]);
  }
}

function describeFault(thrown: unknown): Thrown {
  return isAnswerFault(thrown) ? thrown.thrown : describeThrown(thrown, 'PLUGIN_THREW');
}

/** A Proxy may throw when it is asked what it is. */
function isAnswerFault(thrown: unknown): thrown is AnswerFault {
  try {
    return thrown instanceof AnswerFault;
  } catch {
    return false;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'; // Duck-typed.
}
