/**
 * One connection to a remote MCP server, by the official client: begun, its tools listed, then called. Each request is a `fetch` of
 * the guest.
 */
import { LIMITS, inspectJson, parseMcpTool, type JsonObject, type PinnedTool } from '@bulkhead/protocol';
import {
  Client,
  StreamableHTTPClientTransport,
  type CallToolResult,
  type JsonSchemaValidatorResult,
  type jsonSchemaValidator,
} from '@modelcontextprotocol/client';
import { boundedFetch } from '../bounded-fetch.ts';
import type { Logger, LogLevel, ToolContext } from '../context.ts';
import { McpServerError } from './mcp-error.ts';

/** Where a server is; the placeholders of secrets stand in its headers. */
export type ServerAddress = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** A tool as a server lists it. */
export type ServerTool = Omit<PinnedTool, 'name'>;

/** A call of one of its tools, by the server's own name. */
export type ServerCall = {
  readonly name: string;
  readonly params: JsonObject;
  readonly context: Pick<ToolContext, 'signal' | 'progress'>;
};

/** A connection that was begun. */
export type Connection = {
  /** What the server says that it is. */
  readonly about: { readonly name: string; readonly version: string };
  readonly listTools: () => Promise<readonly ServerTool[]>;
  readonly call: (call: ServerCall) => Promise<CallToolResult>;
  /** Ends it, and the server's session; never rejects. */
  readonly close: () => Promise<void>;
};

const CONNECT_MS = 30_000;
const ANSWER_BYTES_MAX = LIMITS.egress_request_bytes.value;
const SCHEMA_BOUNDS = { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.ready_keys.value };
const CLIENT = { name: 'bulkhead', version: '0.1.0' };
/** Results are judged by the host, and by schemas that are pinned; here no code is made of a schema. */
const NO_VALIDATOR: jsonSchemaValidator = {
  getValidator: <Value>() => isTakenAs<Value>,
};

function isTakenAs<Value>(input: unknown): JsonSchemaValidatorResult<Value> {
  return { valid: true, data: input as Value, errorMessage: undefined }; // It is the host's to judge.
}

/** Begins one. @throws whatever the client or the broker says; {@link told} has the words for it. */
export async function connect({ url, headers }: ServerAddress, logger: Logger): Promise<Connection> {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers },
    fetch: askedFetch(),
    reconnectionOptions: RECONNECTION,
  });
  const client = new Client(CLIENT, {
    capabilities: {},
    jsonSchemaValidator: NO_VALIDATOR,
    versionNegotiation: { mode: 'auto' },
  });
  client.setNotificationHandler('notifications/message', ({ params }) => log(logger, params));
  await client.connect(transport, { timeout: CONNECT_MS });
  const { name = '', version = '' } = client.getServerVersion() ?? {};
  return {
    about: { name, version },
    listTools: () => listTools(client),
    call: ({ name: tool, params, context }) =>
      client.callTool(
        { name: tool, arguments: { ...params } },
        {
          signal: context.signal,
          timeout: LIMITS.egress_request_ms.value,
          onprogress: ({ progress, total, message }) =>
            context.progress(progress, {
              ...(total !== undefined && { total }),
              ...(message !== undefined && { message }),
            }),
        },
      ),
    close: async () => {
      // A server that is gone, or keeps no sessions, needs none of it.
      await transport.terminateSession().catch(() => undefined);
      await client.close().catch(() => undefined);
    },
  };
}

/** A stream of an answer that breaks off is read on, where the server can; nothing waits longer than its call. */
const RECONNECTION = {
  initialReconnectionDelay: 500,
  maxReconnectionDelay: 10_000,
  reconnectionDelayGrowFactor: 2,
  maxRetries: 3,
};

/** The stream of news is not opened: what a server has to say between calls is heard by nobody, and each stream is one request. */
function askedFetch(): typeof fetch {
  const bounded = boundedFetch(
    ANSWER_BYTES_MAX,
    () => new McpServerError(`an answer of the MCP server has more than ${ANSWER_BYTES_MAX} bytes`),
  );
  return async (input, init) => {
    const isNews = init?.method === 'GET' && !new Headers(init.headers).has('last-event-id');
    return isNews ? new Response(null, { status: 405 }) : bounded(input, init);
  };
}

async function listTools(client: Client): Promise<readonly ServerTool[]> {
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const tools: ServerTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < LIMITS.mcp_list_pages.value; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method: 'tools/list', params }, { timeout: CONNECT_MS });
    tools.push(...answer.tools.map(readTool));
    if (tools.length > LIMITS.tools.value) throw tooMany();
    if (answer.nextCursor === undefined) return tools;
    cursor = answer.nextCursor;
  }
  throw tooMany();
}

function readTool(value: object): ServerTool {
  const tool = inspectJson(value, SCHEMA_BOUNDS) === undefined ? parseMcpTool(value) : undefined;
  if (tool === undefined) throw new McpServerError('the MCP server lists a tool that is none, or is beyond its bounds');
  return tool;
}

function tooMany(): McpServerError {
  return new McpServerError(
    `the MCP server lists more than ${LIMITS.tools.value} tools, or more than ${LIMITS.mcp_list_pages.value} pages of them`,
  );
}

const LEVELS: Readonly<Record<string, LogLevel>> = { debug: 'debug', info: 'info', notice: 'info', warning: 'warn' };

/** Levels of MCP are those of syslog. */
function log(logger: Logger, { level, data }: { readonly level: string; readonly data?: unknown }): void {
  const said = typeof data === 'string' ? data : JSON.stringify(data ?? null);
  logger[LEVELS[level] ?? 'error'](said.slice(0, LIMITS.log_line_characters.value));
}
