/**
 * A run as the AI SDK's UI message stream, so that `useChat` and what is built like it read it: server-sent events whose data are the
 * SDK's chunks, a transient part `data-run` with the run as it ended, and `[DONE]`.
 *
 * U1: Nothing is written before the model has said something: what is refused before is answered with its status, as any request.
 * U2: A client that reads slowly holds the model up, and nothing is kept for it.
 */
import type { FastifyReply } from 'fastify';
import { LIMITS, type CallError } from '@bulkhead/protocol';
import { UI_MESSAGE_STREAM_HEADERS, toUIMessageChunk, type UIMessageChunk } from 'ai';
import { EVENT_STREAM_BEAT, EVENT_STREAM_HEAD, whenDrained } from '../answer/event-stream.ts';
import type { AgentPart } from './drive-agent.ts';
import type { AgentOutcome } from './run-agent.ts';

/** A stream that is being written. */
export type UiStream = {
  readonly tell: (part: AgentPart, runId: string) => Promise<void>;
  /** Writes the end; false where nothing was written, so that the outcome is still to be answered. */
  readonly end: (ended: AgentOutcome) => boolean;
};

/** Whatever comes before them is nothing that a reader waits for. */
const OPENING: ReadonlySet<AgentPart['type']> = new Set(['start', 'start-step', 'finish-step']);

/** Opens it on an answer that has not begun. */
export function openUiStream(reply: FastifyReply): UiStream {
  const response = reply.raw;
  const opening: UIMessageChunk[] = [];
  let timer: NodeJS.Timeout | undefined;

  function write(chunk: UIMessageChunk): void {
    if (!response.headersSent) begin();
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }

  function begin(): void {
    reply.hijack();
    response.on('error', () => undefined); // A client that went away; the run is cancelled by it.
    response.writeHead(200, { ...UI_MESSAGE_STREAM_HEADERS, ...EVENT_STREAM_HEAD });
    timer = setInterval(() => response.write(EVENT_STREAM_BEAT), LIMITS.log_follow_beat_ms.value);
    for (const chunk of opening) write(chunk);
  }

  return {
    tell: async (part, runId) => {
      // How it ends is written once it is known how the run has ended.
      if (part.type === 'finish' || part.type === 'error' || part.type === 'abort') return;
      const chunk = toUIMessageChunk(part, { responseMessageId: runId });
      if (chunk === undefined) return;
      if (OPENING.has(part.type) && !response.headersSent) return void opening.push(chunk);
      write(chunk);
      await whenDrained(response);
    },
    end: ({ run, outcome }) => {
      clearInterval(timer);
      if (!outcome.ok && !response.headersSent) return false;
      if (!outcome.ok) write({ type: 'error', errorText: errorTextOf(outcome.error) });
      if (run !== undefined) write({ type: 'data-run', data: run, transient: true });
      write({ type: 'finish', finishReason: outcome.ok ? FINISH[run?.stop_reason ?? 'awaiting'] : 'error' });
      response.end('data: [DONE]\n\n');
      return true;
    },
  };
}

const FINISH = { answered: 'stop', step_limit: 'length', budget: 'length', awaiting: 'tool-calls' } as const;

function errorTextOf({ message, code, hint }: CallError): string {
  return `${message} (${code}). ${hint}`;
}
