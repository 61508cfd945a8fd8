/**
 * The registry's own sentences: what it answers where a call is held back, and the reasons it keeps.
 */
import { callError, isErrorCode, type CallError } from '@bulkhead/protocol';
import type { Breaker } from './breaker.ts';
import { composeReason, publicReason } from './reason.ts';
import type { Reason } from './records.ts';

/** What a call is answered while the breaker holds it back. */
export function heldBackError(breaker: Breaker, retryAfterMs: number): CallError {
  const wait = breaker.kind === 'held' ? 'until an administrator reloads it' : `for ${retryAfterMs} ms`;
  return callError('BREAKER_OPEN', { message: `the plugin died too often, so calls are held back ${wait}` });
}

/** Why a plugin stays FAILED once its breaker no longer closes by itself. */
export function reasonOfHold(name: string, openings: number): Reason {
  const text = composeReason({
    code: 'BREAKER_OPEN',
    message: `the plugin kept dying, and its breaker opened ${openings} times in a row`,
    cause: 'it stays open until an administrator reloads the plugin',
    cure: `mend the plugin, then reload it: POST /api/v1/plugins/${name}/reload`,
    isPermanent: true,
  });
  return { code: 'BREAKER_OPEN', text, isThrown: false };
}

/** The reason that a call's error leaves; it may hold the text of whoever called, so it is marked as thrown. */
export function reasonOfCall(error: CallError, className: string | undefined): Reason {
  const code = isErrorCode(error.code) ? error.code : 'PLUGIN_THREW';
  const parts = { code, message: error.message, cure: error.hint };
  return { code, text: composeReason(className === undefined ? parts : { ...parts, className }), isThrown: true };
}

/** The reason where a call was recorded as failed and nobody said why. */
export function reasonUntold(): Reason {
  return { code: 'PLUGIN_THREW', text: publicReason('PLUGIN_THREW'), isThrown: false };
}
