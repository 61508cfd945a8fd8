/**
 * A call with an idempotency key runs at most once (DESIGN 9): a second one with the same key and params is answered with the
 * stored outcome. Keys are of one tenant, plugin and tool, and live 24 hours in the storage, under the id of the call that
 * took them. A call that was lost with its host is settled at the next start (`end-lost-calls.ts`).
 *
 *   claim ──claimed──▶ run ──▶ the plugin may have run ──▶ settle: later calls are answered this outcome
 *     │                   └──▶ the plugin did not run ───▶ free: the key may be tried again
 *     ├─replay───▶ the stored outcome; no call of its own, so nothing is recorded
 *     ├─running──▶ IDEMPOTENCY_RUNNING
 *     └─conflict─▶ IDEMPOTENCY_CONFLICT
 */
import { hash } from 'node:crypto';
import {
  callError,
  canonicalJson,
  LIMITS,
  type CallError,
  type JsonValue,
  type Outcome,
  type OutcomeKind,
} from '@bulkhead/protocol';
import { isoTime } from '../base/clock.ts';
import type { KeyAnswer, KeyClaim } from '../storage/records-port.ts';
import { endCallSpan } from '../tracing/call-span.ts';
import { answerInTime } from '../storage/answer-in-time.ts';
import { failCall, recordCall, type CallEnd, type CallPath, type CallRun } from './call-run.ts';
import { refuseTimeout } from './resolve-call.ts';

/** What ended with one of these never reached the plugin's tool, whatever else of the plugin ran for it. */
const NEVER_RAN: ReadonlySet<OutcomeKind> = new Set([
  'invalid_input',
  'denied',
  'over_quota',
  'overloaded',
  'breaker_open',
  'unavailable',
  'disabled',
  'not_found',
]);

/** How a call that took a key ended; without an outcome it did not run, and its key is free. */
export type Settlement = { readonly callId: string; readonly outcome: Outcome | undefined };

/** Tells the storage how such a call ended; telling it again changes nothing. */
export function settle(
  storage: Pick<CallPath['storage'], 'settleKey' | 'freeKey'>,
  { callId, outcome }: Settlement,
): Promise<void> {
  return outcome === undefined ? storage.freeKey(callId) : storage.settleKey(callId, outcome);
}

/**
 * Serves an admitted call unless its key has been used.
 *
 * @param serve - Called at most once.
 * @returns the outcome, new or stored. `STORAGE_UNAVAILABLE` where the key cannot be claimed; then nothing ran. A key that
 *   cannot be settled stays claimed until it can be, or expires: at most once comes first. Never rejects.
 */
export async function runOnce(
  path: CallPath,
  run: CallRun,
  { key, serve }: { readonly key: string; readonly serve: () => Promise<CallEnd> },
): Promise<Outcome> {
  const claim = claimOf(path, run, key);
  if ('kind' in claim) return refuse(path, run, claim);
  const answer = await takeKey(path, run, claim);
  switch (answer?.kind) {
    case undefined:
      return refuse(path, run, callError('STORAGE_UNAVAILABLE'));
    case 'conflict':
      return refuse(path, run, callError('IDEMPOTENCY_CONFLICT'));
    case 'running':
      return refuse(path, run, callError('IDEMPOTENCY_RUNNING'));
    case 'replay':
      return replay(path, run, answer.outcome);
    case 'claimed':
      return keep(path, run, await serveTo(path, run, serve));
  }
}

/** What was kept is no call of its own: there is nothing to record but its span. */
function replay(path: CallPath, run: CallRun, outcome: Outcome): Outcome {
  run.endedAt = path.clock.now();
  endCallSpan(run.span, outcome);
  return outcome;
}

function refuse(path: CallPath, run: CallRun, error: CallError): Outcome {
  return recordCall(path, run, { ok: false, error });
}

/** What the key stands for, or why it cannot stand for this call. */
function claimOf(path: CallPath, run: CallRun, key: string): KeyClaim | CallError {
  const keyMax = LIMITS.idempotency_key_characters.value;
  if (key.length === 0 || key.length > keyMax) return wrongKey(key.length, keyMax);
  const untimed = refuseTimeout(run.task.timeoutMs);
  if (untimed !== undefined) return untimed; // Nobody would wait for the claim.
  const params = digestOfParams(run.task.args);
  if (params === undefined) return callError('PARAMS_INVALID', { message: 'params cannot be written as JSON' });
  return {
    tenant_id: run.tenant,
    plugin_name: run.task.plugin,
    tool: run.task.target.name,
    key,
    params_hash: params,
    call_id: run.id,
    node: path.node,
    claimed_at: isoTime(run.startedWall),
    expires_at: isoTime(run.startedWall + LIMITS.idempotency_key_ms.value),
  };
}

function wrongKey(observed: number, allowed: number): CallError {
  return callError('REQUEST_INVALID', {
    message: `the idempotency key has ${observed} characters; expected 1 to ${allowed}`,
    limit: { name: 'idempotency_key_characters', allowed, observed, unit: 'characters' },
  });
}

/** Of the params as the guest would read them; undefined for what an embedder has at hand that is no JSON. */
function digestOfParams(args: readonly JsonValue[]): string | undefined {
  try {
    return hash('sha256', canonicalJson(JSON.parse(JSON.stringify(args)) as JsonValue)); // It was written a moment ago.
  } catch {
    return undefined; // It is deeper than the stack, refers to itself, or holds a BigInt.
  }
}

/** Undefined where the storage did not answer in time; a key that it claims after that is freed again. */
async function takeKey(path: CallPath, run: CallRun, claim: KeyClaim): Promise<KeyAnswer | undefined> {
  const asking = path.storage.claimKey(claim);
  const asked = await answerInTime(asking, run.task.timeoutMs ?? Infinity);
  if (asked.ok) return asked.value;
  void asking.then(
    ({ kind }) => (kind === 'claimed' ? path.storage.freeKey(claim.call_id).catch(forget) : undefined),
    forget,
  );
  return undefined;
}

/** What is lost is that the key may be used again before it expires. */
function forget(): void {}

/** Our own bug ends the call, too, so that its key does not wait for an end that never comes. */
async function serveTo(path: CallPath, run: CallRun, serve: () => Promise<CallEnd>): Promise<Outcome> {
  try {
    return recordCall(path, run, await serve());
  } catch (cause) {
    return failCall(path, run, cause);
  }
}

/**
 * The answer waits until its outcome is kept: whoever has it may rely on hearing the same again. Where the storage does not
 * answer it is told later, and until then whoever asks again hears that the call has not ended.
 */
async function keep({ storage, settlements }: CallPath, run: CallRun, outcome: Outcome): Promise<Outcome> {
  const settlement = { callId: run.id, outcome: didReachTool(run, outcome) ? outcome : undefined };
  const { ok: isKept } = await answerInTime(settle(storage, settlement), Infinity);
  if (!isKept) settlements.add(settlement);
  return outcome;
}

/** Tells whether a call reached the plugin's tool, of whichever release. Where nobody knows, it did. */
export function didReachTool(run: CallRun, end: CallEnd | Outcome): boolean {
  if (end.ok || run.didReachStandIn) return true;
  if (end.error.code === 'HOST_FAULT') return run.record !== undefined;
  return run.didRun && !NEVER_RAN.has(end.error.kind);
}
