/**
 * An MCP server that is reached by HTTP, as a plugin: its tools are those that plugin.json pins, and a call of one is a call there.
 *
 * R1: No tool is called on a connection whose list of tools was not found to be the pinned one.
 * R2: A connection is made when a call needs it: a trial reaches no network.
 */
import { secretsIn, toolsDiffer, wireToolOf, type JsonObject, type PinnedTool } from '@bulkhead/protocol';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { BaseToolPlugin } from '../base-tool-plugin.ts';
import type { Logger, ToolContext } from '../context.ts';
import { PluginMetadata, type PluginMetadataFields } from '../metadata.ts';
import type { ToolDescription } from '../tool.ts';
import { ToolResult } from '../tool-result.ts';
import { connect, type Connection, type ServerAddress, type ServerCall } from './connection.ts';
import { McpServerError, McpToolsChangedError, isAnswer, isSessionGone, told } from './mcp-error.ts';

/**
 * The plugin.json of a remote MCP server, as it is imported.
 *
 * @experimental
 */
export type RemoteManifest = PluginMetadataFields & {
  readonly mcp: {
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly tools: readonly PinnedTool[];
  };
};

type Opened = { readonly connection: Connection; readonly openedAt: number };

/** After that a connection is made anew, and the list of tools looked at again. */
const CONNECTION_MS = 10 * 60 * 1_000;

/**
 * The plugin: `export default new RemoteServer(manifest)` is all of a main.
 *
 * @experimental
 */
export class RemoteServer extends BaseToolPlugin {
  readonly metadata: PluginMetadata;
  readonly tools: readonly ToolDescription[];
  readonly #server: RemoteManifest['mcp'];
  readonly #names: ReadonlyMap<string, string>;
  #opened: Promise<Opened> | undefined;

  constructor(manifest: RemoteManifest) {
    super();
    const { mcp } = manifest;
    this.metadata = new PluginMetadata(manifest);
    this.#server = mcp;
    this.#names = new Map(mcp.tools.map(({ name, mcp_name }) => [name, mcp_name]));
    this.tools = mcp.tools.map(wireToolOf).map(descriptionOf);
  }

  override async execute(toolName: string, params: JsonObject, context: ToolContext): Promise<ToolResult> {
    const name = this.#names.get(toolName);
    if (name === undefined) return super.execute(toolName, params, context);
    try {
      return resultOf(await this.#call({ name, params, context }, context));
    } catch (error) {
      throw told(error, context.signal);
    }
  }

  override async onUnload(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.connection.close();
  }

  /** A session that the server has forgotten is begun again, once: nothing was run in it. */
  async #call(call: ServerCall, context: ToolContext): Promise<CallToolResult> {
    const opening = this.#open(context);
    const opened = await unlessAborted(opening, context.signal);
    try {
      return await unlessAborted(opened.connection.call(call), context.signal);
    } catch (error) {
      if (context.signal.aborted || isAnswer(error)) throw error;
      this.#drop(opening);
      if (!isSessionGone(error)) throw error;
    }
    const anew = await unlessAborted(this.#open(context), context.signal);
    return unlessAborted(anew.connection.call(call), context.signal);
  }

  /** One at a time, which calls share; whoever leaves does not take it away from others. */
  async #open(context: Pick<ToolContext, 'secrets' | 'logger'>): Promise<Opened> {
    const known = await this.#opened?.catch(() => undefined);
    if (known !== undefined && performance.now() - known.openedAt < CONNECTION_MS) return known;
    const opening = openPinned(this.#server, context);
    this.#opened = opening;
    opening.catch(() => this.#drop(opening));
    return opening;
  }

  #drop(opening: Promise<Opened>): void {
    if (this.#opened === opening) this.#opened = undefined;
  }
}

function descriptionOf({ name, description, parameters, returns, idempotent }: ReturnType<typeof wireToolOf>) {
  return { name, description, parameters, idempotent, ...(returns !== undefined && { returns }) };
}

/** Connects, and refuses a server that lists other tools (R1). */
async function openPinned(
  server: RemoteManifest['mcp'],
  { secrets, logger }: { readonly secrets: Readonly<Record<string, string>>; readonly logger: Logger },
): Promise<Opened> {
  const connection = await connect(addressOf(server, secrets), logger);
  const wrong = await connection.listTools().then(
    (listed) => toolsDiffer(server.tools, listed),
    async (error: unknown) => {
      await connection.close();
      throw error;
    },
  );
  if (wrong === undefined) return { connection, openedAt: performance.now() };
  await connection.close();
  throw new McpToolsChangedError(`the tools of the MCP server are not those of its release (${wrong})`);
}

/** Puts the placeholders of secrets into the headers. */
export function addressOf(
  { url, headers = {} }: Pick<RemoteManifest['mcp'], 'url' | 'headers'>,
  secrets: Readonly<Record<string, string>>,
): ServerAddress {
  const filled = Object.entries(headers).map(([name, text]) => {
    const missing = secretsIn(text).find((secret) => secrets[secret] === undefined);
    if (missing !== undefined)
      throw new McpServerError(
        `the secret ${missing} is not set; set it with bulkhead secrets set, and grant "secrets"`,
      );
    return [
      name,
      secretsIn(text).reduce((sofar, secret) => sofar.replaceAll(`{${secret}}`, secrets[secret] ?? ''), text),
    ];
  });
  return { url, headers: Object.fromEntries(filled) as Readonly<Record<string, string>> };
}

/** As it is with MCP servers that run here (ADR 28): the structured content, with its blocks beside it; else the blocks. */
function resultOf({ content, structuredContent, isError }: CallToolResult): ToolResult {
  const blocks = content as unknown as readonly JsonObject[]; // From JSON, its form judged by the client.
  if (isError === true) {
    const texts = blocks.flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [text] : []));
    return ToolResult.fail(texts.length === 0 ? 'the tool reported an error' : texts.join('\n'));
  }
  if (structuredContent === undefined) return ToolResult.ok<JsonObject>({ content: blocks });
  return ToolResult.ok(structuredContent as JsonObject, { content: blocks });
}

function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error); // Whatever it is, it is what the caller gave.
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
