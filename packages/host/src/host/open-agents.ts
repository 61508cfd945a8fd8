/**
 * Joins runs of agents to the hooks of their tenant, the storage, and what judges messages.
 */
import type { ChatMessage } from '@bulkhead/protocol';
import { createAgentHooks } from '../agents/agent-hooks.ts';
import { createAgents, type Agents } from '../agents/agents.ts';
import { createCallIds } from '../base/call-ids.ts';
import { systemTimer } from '../base/timer.ts';
import type { CallPath } from '../call/call-run.ts';
import { readAsked } from '../llm/asked.ts';
import type { AgentRunRow } from '../storage/agents-port.ts';
import type { Batch } from '../storage/batch.ts';
import type { HostSettings } from './settings.ts';

/** What they are opened with. */
export type AgentOpening = Pick<CallPath, 'node' | 'storage' | 'metrics' | 'hookChain' | 'hooksFor'> & {
  readonly agentRuns: Batch<AgentRunRow>;
};

/** Opens them; runs that are under way when the host closes are ended and stored, before the storage is closed. */
export function openAgents(settings: HostSettings, opening: AgentOpening, closing: AsyncDisposableStack): Agents {
  const { node, storage, metrics, hookChain, hooksFor, agentRuns } = opening;
  const { close, ...agents } = createAgents({
    ...{ node, storage, clock: settings.clock, log: settings.log },
    startTimer: systemTimer,
    newId: createCallIds(),
    hooks: createAgentHooks({ hookChain, hooksFor, refuseMessages: (messages) => refuseMessages(messages)?.message }),
    refuseMessages,
    keep: agentRuns.add,
    didStop: metrics.observeAgentRun,
  });
  closing.defer(close);
  return agents;
}

/** What a model cannot be asked with is no conversation of a run either. */
function refuseMessages(messages: unknown) {
  const asked = readAsked({ options: { messages: messages as readonly ChatMessage[] } }); // Which judges that.
  return 'code' in asked ? asked : undefined;
}
