/**
 * Tells those who hear of calls that one has ended: which tool it was and how it went, never what it was given or gave.
 */
import type { OutcomeKind } from '@bulkhead/protocol';
import type { CallRun } from './call-run.ts';

/** A call that has ended. */
export type CalledTool = {
  readonly tenant: string;
  readonly plugin: string;
  readonly tool: string;
  readonly outcome: 'ok' | OutcomeKind;
  readonly durationMs: number;
};

/** Who hears of calls; `isWatched` is false while nobody does, which is all that a call then costs. */
export type CallEvents = { readonly isWatched: boolean; readonly didCall: (called: CalledTool) => void };

/**
 * Tells of a call. Not of one that a plugin made: a handler that calls tools would hear of each call that hearing made it make.
 * What found no release is nobody's, and its names may be anything.
 */
export function tellCall(events: CallEvents, run: CallRun, end: Pick<CalledTool, 'outcome' | 'durationMs'>): void {
  const { task, tenant, digest } = run;
  const { plugin, target, chain, live } = task;
  if (target.kind !== 'tool' || chain.length > 0 || live !== undefined || digest === null) return;
  events.didCall({ ...end, tenant, plugin, tool: target.name.slice(0, TOOL_CHARACTERS_MAX) });
}

/** A name that the plugin offers is shorter. */
const TOOL_CHARACTERS_MAX = 128;
