/**
 * The calls in flight inside a guest: each is started once, answered once, and knows its own context wherever its
 * asynchronous work goes.
 */
import { createIdTable, type CallMessage } from '@bulkhead/protocol';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AdaptedPlugin } from './adapt/adapt.ts';
import { GuestCall, type ContextSource } from './context.ts';
import { errMessage, okMessage, type Answer } from './reply.ts';
import { describeThrown } from './thrown.ts';

/** A loaded plugin with what its calls need. */
export type Bound = {
  readonly plugin: AdaptedPlugin;
  readonly source: ContextSource;
  readonly outputBytesMax: number;
};

/** The table of calls; `start` and `abort` come from the host. */
export type GuestCalls = {
  readonly start: (bound: Bound, message: CallMessage) => void;
  readonly abort: (id: number) => void;
  /** Id of the call whose code is running now, also in its timers and promises. */
  readonly currentId: () => number | undefined;
  /** Ids started since the last time it was asked that are still running. */
  readonly takeBegun: () => readonly number[];
};

/** Makes the table; `send` takes a message as JSON. */
export function createGuestCalls(send: (json: string) => void): GuestCalls {
  const calls = createIdTable<GuestCall>();
  const current = new AsyncLocalStorage<GuestCall>();
  let started: number[] = [];

  function run(bound: Bound, message: CallMessage, call: GuestCall): void {
    try {
      const result = dispatch(bound.plugin, message, call);
      if (isThenable(result)) void settleLater(bound, message, result);
      else settleOk(bound, message, result);
    } catch (thrown) {
      settle(message.id, errMessage(message.id, describeThrown(thrown, 'PLUGIN_THREW')));
    }
  }

  async function settleLater(bound: Bound, message: CallMessage, result: PromiseLike<unknown>): Promise<void> {
    try {
      settleOk(bound, message, await result);
    } catch (thrown) {
      settle(message.id, errMessage(message.id, describeThrown(thrown, 'PLUGIN_THREW')));
    }
  }

  function settleOk(bound: Bound, message: CallMessage, result: unknown): void {
    // The adapter answers a tool with value and metadata; everything else returns its bare value.
    const answer = message.target === 'tool' ? (result as Answer) : { value: result };
    settle(message.id, okMessage(message.id, answer, bound.outputBytesMax));
  }

  function settle(id: number, json: string): void {
    if (calls.take(id) !== undefined) send(json);
  }

  return {
    start: (bound, message) => {
      const call = new GuestCall(message, bound.source);
      calls.set(message.id, call);
      started.push(message.id);
      current.run(call, run, bound, message, call);
    },
    abort: (id) => calls.get(id)?.abort(),
    currentId: () => current.getStore()?.callId,
    takeBegun: () => {
      const running = started.filter((id) => calls.get(id) !== undefined);
      started = [];
      return running;
    },
  };
}

function dispatch(plugin: AdaptedPlugin, message: CallMessage, call: GuestCall): unknown {
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
      return plugin.healthCheck === undefined ? null : plugin.healthCheck();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'; // Duck-typed.
}
