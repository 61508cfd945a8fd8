/**
 * What `bulkhead init --kind mcp --from https://…` runs in the sandbox before there is a manifest: a plugin whose one tool says what a
 * remote MCP server is.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { BaseToolPlugin } from '../base-tool-plugin.ts';
import type { ToolContext } from '../context.ts';
import { PluginMetadata } from '../metadata.ts';
import type { ToolDescription } from '../tool.ts';
import { ToolResult } from '../tool-result.ts';
import { connect } from './connection.ts';
import { told } from './mcp-error.ts';
import { addressOf, type RemoteManifest } from './remote-server.ts';

/**
 * The plugin; its manifest has this one tool.
 *
 * @internal
 */
export class ServerLister extends BaseToolPlugin {
  readonly metadata: PluginMetadata;
  readonly tools: readonly ToolDescription[] = [
    { name: 'list', description: 'Says what the server is.', parameters: { type: 'object' } },
  ];
  readonly #server: RemoteManifest['mcp'];

  constructor(manifest: RemoteManifest) {
    super();
    this.metadata = new PluginMetadata(manifest);
    this.#server = manifest.mcp;
  }

  override async execute(
    _name: string,
    _params: JsonObject,
    { secrets, logger, signal }: ToolContext,
  ): Promise<ToolResult> {
    try {
      const connection = await connect(addressOf(this.#server, secrets), logger);
      const tools = await connection.listTools();
      await connection.close();
      return ToolResult.ok({ ...connection.about, tools });
    } catch (error) {
      throw told(error, signal);
    }
  }
}
