/**
 * For tests: an official client, in a process of its own, because one of their packages cannot be loaded under the condition by which
 * our own sources are found. Connects, lists or calls, and prints what came as one line of JSON.
 *
 *   node official-client.fixture.ts v1|v2 URL TOKEN [TOOL [ARGUMENTS]]
 */
const [series, url = '', token = '', name, args = '{}'] = process.argv.slice(2);
const info = { name: 'test', version: '1' };
const requestInit = { headers: { authorization: `Bearer ${token}` } };
const heard: unknown[] = [];
const onprogress = (progress: unknown): void => void heard.push(progress);

type Ask = {
  readonly list: () => Promise<unknown>;
  readonly call: (tool: string, given: Record<string, unknown>) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

async function connectFirst(): Promise<Ask> {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const client = new Client(info);
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
  await client.connect(transport);
  return {
    list: () => client.listTools(),
    call: (tool, given) => client.callTool({ name: tool, arguments: given }, undefined, { onprogress }),
    close: () => client.close(),
  };
}

async function connectSecond(): Promise<Ask> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const client = new Client(info);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return {
    list: () => client.listTools(),
    call: (tool, given) => client.callTool({ name: tool, arguments: given }, { onprogress }),
    close: () => client.close(),
  };
}

const client = await (series === 'v1' ? connectFirst() : connectSecond());
try {
  const given = JSON.parse(args) as Record<string, unknown>;
  const value = await (name === undefined ? client.list() : client.call(name, given));
  process.stdout.write(JSON.stringify({ value, heard }));
} catch (error) {
  const { code, message } = error as { readonly code?: number; readonly message: string }; // As both series throw it.
  process.stdout.write(JSON.stringify({ error: { code, message } }));
}
await client.close();
