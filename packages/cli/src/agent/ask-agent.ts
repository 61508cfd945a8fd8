/**
 * One run of an agent on a server, told while it goes on: it is begun, and where it waits for somebody's word it is asked for and the
 * run goes on, until it ends.
 */
import { text } from 'node:stream/consumers';
import {
  isJsonObject,
  type AgentApproval,
  type AgentRun,
  type ApprovalDecision,
  type CallError,
  type JsonObject,
  type Outcome,
} from '@bulkhead/protocol';
import { openAnswer, outcomeOf, tokenHeaders } from '../remote/ask.ts';
import { readEvents } from '../remote/events.ts';
import { NoAnswerError } from '../remote/no-answer-error.ts';
import type { Remote } from '../remote/remote.ts';

/** Hears of a run and decides about its tools. */
export type AgentListener = {
  /** Hears each chunk of the AI SDK's UI message stream. */
  readonly tell: (chunk: JsonObject) => Promise<void>;
  /** Answers a decision for each; undefined where nobody is there to decide. */
  readonly decide: (approvals: readonly AgentApproval[]) => Promise<readonly ApprovalDecision[] | undefined>;
};

/** How a run ended or where it waits, or why there is none. */
export type AgentAnswer =
  { readonly ok: true; readonly run: AgentRun } | { readonly ok: false; readonly error: CallError };

const RUNS = '/v1/agents/runs';

/** Runs an agent to its end, or to where nobody decides. @throws As `callRemote`, but for refusals. */
export async function askAgent(remote: Remote, body: JsonObject, listener: AgentListener): Promise<AgentAnswer> {
  let answer = await follow(remote, { path: RUNS, body }, listener);
  while (answer.ok && answer.run.status === 'awaiting_approval') {
    const approvals = await listener.decide(answer.run.approvals);
    if (approvals === undefined) return answer;
    const path = `${RUNS}/${answer.run.id}/approvals`;
    const decided = approvals.map((decision): JsonObject => ({ ...decision }));
    answer = await follow(remote, { path, body: { approvals: decided } }, listener);
  }
  return answer;
}

type Sent = { readonly path: string; readonly body: JsonObject };

async function follow(remote: Remote, { path, body }: Sent, { tell }: AgentListener): Promise<AgentAnswer> {
  const headers = { ...tokenHeaders(remote), 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify({ ...body, stream: true }) };
  const { stream } = await openAnswer(remote.server, path, init);
  if (stream.headers['content-type']?.startsWith('text/event-stream') !== true)
    return refusalIn(outcomeOf(remote.server, await text(stream)), remote);
  let run: AgentRun | undefined;
  try {
    for await (const { data } of readEvents(stream)) {
      const chunk: unknown = data === DONE ? undefined : JSON.parse(data);
      if (!isJsonObject(chunk)) continue;
      if (chunk['type'] === 'data-run')
        run = chunk['data'] as unknown as AgentRun; // By the server's own schema.
      else await tell(chunk);
    }
  } catch (cause) {
    throw brokenOff(remote, cause);
  }
  if (run === undefined) throw brokenOff(remote);
  return run.error === null ? { ok: true, run } : { ok: false, error: run.error };
}

const DONE = '[DONE]';

function refusalIn(outcome: Outcome, remote: Remote): AgentAnswer {
  if (outcome.ok) throw brokenOff(remote);
  return { ok: false, error: outcome.error };
}

function brokenOff({ server }: Remote, cause?: unknown): NoAnswerError {
  return new NoAnswerError(`${server} broke off the stream before the run had ended`, {
    hint: 'The run was cancelled with the connection, unless it had ended; `GET /v1/agents/runs` lists it.',
    cause,
  });
}
