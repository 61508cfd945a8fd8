/**
 * Runs a call at most once for an idempotency key (DESIGN 9): a second request with the same key and params is answered
 * with the stored outcome. Keys are per tenant, plugin and tool, and live 24 hours in the host's storage.
 *
 *   claim ──claimed──▶ run ──▶ the plugin may have run ──▶ settle: later requests replay this outcome
 *     │                   └──▶ the plugin did not run ───▶ free: the key may be tried again
 *     ├─replay───▶ the stored outcome
 *     ├─running──▶ IDEMPOTENCY_RUNNING
 *     └─conflict─▶ IDEMPOTENCY_CONFLICT
 */
import { hash, randomUUID } from 'node:crypto';
import { HostError, type Storage } from '@bulkhead/host';
import { LIMITS, type JsonValue, type Outcome, type OutcomeKind } from '@bulkhead/protocol';

/** What the key belongs to, and the parameters that it stands for. */
export type KeyedCall = {
  readonly tenant: string;
  readonly plugin: string;
  readonly tool: string;
  readonly key: string;
  readonly params: unknown;
};

/** A call that ended with one of these never reached the plugin. */
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

/**
 * Runs the call unless its key has been used.
 *
 * @param run - Makes the outcome; called at most once, and must not reject.
 * @returns the outcome, new or stored.
 * @throws {HostError} `IDEMPOTENCY_CONFLICT`, `IDEMPOTENCY_RUNNING`; `STORAGE_UNAVAILABLE` when the key cannot be claimed,
 *   and then nothing ran. A key that cannot be settled stays claimed until it expires: at most once comes first.
 */
export async function runOnce(storage: Storage, call: KeyedCall, run: () => Promise<Outcome>): Promise<Outcome> {
  const claimId = randomUUID();
  const answer = await storage.claimKey(claimOf(call, claimId));
  switch (answer.kind) {
    case 'replay':
      return answer.outcome;
    case 'running':
      throw new HostError('IDEMPOTENCY_RUNNING');
    case 'conflict':
      throw new HostError('IDEMPOTENCY_CONFLICT');
    case 'claimed':
      return settle(storage, claimId, await run());
  }
}

function claimOf(call: KeyedCall, claimId: string): Parameters<Storage['claimKey']>[0] {
  const now = Date.now();
  return {
    tenant_id: call.tenant,
    plugin_name: call.plugin,
    tool: call.tool,
    key: call.key,
    params_hash: hash('sha256', canonicalJson((call.params ?? {}) as JsonValue)), // The body's parser made it.
    call_id: claimId,
    claimed_at: new Date(now).toISOString(),
    expires_at: new Date(now + LIMITS.idempotency_key_ms.value).toISOString(),
  };
}

async function settle(storage: Storage, claimId: string, outcome: Outcome): Promise<Outcome> {
  const didRun = outcome.ok || !NEVER_RAN.has(outcome.error.kind);
  try {
    await (didRun ? storage.settleKey(claimId, outcome) : storage.freeKey(claimId));
  } catch {
    // The call has ended; what is lost is the replay, and the key answers IDEMPOTENCY_RUNNING until it expires.
  }
  return outcome;
}

/**
 * Writes JSON with the keys of every object in order, so that the same parameters hash alike however they were written.
 * The depth is bounded by the body's parser.
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
