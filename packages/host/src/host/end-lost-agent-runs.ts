/**
 * What a host that was killed left behind of agents: runs that nobody drives any more.
 */
import { callError } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import type { AgentStorage } from '../storage/agents-port.ts';

/** Ends each of a node's runs; its steps up to the last that was stored are kept. The node must be dead, or be the caller before its first run. */
export async function endLostAgentRuns(
  storage: Pick<AgentStorage, 'listUnfinishedAgentRuns' | 'changeAgentRun'>,
  { node, clock }: { readonly node: string; readonly clock: Clock },
): Promise<void> {
  const error = callError('HOST_CLOSED', { message: 'the server ended while the agent ran' });
  const ended_at = isoTime(clock.wallTime());
  for (const row of await storage.listUnfinishedAgentRuns(node))
    await storage.changeAgentRun({ ...row, run: { ...row.run, status: 'failed', error, ended_at } }, ['running']);
}
