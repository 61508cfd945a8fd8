/**
 * The loop of an agent: the AI SDK asks the tenant's model, has the tenant's tools called, and asks again, until the model asks for
 * nothing more or a bound is reached. What happens is told to the run, which knows when it has to end.
 */
import { APICallError } from '@ai-sdk/provider';
import type { AgentEnd, Host, Log, RunningAgent } from '@bulkhead/host';
import { createAiModel, createAiTools } from '@bulkhead/host/ai-sdk';
import { callError, isJsonObject, type CallError, type ChatToolCall } from '@bulkhead/protocol';
import { streamText, type StepResult, type TextStreamPart, type ToolSet } from 'ai';
import { StepRefused, governModel } from './governed-model.ts';
import { fromModelMessages, toModelMessages } from './model-messages.ts';

/** A part of the SDK's stream. */
export type AgentPart = TextStreamPart<ToolSet>;

/** With what a run is driven. */
export type Driving = {
  readonly host: Host;
  readonly log: Log;
  /** Scopes of whoever asks; undefined where they have all. */
  readonly scopes: readonly string[] | undefined;
  /** Whose tools the model may ask for; every plugin's where it is left out. */
  readonly plugins: readonly string[] | undefined;
  /** Hears each part as it comes; while a promise that it returns is pending, the model is held up. */
  readonly tell: (part: AgentPart, runId: string) => void | Promise<void>;
};

/** Drives a run to where it ends or waits; never rejects. */
export async function driveAgent(agent: RunningAgent, driving: Driving): Promise<AgentEnd> {
  let thrown: unknown;
  const started = start(agent, driving, (error) => (thrown ??= error));
  try {
    for await (const part of started.stream) await driving.tell(part, agent.run.id);
    if (agent.failure !== undefined) return { kind: 'failed', error: agent.failure };
    if (thrown !== undefined) return { kind: 'failed', error: errorOf(thrown, driving.log) };
    const [last, added] = await Promise.all([started.finalStep, started.responseMessages]);
    return endAfter(agent, last, () => [...agent.messages, ...fromModelMessages(added).messages]);
  } catch (error) {
    return { kind: 'failed', error: agent.failure ?? errorOf(thrown ?? error, driving.log) };
  }
}

function start(agent: RunningAgent, { host, scopes, plugins }: Driving, didThrow: (error: unknown) => void) {
  const { tenant_id: tenant, backend } = agent.run;
  const model = createAiModel(host, { tenant, ...(backend !== null && { backend }) });
  const tools = createAiTools(host, {
    tenant,
    ...(scopes !== undefined && { scopes }),
    ...(plugins !== undefined && { plugins }),
    onOutcome: (id, outcome) => agent.didCall(id, outcome),
  });
  return streamText({
    model: governModel(model, agent),
    tools,
    messages: toModelMessages(agent),
    allowSystemInMessages: true, // Whoever may begin a run may say how it is to behave.
    maxRetries: 0, // The host has tried as often as it helps.
    abortSignal: agent.signal,
    stopWhen: () => agent.stepsLeft <= 0 || agent.isSpent,
    onStepEnd: (step) => (isEmpty(step) ? undefined : agent.didStep(toldOf(step))),
    onError: ({ error }) => didThrow(error),
  });
}

/** The SDK ends a step also where the model failed before it said anything. */
function isEmpty({ finishReason, text, toolCalls }: StepResult<ToolSet>): boolean {
  return finishReason === 'error' && text === '' && toolCalls.length === 0;
}

function toldOf(step: StepResult<ToolSet>): Parameters<RunningAgent['didStep']>[0] {
  const { text, reasoningText: reasoning = '', usage, providerMetadata } = step;
  const { backend, cost_usd: costUsd } = providerMetadata?.['bulkhead'] ?? {};
  const { inputTokens, outputTokens } = usage;
  return {
    ...{ text, reasoning, toolCalls: callsOf(step), awaiting: awaitingIn(step) },
    backend: typeof backend === 'string' ? backend : null,
    costUsd: typeof costUsd === 'number' ? costUsd : null,
    usage:
      inputTokens === undefined || outputTokens === undefined
        ? null
        : { input_tokens: inputTokens, output_tokens: outputTokens },
  };
}

function callsOf({ toolCalls }: StepResult<ToolSet>): readonly ChatToolCall[] {
  return toolCalls.map(({ toolCallId: id, toolName: name, input }) => ({
    ...{ id, name, arguments: isJsonObject(input) ? input : {} },
  }));
}

function awaitingIn({ content }: StepResult<ToolSet>): readonly string[] {
  return content.flatMap((part) => (part.type === 'tool-approval-request' ? [part.toolCall.toolCallId] : []));
}

function endAfter(
  agent: RunningAgent,
  last: StepResult<ToolSet>,
  conversation: () => RunningAgent['messages'],
): AgentEnd {
  if (awaitingIn(last).length > 0) return { kind: 'awaiting_approval', messages: conversation() };
  if (last.finishReason !== 'tool-calls') return { kind: 'completed', reason: 'answered' };
  return { kind: 'completed', reason: agent.isSpent ? 'budget' : 'step_limit' };
}

/** What the host said of a request that failed is in the error that the SDK was given. */
function errorOf(thrown: unknown, log: Log): CallError {
  if (thrown instanceof StepRefused) return thrown.error;
  if (APICallError.isInstance(thrown) && isCallError(thrown.data)) return thrown.data;
  log.error({ err: thrown }, 'the server is at fault');
  return callError('HOST_FAULT');
}

function isCallError(data: unknown): data is CallError {
  return isJsonObject(data) && typeof data['kind'] === 'string' && typeof data['code'] === 'string';
}
