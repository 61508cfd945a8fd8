/**
 * Runs of agents, as the host keeps them: each is one document that its node writes anew at every step.
 */
import type { AgentRun, AgentRunStatus, ChatMessage } from '@bulkhead/protocol';

/**
 * A run and what it goes on from: `messages` is the conversation of one that waits for approvals, null of any other. `node` is the
 * host that runs it.
 *
 * @experimental
 */
export type AgentRunRow = {
  readonly run: AgentRun;
  readonly node: string;
  readonly messages: readonly ChatMessage[] | null;
};

/**
 * Whose runs, newest first: those before the run of an id, or the newest.
 *
 * @experimental
 */
export type AgentRunQuery = { readonly tenant_id: string; readonly before?: string; readonly rowsMax: number };

/**
 * The agents' part of the Storage port.
 *
 * @experimental
 */
export interface AgentStorage {
  /** Stores a run that is new. */
  addAgentRun(row: AgentRunRow): Promise<void>;
  /** Stores what a run has come to, where it is in one of these states; false where it is not, or is not there. */
  changeAgentRun(row: AgentRunRow, from: readonly AgentRunStatus[]): Promise<boolean>;
  getAgentRun(which: { readonly tenant_id: string; readonly id: string }): Promise<AgentRunRow | undefined>;
  listAgentRuns(query: AgentRunQuery): Promise<readonly AgentRun[]>;
  /** Runs that a node began and never ended, for its next start. One that waits for an approval is none of them. */
  listUnfinishedAgentRuns(node: string): Promise<readonly AgentRunRow[]>;
  /** Removes runs that were created before a time. */
  pruneAgentRuns(before: string): Promise<void>;
}
