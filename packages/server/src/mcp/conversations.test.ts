/**
 * What needs more than one request: sessions and streams of the official clients, of either series and in both ways of asking a client.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, TOKEN, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `
const tool = (name, execute, more = {}) => ({ name, description: name, parameters: { type: 'object' }, execute, ...more });
const FORM = { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } };
const QUESTION = { messages: [{ role: 'user', content: { type: 'text', text: 'Hello' } }], maxTokens: 10 };
export default {
  tools: [
    tool('asks', async (_, { client }) => (await client.elicit(FORM)).content),
    tool('asks_both', async (_, { client }) => { const [person, model] = await Promise.all([client.elicit(FORM), client.sample(QUESTION)]); return { name: person.content.name, said: model.content.text }; }),
    tool('asks_twice', async (_, { client }) => [await client.elicit(FORM), await client.sample(QUESTION)].length),
    tool('logs', (_, { logger }) => { logger.debug('small'); logger.warn('large', { size: 3 }); return 'done'; }),
    tool('touches', (_, { resourceUpdated }) => { resourceUpdated('note://today'); resourceUpdated('note://other'); return 'done'; }),
    tool('links', () => ({ content: [{ type: 'resource_link', uri: 'note://today', name: 'today' }] }), { content: true }),
  ],
  resources: [{ uri: 'note://today', name: 'today', read: () => 'Sunny.' }, { uriTemplate: 'note://{id}', name: 'note', read: ({ variables }) => variables.id, complete: { id: () => ['a'] } }],
  prompts: [{ name: 'begin', arguments: [{ name: 'with', required: true }], get: (args) => 'Begin with ' + args.with, complete: { with: () => ['tea', 'cake'] } }],
};`;

let plugin: TestPlugin;
let served: TestServer;
beforeAll(async () => {
  plugin = await writePlugin('day_notes', MAIN);
  served = await startServer({ plugins: [plugin.dir] });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
});

type Line = {
  readonly connected?: string;
  readonly answered?: unknown;
  readonly refused?: unknown;
  readonly heard?: string;
  readonly params?: unknown;
};

/** A client that talks; `heard` are notifications so far. */
type Talk = AsyncDisposable & {
  readonly ask: (method: string, params?: object) => Promise<unknown>;
  readonly heard: readonly Line[];
};

async function connect(series: string, path: string, token = TOKEN): Promise<Talk> {
  const script = join(import.meta.dirname, 'talking-client.fixture.ts');
  const child = spawn(process.execPath, [script, series, `${served.url}${path}`, token], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const heard: Line[] = [];
  const waiting: ((line: Line) => void)[] = [];
  const next = (): Promise<Line> => new Promise((resolve) => waiting.push(resolve));
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.heard === undefined) waiting.shift()?.(line);
    else heard.push(line);
  });
  await next();
  return {
    heard,
    ask: async (method, params = {}) => {
      const answer = next();
      child.stdin.write(`${JSON.stringify({ method, params })}\n`);
      const { answered, refused } = await answer;
      return answered ?? { refused };
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const call = (name: string) => ['tools/call', { name, arguments: {} }] as const;

describe.each([['v1'], ['v2'], ['v2-2026']])('the official client %s', (series) => {
  test('is asked by a tool, of its person and its model, and the tool has the answers', async () => {
    await using client = await connect(series, '/mcp/day_notes');
    expect(await client.ask(...call('asks'))).toMatchObject({ structuredContent: { name: 'Ada' } });
    expect(await client.ask(...call('asks_both'))).toMatchObject({
      structuredContent: { name: 'Ada', said: 'Thank you.' },
    });
    expect(await client.ask(...call('asks_twice'))).toMatchObject({ content: [{ text: '2' }] });
  });

  test('reads resources, gets prompts and has arguments completed, under their own names', async () => {
    await using client = await connect(series, '/mcp/day_notes');
    expect(await client.ask('resources/list')).toMatchObject({ resources: [{ uri: 'note://today', name: 'today' }] });
    expect(await client.ask('resources/templates/list')).toMatchObject({
      resourceTemplates: [{ uriTemplate: 'note://{id}' }],
    });
    expect(await client.ask('resources/read', { uri: 'note://x' })).toMatchObject({
      contents: [{ uri: 'note://x', text: 'x' }],
    });
    expect(await client.ask('prompts/get', { name: 'begin', arguments: { with: 'tea' } })).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text', text: 'Begin with tea' } }],
    });
    const argument = { name: 'with', value: '' };
    const byPrompt = { ref: { type: 'ref/prompt', name: 'begin' }, argument };
    expect(await client.ask('completion/complete', byPrompt)).toMatchObject({
      completion: { values: ['tea', 'cake'] },
    });
    const byTemplate = { ref: { type: 'ref/resource', uri: 'note://{id}' }, argument: { name: 'id', value: '' } };
    expect(await client.ask('completion/complete', byTemplate)).toMatchObject({ completion: { values: ['a'] } });
  });

  test('has all plugins at /mcp, each resource under its plugin’s URI, in links, too', async () => {
    await using client = await connect(series, '/mcp');
    const uri = 'day.notes+note://today';
    expect(await client.ask('resources/list')).toMatchObject({ resources: [{ uri }] });
    expect(await client.ask('resources/read', { uri })).toMatchObject({ contents: [{ uri, text: 'Sunny.' }] });
    expect(await client.ask(...call('day_notes__links'))).toMatchObject({ content: [{ type: 'resource_link', uri }] });
    expect(await client.ask('prompts/list')).toMatchObject({ prompts: [{ name: 'day_notes__begin' }] });
  });

  test('is told what it got wrong as errors of the protocol', async () => {
    await using client = await connect(series, '/mcp/day_notes');
    expect(await client.ask('resources/read', { uri: 'none://x' })).toMatchObject({ refused: { code: -32_602 } });
    expect(await client.ask('prompts/get', { name: 'none' })).toMatchObject({ refused: { code: -32_602 } });
    expect(await client.ask('prompts/get', { name: 'begin' })).toMatchObject({
      refused: { message: expect.stringContaining('"with" is missing') as string },
    });
  });

  test('hears that its tenant’s lists have changed, and nothing of another’s', async () => {
    const own = await served.host.tenants.create({ name: `own-${series}` });
    const other = await served.host.tenants.create({ name: `other-${series}` });
    const token = (await served.host.tokens.issue({ tenant: own.id, role: 'operator' })).text;
    await using client = await connect(series, '/mcp', token);
    if (series === 'v2-2026')
      await client.ask('listen', { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true });
    await served.host.registrations.enable('day_notes', { tenant: other.id });
    await served.host.registrations.disable('day_notes', { tenant: other.id });
    await served.host.registrations.enable('day_notes', { tenant: own.id });
    await served.host.registrations.disable('day_notes', { tenant: own.id });
    const lists = () => client.heard.map(({ heard = '' }) => heard).toSorted(undefined);
    await expect
      .poll(lists)
      .toEqual(['prompts', 'resources', 'tools'].map((list) => `notifications/${list}/list_changed`));
    expect(await client.ask('tools/list')).toMatchObject({ tools: [] });
  });

  test('hears of resources that it watches, and of no others', async () => {
    await using client = await connect(series, '/mcp/day_notes');
    const watched = 'note://today';
    if (series === 'v2-2026') await client.ask('listen', { resourceSubscriptions: [watched] });
    else await client.ask('resources/subscribe', { uri: watched });
    await client.ask(...call('touches'));
    await expect
      .poll(() => client.heard)
      .toMatchObject([{ heard: 'notifications/resources/updated', params: { uri: watched } }]);
    if (series === 'v2-2026') return;
    await client.ask('resources/unsubscribe', { uri: watched });
    await client.ask(...call('touches'));
    await client.ask('ping');
    expect(client.heard).toHaveLength(1);
  });
});

describe.each([['v1'], ['v2']])('the official client %s, in a session', (series) => {
  test('hears what a tool logs, from the level on that it asked for', async () => {
    await using client = await connect(series, '/mcp/day_notes');
    await client.ask('logging/setLevel', { level: 'warning' });
    await client.ask(...call('logs'));
    await expect
      .poll(() => client.heard)
      .toMatchObject([
        {
          heard: 'notifications/message',
          params: { level: 'warning', logger: 'day_notes', data: { message: 'large', size: 3 } },
        },
      ]);
  });
});
