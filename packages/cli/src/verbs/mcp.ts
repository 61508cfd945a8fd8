/**
 * `bulkhead mcp`: a bridge for MCP clients that start a command and speak to it by standard input and output. Each message is passed on to
 * a server's /mcp as it is, and what comes back, too; nothing but messages goes to standard output.
 *
 *   client ──line──▶ stdin ─▶ POST /mcp ─▶ server
 *          ◀─line─── stdout ◀─ answer, or stream of messages
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import {
  SdkHttpError,
  StreamableHTTPClientTransport,
  isInitializeRequest,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  parseJSONRPCMessage,
  type JSONRPCMessage,
} from '@modelcontextprotocol/client';
import { openRemote } from '../remote/remote.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed. */
export type BridgeOptions = ServerOptions & { readonly tokenFile?: string; readonly plugin?: string };

/** Where messages come from, and where they go. */
export type BridgeEnds = { readonly input: Readable; readonly terminal: Terminal };

const FAILED = -32_000;
const NO_JSON = -32_700;

/**
 * Runs until its input ends.
 *
 * @throws {UsageError} where there is no token, or its file cannot be read.
 */
export async function bridge(options: BridgeOptions, { input, terminal }: BridgeEnds): Promise<number> {
  const { transport, at } = await openTransport(options);
  const pass = createPasser(transport, { terminal, at });
  await transport.start();
  terminal.say(`passing messages on to ${at}`);
  for await (const line of createInterface({ input })) {
    if (line.trim() !== '') await pass(line);
  }
  delete transport.onerror; // What is left open ends with its client, and that is no error.
  await transport.terminateSession().catch(() => undefined); // It ends by itself, when nobody uses it.
  await transport.close();
  return 0;
}

type Opened = { readonly transport: StreamableHTTPClientTransport; readonly at: string };

async function openTransport(options: BridgeOptions): Promise<Opened> {
  const { tokenFile, plugin } = options;
  const token = tokenFile === undefined ? undefined : await readTokenFile(tokenFile);
  const remote = await openRemote({ ...options, ...(token !== undefined && { token }) }, process.env);
  if (remote.token === undefined)
    throw new UsageError('there is no token', 'Name its file with --token-file, or set BULKHEAD_TOKEN.');
  const path = plugin === undefined ? '/mcp' : `/mcp/${encodeURIComponent(plugin)}`;
  const url = new URL(path, remote.server);
  const headers = {
    authorization: `Bearer ${remote.token}`,
    ...(remote.tenant !== undefined && { 'x-bulkhead-tenant': remote.tenant }),
  };
  return { transport: new StreamableHTTPClientTransport(url, { requestInit: { headers } }), at: url.href };
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`the token file cannot be read: ${why}`);
  }
}

type Passing = { readonly terminal: Terminal; readonly at: string };

/** Makes what takes one line of the client's. */
function createPasser(
  transport: StreamableHTTPClientTransport,
  { terminal, at }: Passing,
): (line: string) => Promise<void> {
  const inFlight = new Map<string | number, AbortController>();
  const answer = (message: object): void => terminal.result(JSON.stringify(message));

  const hear = (message: JSONRPCMessage): void => {
    if ('id' in message && !('method' in message) && message.id !== undefined) inFlight.delete(message.id);
    // What was agreed on stands in the head of every later request.
    if (isJSONRPCResultResponse(message) && typeof message.result['protocolVersion'] === 'string')
      transport.setProtocolVersion(message.result['protocolVersion']);
    answer(message);
  };
  Object.assign(transport, { onmessage: hear, onerror: (error: Error) => terminal.say(sayWhy(error, at)) });

  function send(message: JSONRPCMessage): Promise<void> {
    if (!isJSONRPCRequest(message)) return transport.send(message).catch(() => undefined); // `onerror` has said it.
    const leaving = new AbortController();
    inFlight.set(message.id, leaving);
    return transport.send(message, { requestSignal: leaving.signal }).catch((cause: unknown) => {
      // A request that was cancelled has no answer.
      if (!inFlight.delete(message.id) || leaving.signal.aborted) return;
      answer({ jsonrpc: '2.0', id: message.id, error: { code: FAILED, message: sayWhy(cause, at) } });
    });
  }

  return async (line) => {
    const message = readMessage(line);
    if (message === undefined) {
      terminal.say('a line that is no message of JSON-RPC was left out');
      return answer({ jsonrpc: '2.0', id: null, error: { code: NO_JSON, message: 'the line is no message' } });
    }
    const sent = send(message);
    cancel(message);
    // Nothing goes before the session has begun; later, nothing waits for anything.
    if (isInitializeRequest(message)) await sent;
  };

  /** Without a session a request is cancelled by leaving it. */
  function cancel(message: JSONRPCMessage): void {
    if (!('method' in message) || message.method !== 'notifications/cancelled' || transport.sessionId !== undefined)
      return;
    const id = message.params?.['requestId'];
    if (typeof id === 'string' || typeof id === 'number') inFlight.get(id)?.abort();
  }
}

function readMessage(line: string): JSONRPCMessage | undefined {
  try {
    return parseJSONRPCMessage(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** In words for whoever set the client up: that is where this is read. */
function sayWhy(cause: unknown, at: string): string {
  if (cause instanceof TypeError) return `${at} does not answer; is the server running?`;
  if (cause instanceof SdkHttpError && [401, 403].includes(cause.status))
    return `${at} refused the token (${cause.status}); give one that is valid, of role operator or above, with --token-file`;
  const said = cause instanceof Error ? cause.message : String(cause);
  return `${at}: ${said.slice(0, WHY_CHARACTERS_MAX)}`;
}

const WHY_CHARACTERS_MAX = 500;
