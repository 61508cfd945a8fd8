/**
 * What a host that was killed left behind: calls that began and of which nobody knows how they ended. They are found in the
 * ledger, and by their idempotency keys, whose rows are durable before the ledger's are.
 */
import { callError, unrunReport, type Outcome } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import type { LedgerRow, UnsettledKey } from '../storage/records-port.ts';
import type { Storage } from '../storage/port.ts';

/**
 * Ends each of a node's calls as `host_restart`: it may have run, in part or whole. Whoever asks for one again by its key
 * is told so, since at most once comes first. The node must be dead, or be the caller before its first call.
 */
export async function endLostCalls(
  storage: Storage,
  { node, clock }: { readonly node: string; readonly clock: Clock },
): Promise<void> {
  const keys = await storage.listUnsettledKeys(node);
  // Those that the ledger knows stay as it knows them.
  await storage.putCalls(keys.map(toStart));
  const lost = await storage.listUnfinishedCalls(node);
  const ended_at = isoTime(clock.wallTime());
  await storage.putCalls(lost.map((row) => ({ ...row, ended_at, outcome: 'host_restart', code: 'HOST_CLOSED' })));
  for (const key of keys) await storage.settleKey(key.call_id, toOutcome(key));
}

function toStart({ call_id, node, tenant_id, plugin_name, tool, claimed_at }: UnsettledKey): LedgerRow {
  return {
    call_id,
    node,
    tenant_id,
    plugin_name,
    target: tool,
    digest: null,
    started_at: claimed_at,
    ended_at: null,
    outcome: null,
    code: null,
    duration_ms: null,
  };
}

/** All that is known of it. */
function toOutcome({ call_id, tenant_id, plugin_name, tool }: UnsettledKey): Outcome {
  return {
    ok: false,
    error: callError('HOST_CLOSED', {
      message: 'the server ended while the call ran; nobody knows how far it came',
      hint: 'Look whether the call took effect; where it did not, try again with a new key.',
    }),
    call: unrunReport({ call_id, plugin: plugin_name, tenant: tenant_id, target: tool }),
  };
}
