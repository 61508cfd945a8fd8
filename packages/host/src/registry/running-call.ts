/**
 * What the registry is told of calls and of guests, and what it hands out for a call that was started.
 */
import type { CallError } from '@bulkhead/protocol';
import type { Entry, PluginRecord } from './records.ts';

/** Which state of a plugin is meant: without a scope all of them, without a digest that of the current release. */
export type Subject = { readonly scope?: string; readonly digest?: string };

/** A call that was started and not yet ended; hand it to `settle`, once. */
export type RunningCall = {
  readonly kind: 'running';
  readonly plugin: PluginRecord;
  readonly entry: Entry;
  readonly isProbe: boolean;
  isSettled: boolean;
};

/** The breaker holds the call back: nothing was started, so there is nothing to end. */
export type HeldBack = { readonly kind: 'held_back'; readonly error: CallError; readonly retryAfterMs: number };

/**
 * How a call ended. `className` is the class of what the plugin threw, where it is known. `didRun` is false where the
 * plugin never saw the call, such as one that timed out while it waited: then it judges nothing (decision 15).
 */
export type CallEnd = {
  readonly error: CallError | undefined;
  readonly durationMs: number;
  readonly didRun?: boolean;
  readonly className?: string;
};

/** Of a call that is recorded by name; the duration joins the averages where it is given. */
export type CallFacts = Subject & { readonly durationMs?: number };

/**
 * A guest that died of its plugin. `isCallerShortened`: its call's deadline was shorter than the plugin's own limit.
 * `isToldByCall`: the outcome of a call tells of it already, so the state needs no other reason.
 */
export type GuestDeath = {
  readonly instanceId: string;
  readonly error: CallError;
  readonly isCallerShortened: boolean;
  readonly isToldByCall: boolean;
};
