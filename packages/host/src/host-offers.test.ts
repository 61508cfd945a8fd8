/**
 * Content blocks, resources and prompts of plugins, and what a tool says to and asks of whoever called it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostError } from './base/host-error.ts';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { CallRequest } from './calls-api.ts';
import type { Host } from './host-api.ts';
import type { CallLine, ClientAsk } from './sandbox/sandbox.ts';
import type { ResourceUpdate } from './services/offers.ts';

const CODE = `
const tool = (name: string, execute: any, more: any = {}) => ({ name, description: name, parameters: { type: 'object' }, execute, ...more });
const content = (execute: any, returns?: any) => ({ content: true, ...(returns && { returns }) });
export default {
  tools: [
    tool('picture', () => ({ content: [{ type: 'text', text: 'a dot' }, { type: 'image', data: new Uint8Array([1, 2, 3]), mimeType: 'image/png' }] }), { content: true }),
    tool('both', ({ n }: any) => ({ content: [], structuredContent: { n } }), { content: true, returns: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } }),
    tool('odd', ({ value }: any) => value, { content: true }),
    tool('says', async (_: any, { logger }: any) => { logger.info('begun', { step: 1 }); await null; logger.warn('at /etc/passwd of ' + process.execPath); return null; }),
    tool('asks', async (request: any, { client }: any) => client.elicit(request)),
    tool('why', async (request: any, { client }: any) => client.elicit(request).catch(({ kind, code }: any) => ({ kind, code }))),
    tool('samples', async (request: any, { client }: any) => client.sample(request)),
    tool('asks_often', async (_: any, { client }: any) => { for (let n = 0; n < 20; n += 1) await client.elicit({ message: 'again?', requestedSchema: { type: 'object', properties: {} } }); }),
    tool('touches', async (_: any, { resourceUpdated }: any) => { resourceUpdated('note://today'); return null; }),
  ],
  resources: [
    { uri: 'note://today', name: 'today', description: 'Of today.', mimeType: 'text/plain', read: (_: any, { tenantId }: any) => 'for ' + tenantId },
    { uri: 'note://dot', name: 'dot', mimeType: 'image/png', read: () => new Uint8Array([1, 2, 3]) },
    { uri: 'note://odd', name: 'odd', read: () => ({ contents: [{ uri: 'note://odd' }] }) },
    { uriTemplate: 'note://{folder}/{id}', name: 'notes', read: ({ uri, variables }: any) => [{ text: JSON.stringify(variables) }, { uri: uri + '#2', text: 'more' }],
      complete: { folder: (value: string, others: any) => ['home', 'work'].filter((each) => each.startsWith(value)) } },
  ],
  prompts: [
    { name: 'review', description: 'Reviews.', arguments: [{ name: 'code', description: 'What is reviewed.', required: true }, { name: 'style' }],
      get: ({ code, style = 'short' }: any) => 'Review ' + code + ', ' + style, complete: { style: () => Array.from({ length: 150 }, (_, n) => 's' + n) } },
    { name: 'talk', get: () => [{ role: 'assistant', content: { type: 'text', text: 'Well?' } }] },
    { name: 'odd', get: () => [{ role: 'nobody', content: {} }] },
  ],
};`;

let host: Host;
let folders: PluginFolders;
beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  await host.install(await folders.write('notes', CODE));
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const call = (tool: string, params: object = {}, more: Partial<CallRequest> = {}) =>
  host.call({ plugin: 'notes', tool, params, ...more });
const read = (uri: string, tenant = 'default') => host.offers.read({ plugin: 'notes', uri, tenant });
const get = (prompt: string, args = {}) => host.offers.get({ plugin: 'notes', prompt, args });

test('a tool that says so answers with content blocks, bytes in them as base64', async () => {
  expect(host.tools().find(({ name }) => name === 'picture')).toMatchObject({ content: true });
  expect(host.tools().find(({ name }) => name === 'says')).not.toHaveProperty('content');
  expect(await call('picture')).toMatchObject({
    ok: true,
    value: {
      content: [
        { type: 'text', text: 'a dot' },
        { type: 'image', data: 'AQID', mimeType: 'image/png' },
      ],
    },
  });
});

test('`returns` of such a tool is the schema of its structuredContent', async () => {
  expect(await call('both', { n: 1 })).toMatchObject({ ok: true, value: { structuredContent: { n: 1 } } });
  expect(await call('both', { n: 'one' })).toMatchObject({ ok: false, error: { code: 'RESULT_INVALID' } });
});

test.each([
  ['no content', {}],
  ['a block of no type', { content: [{ text: 'x' }] }],
  ['an unknown type', { content: [{ type: 'video', data: '', mimeType: 'video/mp4' }] }],
  ['an image without a type', { content: [{ type: 'image', data: 'AQID' }] }],
  ['what is no base64', { content: [{ type: 'image', data: 'not base64', mimeType: 'image/png' }] }],
  ['a resource with neither text nor bytes', { content: [{ type: 'resource', resource: { uri: 'a:b' } }] }],
  ['more than content', { content: [], isError: true }],
  ['a text', 'text'],
])('what is no content is no result: %s', async (_what, value) => {
  expect(await call('odd', { value })).toMatchObject({
    ok: false,
    error: { kind: 'invalid_output', code: 'RESULT_INVALID' },
  });
});

test('resources and prompts are listed for the tenants that run the plugin', () => {
  expect(host.offers.resources()).toEqual([
    { plugin: 'notes', uri: 'note://dot', is_template: false, name: 'dot', mime_type: 'image/png' },
    { plugin: 'notes', uri: 'note://odd', is_template: false, name: 'odd' },
    {
      ...{ plugin: 'notes', uri: 'note://today', is_template: false, name: 'today' },
      ...{ description: 'Of today.', mime_type: 'text/plain' },
    },
    { plugin: 'notes', uri: 'note://{folder}/{id}', is_template: true, name: 'notes', completes: ['folder'] },
  ]);
  expect(host.offers.prompts()).toMatchObject([
    { plugin: 'notes', name: 'odd', arguments: [] },
    {
      name: 'review',
      description: 'Reviews.',
      arguments: [
        { name: 'code', description: 'What is reviewed.', required: true },
        { name: 'style', required: false },
      ],
      completes: ['style'],
    },
    { name: 'talk' },
  ]);
});

test('to read a resource is a call: for its tenant, in the sandbox, recorded', async () => {
  expect(await read('note://today', 'acme')).toMatchObject({
    ok: true,
    value: { contents: [{ uri: 'note://today', mimeType: 'text/plain', text: 'for acme' }] },
    call: { target: 'resources/note://today#read', tenant: 'acme', tier: 'process' },
  });
  expect(await read('note://dot')).toMatchObject({
    value: { contents: [{ uri: 'note://dot', mimeType: 'image/png', blob: 'AQID' }] },
  });
});

test('a template is read by any URI that fits it, and completed', async () => {
  expect(await read('note://work/a%20b')).toMatchObject({
    value: {
      contents: [
        { uri: 'note://work/a%20b', text: '{"folder":"work","id":"a b"}' },
        { uri: 'note://work/a%20b#2', text: 'more' },
      ],
    },
    call: { target: 'resources/note://{folder}/{id}#read' },
  });
  const of = { uriTemplate: 'note://{folder}/{id}' };
  expect(await host.offers.complete({ plugin: 'notes', of, argument: 'folder', value: 'h' })).toMatchObject({
    value: { values: ['home'], total: 1, hasMore: false },
  });
});

test('a prompt is got with its arguments, and completed with a hundred values at most', async () => {
  expect(await get('review', { code: 'x = 1' })).toMatchObject({
    value: { messages: [{ role: 'user', content: { type: 'text', text: 'Review x = 1, short' } }] },
    call: { target: 'prompts/review#get' },
  });
  expect(await get('talk')).toMatchObject({ value: { messages: [{ role: 'assistant' }] } });
  const completed = await host.offers.complete({
    ...{ plugin: 'notes', of: { prompt: 'review' }, argument: 'style', value: '' },
  });
  expect(completed).toMatchObject({ value: { total: 150, hasMore: true } });
  expect(completed.ok && (completed.value as { values: unknown[] }).values).toHaveLength(100);
});

test.each([
  ['an argument is missing', 'review', {}, '"code" is missing'],
  ['there is no such argument', 'review', { code: 'x', tone: 'y' }, 'takes no "tone"'],
  ['an argument is no text', 'review', { code: 5 }, '"code" is no text'],
])('a prompt is refused before its plugin sees it where %s', async (_what, prompt, args, text) => {
  const outcome = await get(prompt, args);
  expect(outcome).toMatchObject({ ok: false, error: { kind: 'invalid_input', code: 'PARAMS_INVALID' } });
  expect(outcome.ok ? '' : outcome.error.message).toContain(text);
  expect(outcome.call.instance_id).toBeNull();
});

test('what is not offered is not found, and what is no answer of an offer is no result', async () => {
  expect(await read('note://nothing')).toMatchObject({ error: { code: 'TOOL_NOT_FOUND' } });
  expect(await read('other://today')).toMatchObject({ error: { code: 'TOOL_NOT_FOUND' } });
  expect(await get('nothing')).toMatchObject({ error: { code: 'TOOL_NOT_FOUND' } });
  expect(await read('note://odd')).toMatchObject({ error: { code: 'RESULT_INVALID' } });
  expect(await get('odd')).toMatchObject({ error: { code: 'RESULT_INVALID' } });
});

test('whoever calls hears what the plugin logs meanwhile, without paths of the server', async () => {
  const lines: CallLine[] = [];
  await call('says', {}, { onLog: (line) => lines.push(line) });
  expect(lines).toMatchObject([
    { level: 'info', text: 'begun', fields: { step: 1 } },
    { level: 'warn', text: expect.stringMatching(/^at /) as string },
  ]);
  expect(lines[1]?.text).not.toContain(process.execPath);
});

const FORM = { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } };
const SAMPLE = { messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }], maxTokens: 10 };

test('a tool asks the client of its call, and is answered', async () => {
  const asked: ClientAsk[] = [];
  const client = {
    can: ['elicit', 'sample'] as const,
    ask: async (ask: ClientAsk) => {
      asked.push(ask);
      return { action: 'accept', content: { name: 'Ada' } };
    },
  };
  expect(await call('asks', FORM, { client })).toMatchObject({
    ok: true,
    value: { action: 'accept', content: { name: 'Ada' } },
  });
  expect(await call('samples', SAMPLE, { client })).toMatchObject({ ok: true });
  expect(asked).toEqual([
    { method: 'elicit', params: FORM },
    { method: 'sample', params: SAMPLE },
  ]);
});

test('where nobody can be asked the tool is told so', async () => {
  expect(await call('why', FORM)).toMatchObject({ value: { kind: 'unavailable', code: 'CLIENT_UNABLE' } });
  const client = { can: ['sample'] as const, ask: async () => ({}) };
  const outcome = await call('asks', FORM, { client });
  expect(outcome.ok ? '' : outcome.error.message).toContain('did not say');
});

test('a client that gives no answer is an error of the tool, and so is one that is asked too often', async () => {
  const ask = async (): Promise<never> => {
    throw new HostError('CLIENT_REFUSED', { message: 'nobody is there' });
  };
  expect(await call('why', FORM, { client: { can: ['elicit'], ask } })).toMatchObject({
    value: { kind: 'denied', code: 'CLIENT_REFUSED' },
  });
  const refused = await call('asks', FORM, { client: { can: ['elicit'], ask } });
  expect(refused.ok ? '' : refused.error.message).toContain('nobody is there');
  const often = await call('asks_often', {}, { client: { can: ['elicit'], ask: async () => ({ action: 'decline' }) } });
  expect(often.ok ? '' : often.error.message).toContain('16 times');
});

test('a client that never answers keeps nobody beyond the call', async () => {
  const client = { can: ['elicit'] as const, ask: () => Promise.withResolvers<never>().promise };
  expect(await call('asks', FORM, { client, timeoutMs: 300 })).toMatchObject({ error: { kind: 'timeout' } });
});

test('what a plugin says has changed is told, with its tenant', async () => {
  const updates: ResourceUpdate[] = [];
  const stop = host.offers.onUpdate((update) => updates.push(update));
  await call('touches', {}, { tenant: 'acme' });
  await expect.poll(() => updates).toEqual([{ tenant: 'acme', plugin: 'notes', uri: 'note://today' }]);
  stop();
});

test.each([
  [
    'two resources of one URI',
    `resources: [{ uri: 'a:b', name: 'x', read: () => '' }, { uri: 'a:b', name: 'y', read: () => '' }]`,
    'twice',
  ],
  ['a URI without a scheme', `resources: [{ uri: 'plain', name: 'x', read: () => '' }]`, 'expected a scheme'],
  ['neither URI nor template', `resources: [{ name: 'x', read: () => '' }]`, 'expected one of them'],
  [
    'a template that cannot be matched',
    `resources: [{ uriTemplate: 'a:{x}{y}', name: 'x', read: () => '' }]`,
    'text between',
  ],
  ['nothing to read', `resources: [{ uri: 'a:b', name: 'x' }]`, 'no read'],
  ['a prompt without get', `prompts: [{ name: 'x' }]`, 'no get'],
  [
    'a completion of no argument',
    `prompts: [{ name: 'x', get: () => '', complete: { y: () => [] } }]`,
    'no variable or argument',
  ],
])('a plugin that offers %s does not load, and says why', async (_what, offer, why) => {
  const dir = await folders.write(`wrong_${why.length}`, `export default { ${offer} };`);
  expect(await host.install(dir)).toMatchObject({ state: 'FAILED', reason: expect.stringContaining(why) as string });
});
