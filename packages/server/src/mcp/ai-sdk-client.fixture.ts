/**
 * For tests: the MCP client of the AI SDK, in a process of its own as the official ones. Prints the names of the tools that it has, and
 * what one of them answers.
 *
 *   node ai-sdk-client.fixture.ts URL TOKEN TOOL ARGUMENTS
 */
import { createMCPClient } from '@ai-sdk/mcp';

const [url = '', token = '', name = '', args = '{}'] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const client = await createMCPClient({ transport: { type: 'http', url, headers } });
const tools = await client.tools();
const options = { toolCallId: 'call-1', messages: [], context: {} };
const answered: unknown = await tools[name]?.execute?.(JSON.parse(args), options);
process.stdout.write(JSON.stringify({ names: Object.keys(tools).toSorted(), answered }));
await client.close();
