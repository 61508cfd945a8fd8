/**
 * The hooks of an agent's run (F003-21, F003-22, F003-25, F003-26): before it, after it, after each thing that the model thought,
 * and when it fails. Hooks around tools are asked by the tools' own calls. What a hook may change is judged like what it replaced.
 *
 *   before_agent_run ──▶ ( model ──▶ on_reasoning_step ──▶ tools )* ──▶ after_agent_run      refuse: before, and at each step
 *      messages                        tool_calls                          text              change: what is written below
 */
import {
  LIMITS,
  isJsonObject,
  type AgentRun,
  type CallError,
  type ChatMessage,
  type ChatToolCall,
  type HookName,
  type JsonObject,
  type JsonValue,
} from '@bulkhead/protocol';
import type { Hook, HookChain, HookRun } from '../hooks/chain.ts';

/** What hooks are run by. */
export type AgentHookParts = {
  readonly hookChain: HookChain;
  /** Hooks of this tenant at one of the points, a constant list. */
  readonly hooksFor: (points: readonly HookName[], tenant: string) => readonly Hook[];
  /** Why these are no messages that a model may be asked with. */
  readonly refuseMessages: (messages: unknown) => string | undefined;
};

/** What the model said, before any tool is called for it; `step` counts from 1. */
export type Thought = {
  readonly step: number;
  readonly text: string;
  readonly reasoning: string;
  readonly tool_calls: readonly ChatToolCall[];
};

/** A run as hooks are told of it. */
type Subject = Pick<AgentRun, 'id' | 'tenant_id' | 'backend' | 'max_steps'>;

/** How a point ended that may refuse. */
export type Asked<Changed> = ({ readonly ok: true } & Changed) | { readonly ok: false; readonly error: CallError };

/** The points of a run; none of them rejects. */
export type AgentHooks = {
  /** Asks before a run. `entered` are told of its end, also where one of them refused it. */
  readonly before: (
    run: Subject,
    messages: readonly ChatMessage[],
  ) => Promise<Asked<{ readonly messages: readonly ChatMessage[] }> & { readonly entered: readonly Hook[] }>;
  /** Those that a run has entered which another host began. */
  readonly entered: (run: Subject) => readonly Hook[];
  /** Whether anybody is to be asked about what the model says. */
  readonly isThoughtOver: (run: Subject) => boolean;
  /** Asks about what the model said; tools that are taken from `tool_calls` are not called. */
  readonly thought: (run: Subject, thought: Thought) => Promise<Asked<{ readonly toolCalls: readonly ChatToolCall[] }>>;
  /** Tells of an end, and answers the text that the run now has. */
  readonly after: (run: AgentRun, entered: readonly Hook[]) => Promise<string>;
  /** Tells who watches for errors; nobody waits. */
  readonly failed: (run: Subject, error: CallError) => void;
};

const AROUND_RUNS: readonly HookName[] = ['before_agent_run', 'after_agent_run'];
const ON_THOUGHT: readonly HookName[] = ['on_reasoning_step'];
const ON_ERROR: readonly HookName[] = ['on_error'];

/** Joins the points to the chain. */
export function createAgentHooks({ hookChain, hooksFor, refuseMessages }: AgentHookParts): AgentHooks {
  return {
    before: async (run, messages) => {
      const hooks = hooksFor(AROUND_RUNS, run.tenant_id);
      if (hooks.length === 0) return { ok: true, messages, entered: hooks };
      const answer = await hookChain.before({
        ...at('before_agent_run', run, ['messages']),
        hooks,
        data: { ...subject(run), messages },
        validate: (data) => refuseMessages(data['messages']),
      });
      const { entered } = answer;
      if (answer.kind === 'refused') return { ok: false, error: answer.error, entered };
      return { ok: true, messages: answer.data['messages'] as unknown as readonly ChatMessage[], entered }; // Judged above.
    },
    entered: (run) => hooksFor(AROUND_RUNS, run.tenant_id),
    isThoughtOver: (run) => hooksFor(ON_THOUGHT, run.tenant_id).length > 0,
    thought: async (run, thought) => {
      const hooks = hooksFor(ON_THOUGHT, run.tenant_id);
      const { tool_calls: toolCalls, ...said } = thought;
      const answer = await hookChain.before({
        ...at('on_reasoning_step', run, ['tool_calls']),
        hooks,
        data: { ...subject(run), ...said, tool_calls: toolCalls },
        validate: (data) => refuseToolCalls(data['tool_calls'], toolCalls),
      });
      if (answer.kind === 'refused') return { ok: false, error: answer.error };
      return { ok: true, toolCalls: answer.data['tool_calls'] as unknown as readonly ChatToolCall[] }; // Judged above.
    },
    after: async (run, entered) => {
      if (entered.length === 0) return run.text;
      const data = await hookChain.after({
        ...at('after_agent_run', run, run.status === 'completed' ? ['text'] : []),
        hooks: entered,
        data: { ...subject(run), ...endOf(run) },
        validate: refuseText,
      });
      return data['text'] as string; // Judged above, or as it was.
    },
    failed: (run, error) => {
      const hooks = hooksFor(ON_ERROR, run.tenant_id);
      if (hooks.length === 0) return;
      const data = { ...subject(run), error: { ...error } };
      hookChain.observe({ point: 'on_error', tenant: run.tenant_id, hooks, data });
    },
  };
}

function at(
  point: HookName,
  run: Subject,
  changeable: readonly string[],
): Pick<HookRun, 'point' | 'tenant' | 'changeable'> {
  return { point, tenant: run.tenant_id, changeable };
}

function subject({ id, tenant_id, backend, max_steps }: Subject): JsonObject {
  return { run_id: id, tenant: tenant_id, backend, max_steps };
}

function endOf({ status, stop_reason, text, steps, usage, cost_usd, error }: AgentRun): JsonObject {
  const spent = { usage: { ...usage }, cost_usd };
  return { status, stop_reason, text, steps: steps.length, ...spent, ...(error !== null && { error: { ...error } }) };
}

/** A hook may take calls away and change what they are made with; it makes the agent do nothing of its own. */
function refuseToolCalls(changed: JsonValue | undefined, asked: readonly ChatToolCall[]): string | undefined {
  if (!Array.isArray(changed)) return 'tool_calls is not a list';
  const left = new Map(asked.map((call) => [call.id, call.name]));
  for (const call of changed as readonly JsonValue[]) {
    if (!isJsonObject(call) || !isJsonObject(call['arguments'])) return 'a tool call has no arguments';
    const { id, name } = call;
    if (typeof id !== 'string' || left.get(id) !== name) return 'a tool call is not one that the model asked for';
    left.delete(id);
  }
  return undefined;
}

function refuseText({ text }: JsonObject): string | undefined {
  const most = LIMITS.llm_answer_characters.value;
  return typeof text === 'string' && text.length <= most
    ? undefined
    : `text is not a text of at most ${most} characters`;
}
