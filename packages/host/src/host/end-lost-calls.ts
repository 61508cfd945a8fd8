/**
 * What a host that was killed left in the ledger: calls that began and of which nobody knows how they ended.
 */
import { isoTime, type Clock } from '../base/clock.ts';
import type { Storage } from '../storage/port.ts';

/** Ends each of them as `host_restart`: it may have run, in part or whole. */
export async function endLostCalls(
  storage: Storage,
  { node, clock }: { readonly node: string; readonly clock: Clock },
): Promise<void> {
  const lost = await storage.listUnfinishedCalls(node);
  const ended_at = isoTime(clock.wallTime());
  await storage.putCalls(lost.map((row) => ({ ...row, ended_at, outcome: 'host_restart', code: 'HOST_CLOSED' })));
}
