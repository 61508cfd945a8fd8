/**
 * One run of an agent while this host runs it. Whoever drives the model tells it what happened; it asks the hooks, keeps the record,
 * and says when the run must end.
 *
 *   running ──end──▶ completed | failed | cancelled
 *      └──pause──▶ awaiting_approval     goes on as another RunningAgent, perhaps on another node
 *
 * A1: A run ends once; whoever ends it later is answered how it ended.
 * A2: One write is under way at a time; one that finds the run ended elsewhere aborts it.
 * A3: Nothing of a run is asked or begun after its signal has aborted.
 */
import {
  LIMITS,
  callError,
  type AgentApproval,
  type AgentRun,
  type AgentStep,
  type AgentStopReason,
  type AgentToolCall,
  type ApprovalDecision,
  type CallError,
  type ChatMessage,
  type ChatToolCall,
  type Outcome,
  type TokenUsage,
} from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Hook } from '../hooks/chain.ts';
import type { AgentRunRow, AgentStorage } from '../storage/agents-port.ts';
import type { AgentHooks } from './agent-hooks.ts';

/** What a run is made of. */
export type RunningAgentOptions = {
  readonly run: AgentRun;
  readonly node: string;
  readonly messages: readonly ChatMessage[];
  readonly decisions: readonly ApprovalDecision[];
  readonly entered: readonly Hook[];
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly hooks: AgentHooks;
  readonly storage: Pick<AgentStorage, 'changeAgentRun' | 'getAgentRun'>;
  /** Keeps an end that the storage could not take, until it can. */
  readonly keep: (row: AgentRunRow) => void;
  /** Told once, when the run has ended or waits. */
  readonly didStop: (run: AgentRun) => void;
};

/**
 * What the model said in a step, once its tools have answered.
 *
 * @experimental
 */
export type AgentStepTold = {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ChatToolCall[];
  /** Ids of those that need somebody's word. */
  readonly awaiting: readonly string[];
  readonly backend: string | null;
  readonly usage: TokenUsage | null;
  readonly costUsd: number | null;
};

/**
 * What the hooks left of what the model said, or why the run may not go on.
 *
 * @experimental
 */
export type JudgedThought =
  | { readonly ok: true; readonly toolCalls: readonly ChatToolCall[] }
  | { readonly ok: false; readonly error: CallError };

/**
 * How a run ends: it has answered, or come to a bound; or it waits, and `messages` are what it goes on from; or it failed.
 *
 * @experimental
 */
export type AgentEnd =
  | { readonly kind: 'completed'; readonly reason: AgentStopReason }
  | { readonly kind: 'awaiting_approval'; readonly messages: readonly ChatMessage[] }
  | { readonly kind: 'failed'; readonly error: CallError };

/**
 * A run under way; its invariants are at the head of this file. None of its promises rejects.
 *
 * @experimental
 */
export class RunningAgent {
  /** What the model is to be asked with, as the hooks left it. */
  readonly messages: readonly ChatMessage[];
  /** About tools that the last messages ask for. */
  readonly decisions: readonly ApprovalDecision[];

  readonly #options: RunningAgentOptions;
  readonly #abort = new AbortController();
  readonly #outcomes = new Map<string, Outcome>();
  readonly #startedAt: number;
  #run: AgentRun;
  #failure: CallError | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #isUnwritten = false;
  #ending: Promise<AgentRun> | undefined;

  constructor(options: RunningAgentOptions) {
    this.#options = options;
    this.#run = options.run;
    this.#startedAt = options.clock.now();
    this.messages = options.messages;
    this.decisions = options.decisions;
  }

  /** As it is now. */
  get run(): AgentRun {
    return this.#run;
  }

  /** Aborts when the run has to end; {@link failure} says why. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why its signal aborted. */
  get failure(): CallError | undefined {
    return this.#failure;
  }

  /** Milliseconds since it began, or went on. */
  get durationMs(): number {
    return this.#options.clock.now() - this.#startedAt;
  }

  /** Steps that it may still take. */
  get stepsLeft(): number {
    return this.#run.max_steps - this.#run.steps.length;
  }

  /** Whether its budget is used up. */
  get isSpent(): boolean {
    const { budget, usage, cost_usd } = this.#run;
    const { tokens = Number.POSITIVE_INFINITY, usd = Number.POSITIVE_INFINITY } = budget;
    return usage.input_tokens + usage.output_tokens >= tokens || cost_usd >= usd;
  }

  /** Whether {@link thought} is to be asked; where nobody would be, what the model says goes on at once. */
  get isThoughtOver(): boolean {
    return this.#options.hooks.isThoughtOver(this.#run);
  }

  /** Asks the hooks about what the model said, before its tools are called. Never rejects. */
  async thought(said: Pick<AgentStepTold, 'text' | 'reasoning' | 'toolCalls'>): Promise<JudgedThought> {
    const { text, reasoning, toolCalls: tool_calls } = said;
    return this.#options.hooks.thought(this.#run, {
      ...{ step: this.#run.steps.length + 1, text, reasoning, tool_calls },
    });
  }

  /** Notes how a tool's call ended. */
  didCall(id: string, outcome: Outcome): void {
    this.#outcomes.set(id, outcome);
    if (this.decisions.length === 0) return; // No step before this one waits for it.
    const steps = this.#run.steps.map((step) => ({
      ...step,
      tool_calls: step.tool_calls.map((call) => this.#settled(call)),
    }));
    this.#run = { ...this.#run, steps };
  }

  /** Notes a step; it is stored behind it. */
  didStep(told: AgentStepTold): void {
    if (this.#ending !== undefined) return;
    const { text, reasoning, toolCalls, awaiting, backend, usage, costUsd } = told;
    const calls = toolCalls.map((call) => this.#called(call, awaiting));
    const step: AgentStep = { text, reasoning, tool_calls: calls, backend, usage, cost_usd: costUsd };
    this.#outcomes.clear();
    const { steps, usage: before, cost_usd: cost } = this.#run;
    this.#run = {
      ...this.#run,
      text,
      steps: [...steps, step],
      usage: {
        input_tokens: before.input_tokens + (usage?.input_tokens ?? 0),
        output_tokens: before.output_tokens + (usage?.output_tokens ?? 0),
      },
      cost_usd: cost + (costUsd ?? 0),
    };
    this.#write();
  }

  /** Ends the run for this reason, unless it has ended. */
  abort(error: CallError): void {
    this.#failure ??= error;
    this.#abort.abort();
  }

  /** Ends or pauses it, asks the hooks, and stores what it came to. Never rejects. */
  end(end: AgentEnd): Promise<AgentRun> {
    this.#ending ??= this.#finish(end);
    return this.#ending;
  }

  /** Ends it because the host ends: no hook is asked any more. */
  close(): Promise<AgentRun> {
    const error = callError('HOST_CLOSED');
    this.abort(error);
    this.#ending ??= this.#settle(this.#ended({ kind: 'failed', error }));
    return this.#ending;
  }

  async #finish(end: AgentEnd): Promise<AgentRun> {
    const { hooks, entered } = this.#options;
    const ended = this.#ended(end);
    if (ended.status === 'awaiting_approval')
      return this.#settle(ended, end.kind === 'awaiting_approval' ? end.messages : null);
    if (ended.error !== null) hooks.failed(ended, ended.error);
    return this.#settle({ ...ended, text: await hooks.after(ended, entered) });
  }

  #ended(end: AgentEnd): AgentRun {
    const run = this.#run;
    const ended_at = isoTime(this.#options.clock.wallTime());
    switch (end.kind) {
      case 'completed':
        return { ...run, status: 'completed', stop_reason: end.reason, ended_at };
      case 'awaiting_approval':
        return { ...run, status: 'awaiting_approval', approvals: approvalsOf(run) };
      case 'failed':
        return { ...run, status: end.error.kind === 'cancelled' ? 'cancelled' : 'failed', error: end.error, ended_at };
    }
  }

  /** Stores what it came to; where somebody else has ended it meanwhile, that is how it ended. */
  async #settle(run: AgentRun, messages: readonly ChatMessage[] | null = null): Promise<AgentRun> {
    const { storage, node, keep, didStop } = this.#options;
    this.#run = run;
    const row = { run, node, messages };
    await this.#writing;
    try {
      const isOurs = await storage.changeAgentRun(row, ['running']);
      if (!isOurs) this.#run = (await storage.getAgentRun(run))?.run ?? run;
    } catch {
      keep(row); // Whoever waits is answered; the storage is told when it is there again.
    }
    didStop(this.#run);
    return this.#run;
  }

  /** One write at a time, of what there is then: a run that takes steps faster than the storage writes them is written less often. */
  #write(): void {
    this.#isUnwritten = true;
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#writeSteps().finally(() => (this.#isWriting = false));
  }

  async #writeSteps(): Promise<void> {
    const { storage, node, log } = this.#options;
    while (this.#isUnwritten && this.#ending === undefined) {
      this.#isUnwritten = false;
      try {
        const isOurs = await storage.changeAgentRun({ run: this.#run, node, messages: null }, ['running']);
        if (!isOurs) this.abort(callError('CALL_CANCELLED'));
      } catch (error) {
        log.warn({ err: error, run_id: this.#run.id }, 'a step of an agent was not stored');
      }
    }
  }

  #called({ id, name, arguments: params }: ChatToolCall, awaiting: readonly string[]): AgentToolCall {
    const asked = { id, name, params, call_id: null };
    if (awaiting.includes(id)) return { ...asked, state: 'awaiting_approval' };
    const outcome = this.#outcomes.get(id);
    return outcome === undefined ? { ...asked, state: 'failed', error: NO_SUCH_TOOL } : { ...asked, ...endOf(outcome) };
  }

  /** A call that waited for somebody's word, once there is an end to it. */
  #settled(call: AgentToolCall): AgentToolCall {
    const outcome = this.#outcomes.get(call.id);
    const { id, name, params } = call;
    return call.state === 'awaiting_approval' && outcome !== undefined
      ? { ...{ id, name, params, call_id: null }, ...endOf(outcome) }
      : call;
  }
}

const NO_SUCH_TOOL = (({ kind, code, message }: CallError) => ({ kind, code, message }))(callError('TOOL_NOT_FOUND'));

type CallEnd = { readonly call_id: string } & (
  | Pick<Extract<AgentToolCall, { readonly state: 'ok' }>, 'state' | 'value' | 'is_clipped'>
  | Pick<Extract<AgentToolCall, { readonly state: 'failed' }>, 'state' | 'error'>
);

function endOf(outcome: Outcome): CallEnd {
  const { call_id } = outcome.call;
  if (!outcome.ok) {
    const { kind, code, message } = outcome.error;
    return { call_id, state: 'failed', error: { kind, code, message } };
  }
  const isSmall = Buffer.byteLength(JSON.stringify(outcome.value)) <= LIMITS.agent_value_bytes.value;
  return isSmall
    ? { call_id, state: 'ok', value: outcome.value }
    : { call_id, state: 'ok', value: null, is_clipped: true };
}

function approvalsOf({ steps }: AgentRun): readonly AgentApproval[] {
  const waiting = (steps.at(-1)?.tool_calls ?? []).filter(({ state }) => state === 'awaiting_approval');
  return waiting.map(({ id, name, params }) => ({ id, name, params }));
}
