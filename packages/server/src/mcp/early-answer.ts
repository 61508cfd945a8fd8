/**
 * The answer to a call that ended early, written in one piece: byte for byte what the library makes of the same outcome, its frames in
 * HTTP apart. `early-answer.test.ts` compares the two.
 */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { FastifyReply } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { EarlyCall } from './early-call.ts';
import { IDENTITY } from './mcp-server.ts';
import type { Session } from './sessions.ts';

const SERVER_INFO_META_KEY = 'io.modelcontextprotocol/serverInfo';

/** Writes it; `result` has its members in the order of the protocol's schema. */
export async function answerEarly(reply: FastifyReply, { id, form }: EarlyCall, result: CallToolResult): Promise<void> {
  if (form.kind === 'in_session') return writeEvents(reply, form.session, { result, jsonrpc: '2.0', id });
  const isAlone = form.kind === 'alone';
  const text = JSON.stringify({ result: isAlone ? result : withServerInfo(result), jsonrpc: '2.0', id });
  const type = isAlone ? 'application/json; charset=utf-8' : 'application/json';
  write(reply, { 'content-type': type, 'content-length': String(Buffer.byteLength(text)) }, text);
}

function withServerInfo(result: CallToolResult): object {
  const { _meta: meta, ...rest } = result;
  return { _meta: { ...meta, [SERVER_INFO_META_KEY]: IDENTITY }, ...rest, resultType: 'complete' };
}

type Message = { readonly result: CallToolResult; readonly jsonrpc: '2.0'; readonly id: string | number };

/** A stream that is over: an event to resume from, and the answer. Both are kept for a client that never got them. */
async function writeEvents(reply: FastifyReply, { id, events, retryMs }: Session, message: Message): Promise<void> {
  const stream = randomUUID();
  const first = await events.storeEvent(stream, {} as Message); // As the library stores what has no message.
  const last = await events.storeEvent(stream, message);
  const text = `id: ${first}\nretry: ${retryMs}\ndata: \n\nevent: message\nid: ${last}\ndata: ${JSON.stringify(message)}\n\n`;
  write(reply, { ...EVENTS_HEAD, 'mcp-session-id': id, 'x-accel-buffering': 'no' }, text);
}

const EVENTS_HEAD = {
  'cache-control': 'no-cache, no-transform',
  connection: 'keep-alive',
  'content-type': 'text/event-stream',
} as const;

function write(reply: FastifyReply, head: Readonly<Record<string, string>>, text: string): void {
  reply.hijack();
  reply.raw.writeHead(200, head).end(text);
}
