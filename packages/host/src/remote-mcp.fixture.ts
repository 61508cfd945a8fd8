/**
 * For tests: MCP servers by HTTP, made with the official server library, behind names of the fake internet.
 */
import { createMcpHandler, Server, type CallToolResult, type Tool } from '@modelcontextprotocol/server';
import { Readable } from 'node:stream';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Received, Serve } from './egress/internet.fixture.ts';

/** A tool of such a server. */
export type ServedTool = {
  readonly about: Omit<Tool, 'name'>;
  readonly run: (args: Record<string, unknown>, signal: AbortSignal) => Promise<CallToolResult> | CallToolResult;
};

/** Serves tools, whatever they are at the moment of each request, by every revision that the library knows. */
export function mcpServe(tools: () => Readonly<Record<string, ServedTool>>): Serve {
  const handler = createMcpHandler(() => {
    const server = new Server({ name: 'remote', version: '3.2.1' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', () => ({
      tools: Object.entries(tools()).map(([name, { about }]): Tool => ({ name, ...about })),
    }));
    server.setRequestHandler('tools/call', ({ params }, context) => {
      const tool = tools()[params.name];
      if (tool === undefined) throw new Error(`no tool ${params.name}`);
      return tool.run(params.arguments ?? {}, context.mcpReq.signal);
    });
    return server;
  });
  return (received, response) => void answer(handler.fetch(requestOf(received, response)), response);
}

function requestOf({ host, method, url, headers, body }: Received, response: ServerResponse): Request {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const pairs = Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []));
  return new Request(`https://${host}${url}`, {
    method,
    headers: Object.fromEntries(pairs) as Record<string, string>,
    signal: gone.signal,
    ...(body !== '' && { body }),
  });
}

async function answer(answering: Promise<Response>, response: ServerResponse): Promise<void> {
  const { status, headers, body } = await answering;
  response.writeHead(status, Object.fromEntries(headers));
  if (body === null) return void response.end();
  Readable.fromWeb(body)
    .on('error', () => response.destroy())
    .pipe(response);
}

/** A server on this machine, without encryption. */
export type LoopbackMcp = AsyncDisposable & { readonly hostPort: string };

/** Opens one. */
export async function openLoopbackMcp(tools: () => Readonly<Record<string, ServedTool>>): Promise<LoopbackMcp> {
  const serve = mcpServe(tools);
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    void text(request).then((body) => serve({ host: '127.0.0.1', method, url, headers, body }, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens.
  return {
    hostPort: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
