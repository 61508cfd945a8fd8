/**
 * For tests: an official client that stays connected, in a process of its own. Takes requests as lines of JSON on stdin, and says on stdout,
 * a line of JSON each, what it was answered and what it heard. Asked itself, it answers: its person is called Ada, its model is polite.
 *
 *   node talking-client.fixture.ts v1|v2|v2-2026 URL TOKEN
 */
import { createInterface } from 'node:readline';

const [series, url = '', token = ''] = process.argv.slice(2);
const info = { name: 'test', version: '1' };
const requestInit = { headers: { authorization: `Bearer ${token}` } };
const capabilities = { sampling: {}, elicitation: {} };
const PERSON = { action: 'accept' as const, content: { name: 'Ada' } };
const MODEL = { role: 'assistant' as const, content: { type: 'text' as const, text: 'Thank you.' }, model: 'polite' };

type Asked = { readonly method: string; readonly params: Record<string, unknown> };
type Talk = { readonly ask: (asked: Asked) => Promise<unknown>; readonly close: () => Promise<void> };

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const hear = async ({ method, params }: { readonly method: string; readonly params?: unknown }): Promise<void> =>
  void say({ heard: method, params });

async function connectFirst(): Promise<Talk> {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const types = await import('@modelcontextprotocol/sdk/types.js');
  const client = new Client(info, { capabilities });
  client.setRequestHandler(types.ElicitRequestSchema, async () => PERSON);
  client.setRequestHandler(types.CreateMessageRequestSchema, async () => MODEL);
  client.fallbackNotificationHandler = hear;
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return { ask: (asked) => client.request(asked, types.ResultSchema), close: () => client.close() };
}

async function connectSecond(mode: 'legacy' | 'auto'): Promise<Talk> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const client = new Client(info, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', async () => PERSON);
  client.setRequestHandler('sampling/createMessage', async () => MODEL);
  client.fallbackNotificationHandler = hear;
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return {
    ask: async ({ method, params }) => {
      if (method === 'tools/call') return client.callTool(params as { name: string });
      if (method !== 'listen') return client.request({ method, params } as { method: 'ping' });
      await client.listen(params);
      return {};
    },
    close: () => client.close(),
  };
}

const client = await (series === 'v1' ? connectFirst() : connectSecond(series === 'v2' ? 'legacy' : 'auto'));
say({ connected: series });
for await (const line of createInterface(process.stdin)) {
  try {
    say({ answered: await client.ask(JSON.parse(line) as Asked) });
  } catch (error) {
    const { code, message } = error as { readonly code?: number; readonly message: string }; // As both series throw it.
    say({ refused: { code, message } });
  }
}
await client.close();
