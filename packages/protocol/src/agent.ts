/**
 * An agent's run as it is stored and answered: what a language model said step by step, which tools it had called, and how it
 * ended (DESIGN 9, 10).
 */
import type { JsonObject, JsonValue } from './json.ts';
import type { TokenUsage } from './llm.ts';
import type { CallError } from './outcome.ts';

/**
 * Where a run is. `awaiting_approval`: it goes on when somebody has decided about the tools that it wants to call.
 *
 * @experimental
 */
export const AGENT_RUN_STATUSES = ['running', 'awaiting_approval', 'completed', 'failed', 'cancelled'] as const;

/**
 * A word of {@link AGENT_RUN_STATUSES}.
 *
 * @experimental
 */
export type AgentRunStatus = (typeof AGENT_RUN_STATUSES)[number];

/**
 * Why a run that went well ended. `answered`: the model asked for nothing more; `step_limit` and `budget`: at a bound that whoever began it set.
 *
 * @experimental
 */
export type AgentStopReason = 'answered' | 'step_limit' | 'budget';

/**
 * What a run may use: tokens in and out together, and US dollars of what is known to cost any. What is under way when a budget is
 * reached is not cut off; nothing is begun after it.
 *
 * @experimental
 */
export type AgentBudget = { readonly tokens?: number; readonly usd?: number };

/**
 * A tool that the model asked for. `name` is what the model knows it by, `plugin__tool`; the others are null where it knows none of
 * that name. `call_id` finds it in the ledger, and is null where it never ran.
 *
 * @experimental
 */
export type AgentToolCall = {
  readonly id: string;
  readonly name: string;
  readonly params: JsonObject;
  readonly call_id: string | null;
} & (
  | { readonly state: 'ok'; readonly value: JsonValue; readonly is_clipped?: true }
  | { readonly state: 'failed'; readonly error: Pick<CallError, 'kind' | 'code' | 'message'> }
  | { readonly state: 'awaiting_approval' | 'denied' }
);

/**
 * One answer of the model and what came of the tools that it asked for. Null is what nobody counted or knows.
 *
 * @experimental
 */
export type AgentStep = {
  readonly text: string;
  readonly reasoning: string;
  readonly tool_calls: readonly AgentToolCall[];
  readonly backend: string | null;
  readonly usage: TokenUsage | null;
  readonly cost_usd: number | null;
};

/**
 * A tool that waits for somebody's word.
 *
 * @experimental
 */
export type AgentApproval = { readonly id: string; readonly name: string; readonly params: JsonObject };

/**
 * The word: whether the tool may be called, and why not, which the model is told.
 *
 * @experimental
 */
export type ApprovalDecision = { readonly id: string; readonly approved: boolean; readonly reason?: string };

/**
 * A run. `text` is the model's last answer; times are ISO 8601; `max_steps` counts steps over all pauses.
 *
 * @experimental
 */
export type AgentRun = {
  readonly id: string;
  readonly tenant_id: string;
  readonly status: AgentRunStatus;
  readonly stop_reason: AgentStopReason | null;
  readonly backend: string | null;
  readonly max_steps: number;
  readonly budget: AgentBudget;
  readonly text: string;
  readonly steps: readonly AgentStep[];
  readonly approvals: readonly AgentApproval[];
  readonly usage: TokenUsage;
  readonly cost_usd: number;
  readonly error: CallError | null;
  readonly created_at: string;
  readonly ended_at: string | null;
};
