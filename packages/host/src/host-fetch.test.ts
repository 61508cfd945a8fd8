import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openInternet, type FakeInternet } from './egress/internet.fixture.ts';
import { askTool, createPluginFolders, logTexts, toolsSource, type PluginFolders } from './host.fixture.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';

const API = 'api.example.com';
const MORE = 'more.example.com';
const VALUE = 'canary-7fd1c0a94b6e8835-value';
const ASKS = {
  required_permissions: ['internet', 'secrets'],
  network: { allow: [`${API}:443`, 'inside.example.com:443'] },
  secrets: { API_KEY: { hosts: [`${API}:443`] } },
};
const SOURCE = toolsSource({
  get: `const response = await fetch(params.url, params.init); const { status, url, redirected, ok } = response;
    return { status, url, redirected, ok, kind: response.headers.get('x-kind'), text: await response.text() };`,
  key: `const response = await fetch('https://${API}/', { headers: { authorization: 'Bearer ' + context.secrets.API_KEY } });
    return { echo: await response.text(), own: context.secrets.API_KEY };`,
  more: `const response = await fetch('https://${MORE}/', { headers: { authorization: 'Bearer ' + context.secrets.API_KEY } });
    return { text: await response.text() };`,
  post: `const body = params.bytes ? new Uint8Array(params.bytes).fill(7) : params.body;
    return (await fetch('https://${API}/', { method: 'POST', body })).status;`,
  fails: `try { await fetch(params.url); return 'fetched'; }
    catch (error) { return { name: error.name, code: error.code, cause: error.cause?.code, message: error.message }; }`,
  bytes: `const response = await fetch('https://${API}/'); let bytes = 0;
    for await (const piece of response.body) bytes += piece.length; return bytes;`,
  stop: `const controller = new AbortController(); const { signal } = controller;
    const reader = (await fetch('https://${API}/', { signal })).body.getReader(); await reader.read(); controller.abort();
    try { await reader.read(); return 'read'; } catch (error) { return error.name; }`,
  early: `const controller = new AbortController(); let pieces = 0; let name = 'sent';
    for (let index = 0; index < 20; index += 1) {
      const body = new ReadableStream({ pull(stream) { pieces += 1; if (pieces % 2 === 0) controller.abort(); stream.enqueue(new Uint8Array(9)); if (pieces > 99) stream.close(); } });
      try { await fetch('https://${API}/', { method: 'POST', body, duplex: 'half', signal: index === 0 ? controller.signal : AbortSignal.abort() }); }
      catch (error) { name = error.name; }
    }
    return { name, status: (await fetch('https://${API}/')).status };`,
  many: `const heads = Array.from({ length: 20 }, () => fetch('https://${API}/').then(() => 'ok', (error) => error.code));
    return Promise.all(heads);`,
  slow: `const reader = (await fetch('https://${API}/')).body.getReader(); await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 300)); return 'waited';`,
  hang: `await (await fetch('https://${API}/')).text();`,
});

let net: FakeInternet;
let folders: PluginFolders;
beforeAll(async () => {
  [net, folders] = await Promise.all([openInternet([API, MORE, 'inside.example.com']), createPluginFolders()]);
  net.name('inside.example.com', ['10.0.0.7']);
  await folders.write('weather', SOURCE, ASKS);
  await folders.write('quiet', SOURCE);
  await folders.write('early', `export default { async onLoad() { await fetch('https://${API}/'); }, tools: [] };`, {
    ...ASKS,
    secrets: {},
    required_permissions: ['internet'],
  });
});
afterAll(async () => {
  await net[Symbol.asyncDispose]();
  await folders[Symbol.asyncDispose]();
});
beforeEach(() => net.serve(API, (_request, response) => response.end('ok')));

async function open(options: HostOptions = {}): Promise<Host> {
  const settings = resolveSettings({ spareCount: 0, tierMax: 'process', ...options });
  const { host } = await openHost({ ...settings, internet: net.internet });
  await host.install(`${folders.root}/weather`);
  await host.registrations.enable('weather', { grant: ['internet', 'secrets'] });
  await host.secrets.set('weather', { name: 'API_KEY', value: VALUE });
  return host;
}

const ask = <Value = unknown>(host: Host, tool: string, params: object = {}): Promise<Value> =>
  askTool<Value>(host, tool, { plugin: 'weather', params });

test('fetch in a guest is the host’s: what it sends goes out, what comes back it reads [DESIGN 6]', async () => {
  await using host = await open();
  net.serve(API, ({ url, body, headers }, response) => {
    if (url === '/old') return void response.writeHead(302, { location: '/new' }).end();
    response.writeHead(201, { 'x-kind': 'made' }).end(JSON.stringify({ url, body, agent: headers['user-agent'] }));
  });
  const init = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };
  expect(await ask(host, 'get', { url: `https://${API}/things?a=b#c`, init })).toEqual({
    ...{ status: 201, ok: true, kind: 'made', redirected: false, url: `https://${API}/things?a=b` },
    text: JSON.stringify({ url: '/things?a=b', body: '{"a":1}', agent: 'bulkhead' }),
  });
  expect(await ask(host, 'get', { url: `https://${API}/old` })).toMatchObject({
    redirected: true,
    url: `https://${API}/new`,
  });
});

test('a secret goes out in place of its placeholder, and its echo comes back as that [DESIGN 6]', async () => {
  await using host = await open();
  net.serve(API, ({ headers }, response) => response.end(`you sent ${headers.authorization}`));
  const { echo, own } = await ask<{ echo: string; own: string }>(host, 'key');
  expect(net.received.at(-1)?.headers.authorization).toBe(`Bearer ${VALUE}`);
  expect(echo).toBe(`you sent Bearer ${own}`);
  expect(JSON.stringify([logTexts(host, 'weather'), await host.metrics()])).not.toContain(VALUE);
});

test('the operator’s key goes out for tenants that have set none of their own, and a tenant’s own before it [X000-25]', async () => {
  const apiKey = { name: 'WEATHER_KEY', value: 'canary-of-the-operator' };
  const settings = resolveSettings({
    ...{ spareCount: 0, tierMax: 'process' },
    llm: { backends: [{ name: 'weather', plugin: 'weather', apiKey }] },
  });
  await using host = (await openHost({ ...settings, internet: net.internet })).host;
  await host.install(`${folders.root}/weather`);
  await host.registrations.enable('weather', { grant: ['internet', 'secrets'] });
  net.serve(API, ({ headers }, response) => response.end(`you sent ${headers.authorization}`));
  const { echo, own } = await ask<{ echo: string; own: string }>(host, 'key');
  expect(net.received.at(-1)?.headers.authorization).toBe(`Bearer ${apiKey.value}`);
  expect(echo).toBe(`you sent Bearer ${own}`);
  await host.secrets.set('weather', { name: 'API_KEY', value: VALUE });
  await ask(host, 'key');
  expect(net.received.at(-1)?.headers.authorization).toBe(`Bearer ${VALUE}`);
});

test.each([
  ['a host that is not listed', 'https://evil.example.net/', 'EGRESS_REFUSED', 'evil.example.net:443 is not allowed'],
  ['an address', 'https://169.254.169.254/latest', 'EGRESS_REFUSED', 'name a host'],
  ['a name that leads inside', 'https://inside.example.com/', 'EGRESS_REFUSED', 'not of the public internet'],
])('[FAULTS-96] %s is refused with a code, and written down once', async (_what, url, code, message) => {
  await using host = await open();
  for (let index = 0; index < 3; index += 1) {
    const failed = await ask(host, 'fails', { url });
    expect(failed).toMatchObject({ code, message: expect.stringContaining(message) });
  }
  const lines = async () =>
    (await host.audit.list({ rowsMax: 100 })).filter(({ action }) => action === 'egress.refuse');
  await expect.poll(async () => (await lines()).length).toBe(1);
  expect((await lines())[0]).toMatchObject({ actor: 'plugin:weather', tenant_id: 'default', resource: 'weather' });
  expect(JSON.stringify(await lines())).toContain(new URL(url).hostname);
});

test('uncaught, a refusal is the tool’s error', async () => {
  await using host = await open();
  const outcome = await host.call({ plugin: 'weather', tool: 'get', params: { url: 'https://evil.example.net/' } });
  expect(outcome).toMatchObject({ ok: false, error: { kind: 'tool_error' } });
});

test('where nobody answers fetch fails as it does everywhere, so that libraries try again', async () => {
  await using host = await open();
  net.serve(API, (_request, response) => response.destroy());
  expect(await ask(host, 'fails', { url: `https://${API}/` })).toMatchObject({
    name: 'TypeError',
    message: 'fetch failed',
    cause: 'EGRESS_FAILED',
  });
});

test('[FAULTS-95] without the permission there is no fetch, and without the grant it is refused', async () => {
  await using host = await open();
  await host.install(`${folders.root}/quiet`);
  expect(await askTool(host, 'fails', { plugin: 'quiet', params: { url: `https://${API}/` } })).toMatchObject({
    code: 'ERR_ACCESS_DENIED',
  });
});

test('a trial reaches no network', async () => {
  await using host = await open();
  const { length } = net.received;
  const release = await host.install(`${folders.root}/early`);
  expect(release).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('a trial reaches no network') });
  expect(net.received).toHaveLength(length);
});

test('large bodies pass both ways in pieces, and are counted', async () => {
  await using host = await open();
  const size = 2 * 1024 * 1024;
  net.serve(API, (_request, response) => response.end(Buffer.alloc(size, 'x')));
  expect(await ask(host, 'bytes')).toBe(size);
  net.serve(API, (_request, response) => response.end());
  expect(await ask(host, 'post', { bytes: size })).toBe(200);
  expect(net.received.at(-1)?.body.length).toBe(size);
  const page = await host.metrics();
  expect(page).toMatch(new RegExp(`egress_bytes_total\\{plugin="weather",direction="received"\\} ${size}\\n`));
  expect(page).toMatch(/egress_requests_total\{plugin="weather",outcome="ok"\} 2\n/);
  expect(await ask(host, 'post', { bytes: 17 * 1024 * 1024 })).toMatchObject({ failed: { kind: 'tool_error' } });
});

test('a plugin that does not read holds the other side up', async () => {
  await using host = await open();
  let written = 0;
  net.serve(API, (_request, response) => {
    const more = (): void => {
      while (!response.destroyed && written < 256 * 1024 * 1024) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
      }
    };
    more();
  });
  expect(await ask(host, 'slow')).toBe('waited');
  expect(written).toBeLessThan(32 * 1024 * 1024);
});

test('an instance has so many requests at a time; one more is refused and the others go on', async () => {
  await using host = await open();
  net.serve(API, (_request, response) => void response.write('head'));
  const answers = await ask<string[]>(host, 'many');
  expect(answers.filter((answer) => answer === 'ok')).toHaveLength(16);
  expect(answers.filter((answer) => answer === 'EGRESS_LIMIT')).toHaveLength(4);
});

test('what the plugin aborts ends out there, and so does what a dead instance had under way', async () => {
  await using host = await open();
  const closed: string[] = [];
  net.serve(API, (_request, response) => {
    response.once('close', () => closed.push('closed'));
    response.write('more');
  });
  expect(await ask(host, 'stop')).toBe('AbortError');
  await expect.poll(() => closed).toHaveLength(1);
  const { length } = net.received;
  const cancelling = new AbortController();
  const call = host.call({ plugin: 'weather', tool: 'hang', signal: cancelling.signal });
  await expect.poll(() => net.received.length).toBe(length + 1);
  cancelling.abort();
  expect(await call).toMatchObject({ error: { kind: 'cancelled' } });
  await expect.poll(() => closed).toHaveLength(2);
});

test('what is aborted while its body is written is not sent, and leaves nothing behind', async () => {
  await using host = await open();
  const { length } = net.received;
  expect(await ask(host, 'early')).toEqual({ name: 'AbortError', status: 200 });
  expect(net.received).toHaveLength(length + 1);
});

test('what may go out follows the grant and the secret, not what an instance was opened with', async () => {
  await using host = await open();
  net.serve(API, ({ headers }, response) => response.end(String(headers.authorization)));
  await ask(host, 'key');
  await host.secrets.set('weather', { name: 'API_KEY', value: 'another-value-of-it' });
  await ask(host, 'key');
  expect(net.received.at(-1)?.headers.authorization).toBe('Bearer another-value-of-it');
});

test('the operator may let one plugin reach one host more, with its secrets', async () => {
  const params = { url: `https://${MORE}/` };
  await using narrow = await open({ pluginHosts: { quiet: [`${MORE}:443`] } });
  expect(await ask(narrow, 'fails', params)).toMatchObject({ code: 'EGRESS_REFUSED' });
  await using host = await open({ pluginHosts: { weather: [`${MORE}:443`] } });
  net.serve(MORE, ({ headers }, response) => response.end(String(headers.authorization)));
  const { text } = await ask<{ text: string }>(host, 'more');
  expect(net.received.at(-1)?.headers.authorization).toBe(`Bearer ${VALUE}`);
  expect(text).not.toContain(VALUE);
});

test('a plugin that can do without the internet is refused it until it is granted, and may try', async () => {
  await using host = await open();
  const asks = { optional_permissions: ['internet'], network: { allow: [`${API}:443`] } };
  await host.install(await folders.write('flexible', SOURCE, asks));
  const params = { url: `https://${API}/` };
  const ask = (tool: string) => askTool(host, tool, { plugin: 'flexible', params });
  expect(await ask('fails')).toMatchObject({
    code: 'PERMISSION_NOT_GRANTED',
    message: expect.stringContaining('the optional permission "internet"'),
  });
  await host.registrations.enable('flexible', { grant: ['internet'] });
  expect(await ask('get')).toMatchObject({ status: 200, text: 'ok' });
});
