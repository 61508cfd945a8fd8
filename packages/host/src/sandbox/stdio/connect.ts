/**
 * The first words with an MCP server: `initialize`, then the list of its tools, page by page. What it says is judged here, before
 * anything is called.
 */
import {
  LIMITS,
  callError,
  inspectJson,
  isJsonObject,
  parseMcpTool,
  type CallError,
  type JsonObject,
  type PinnedTool,
} from '@bulkhead/protocol';
import type { RpcMessage } from './rpc-message.ts';

/** What a server says of itself. */
export type ServerAbout = {
  readonly name: string;
  readonly version: string;
  readonly protocol: string;
  readonly instructions: string | undefined;
  readonly tools: readonly Omit<PinnedTool, 'name'>[];
};

/** How questions are asked; the answer is the server's, or the reason why there will be none. */
export type AskServer = (method: string, params: JsonObject) => Promise<Answer>;

/** An answer to a question. */
export type Answer = Extract<RpcMessage, { kind: 'result' | 'error' }> | { readonly kind: 'gone' };

/** A server that is ready, or why it is not. `gone`: its end says why. */
export type Connected =
  { readonly ok: true; readonly about: ServerAbout } | { readonly ok: false; readonly error: CallError } | 'gone';

/** Revisions that this host understands, newest first. */
const REVISIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const CLIENT = { name: 'bulkhead', version: '0.1.0' };
const SCHEMA_BOUNDS = { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.ready_keys.value };
const CURSOR_CHARACTERS_MAX = 4_096;

/** Connects; `initialized` tells the server that it may begin. */
export async function connectServer(ask: AskServer, initialized: () => void): Promise<Connected> {
  const [newest] = REVISIONS;
  const answer = await ask('initialize', {
    protocolVersion: newest ?? '',
    capabilities: { roots: {} },
    clientInfo: CLIENT,
  });
  if (answer.kind === 'gone') return 'gone';
  if (answer.kind === 'error') return refusedTo('initialize', answer);
  const { result } = answer;
  const { protocolVersion: protocol, capabilities, serverInfo, instructions } = isJsonObject(result) ? result : {};
  if (typeof protocol !== 'string' || !isJsonObject(capabilities) || !isJsonObject(serverInfo)) return malformed();
  if (!REVISIONS.includes(protocol)) {
    const message = `the MCP server speaks revision ${JSON.stringify(protocol.slice(0, 40))}`;
    return { ok: false, error: callError('MCP_VERSION', { message }) };
  }
  initialized();
  const listed = capabilities['tools'] === undefined ? [] : await listTools(ask);
  if (!isList(listed)) return listed;
  const about = {
    name: textOf(serverInfo['name'], 256),
    version: textOf(serverInfo['version'], 64),
    protocol,
    instructions: typeof instructions === 'string' ? instructions.slice(0, INSTRUCTIONS_CHARACTERS) : undefined,
    tools: listed,
  };
  return { ok: true, about };
}

const INSTRUCTIONS_CHARACTERS = 10_000;

type Listed = ServerAbout['tools'];

function isList(listed: Listed | Exclude<Connected, { ok: true }>): listed is Listed {
  return Array.isArray(listed);
}

async function listTools(ask: AskServer): Promise<Listed | Exclude<Connected, { ok: true }>> {
  const tools: Listed[number][] = [];
  let cursor: string | undefined;
  for (let page = 0; page < LIMITS.mcp_list_pages.value; page += 1) {
    const answer = await ask('tools/list', cursor === undefined ? {} : { cursor });
    if (answer.kind === 'gone') return 'gone';
    if (answer.kind === 'error') return refusedTo('tools/list', answer);
    const { tools: some, nextCursor } = isJsonObject(answer.result) ? answer.result : {};
    if (!Array.isArray(some) || tools.length + some.length > LIMITS.tools.value) return tooMany();
    for (const one of some) {
      const tool = inspectJson(one, SCHEMA_BOUNDS) === undefined ? parseMcpTool(one) : undefined;
      if (tool === undefined) return oddTool(one);
      tools.push(tool);
    }
    if (nextCursor === undefined || nextCursor === null) return tools;
    if (typeof nextCursor !== 'string' || nextCursor.length > CURSOR_CHARACTERS_MAX) return malformed();
    cursor = nextCursor;
  }
  return tooMany();
}

function textOf(value: unknown, charactersMax: number): string {
  return typeof value === 'string' ? value.slice(0, charactersMax) : '';
}

function refusedTo(method: string, { code, message }: Extract<Answer, { kind: 'error' }>): Connected & { ok: false } {
  const said = message.slice(0, LIMITS.error_text_characters.value);
  return initFailed(`the MCP server answered "${method}" with error ${code}: ${said}`);
}

function oddTool(value: unknown): Connected & { ok: false } {
  const name = isJsonObject(value) ? textOf(value['name'], 80) : '';
  return initFailed(`the MCP server lists a tool ${JSON.stringify(name)} that is none, or is beyond its bounds`);
}

function tooMany(): Connected & { ok: false } {
  return initFailed(
    `the MCP server lists more than ${LIMITS.tools.value} tools, or more than ${LIMITS.mcp_list_pages.value} pages of them`,
  );
}

function initFailed(message: string): Connected & { ok: false } {
  return { ok: false, error: callError('INIT_FAILED', { message }) };
}

function malformed(): Connected & { ok: false } {
  const message = 'an answer of the MCP server is not what the Model Context Protocol says';
  return { ok: false, error: callError('FRAME_SCHEMA', { message }) };
}
