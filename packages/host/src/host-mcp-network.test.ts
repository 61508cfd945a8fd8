import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@bulkhead/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openInternet, type FakeInternet } from './egress/internet.fixture.ts';
import { createPluginFolders, type PluginFolders } from './host.fixture.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import { MCP_SERVER } from './sandbox/stdio/stdio-fixture.ts';

const API = 'api.example.com';
const OTHER = 'other.example.com';
const INSIDE = 'inside.example.com';
const MAPPED = 'mapped.example.com';
const METADATA = 'metadata.example.com';

/** Tools of a server that knows nothing of us: Node's own fetch, and a client that speaks CONNECT by hand. */
const MAIN = `
  import { serve } from './mcp.mjs';
  import { connect, createServer } from 'node:net';
  import { createSocket } from 'node:dgram';
  import { spawnSync } from 'node:child_process';
  const failure = (error) => ({ failed: [error.code, error.message, error.cause?.code, error.cause?.message].join(' ') });
  const speak = (port, text, options = {}) => new Promise((resolve) => {
    let said = '';
    const socket = connect({ port, host: '127.0.0.1', ...options });
    socket.setEncoding('latin1').on('data', (piece) => { said += piece; if (said.length > 4e6) socket.destroy(); });
    socket.on('connect', () => socket.write(text)).on('error', (error) => resolve(String(error.code)));
    socket.on('close', () => resolve(said.length > 4000 ? said.length : said));
  });
  serve({
    fetch: async ({ url, init }) => {
      try {
        const response = await fetch(url, init);
        return { status: response.status, text: (await response.text()).slice(0, 500) };
      } catch (error) { return failure(error); }
    },
    bytes: async ({ url }) => {
      try { return (await (await fetch(url)).arrayBuffer()).byteLength; } catch (error) { return failure(error); }
    },
    speak: ({ text }) => speak(Number(new URL(process.env.HTTPS_PROXY ?? 'http://x:1').port), text),
    sockets: async () => ({
      tcp: await speak(1, '', { host: '1.1.1.1' }),
      udp: await new Promise((resolve) => createSocket('udp4').on('error', (error) => resolve(error.code)).bind(0, () => resolve('bound'))),
      listen: await new Promise((resolve) => createServer().on('error', (error) => resolve(error.code)).listen(0, () => resolve('listens'))),
      unix: await speak(undefined, '', { path: '/bulkhead/egress', host: undefined, port: undefined }),
      child: spawnSync('/bulkhead/node', ['-e', '1']).error?.code ?? 'ran',
    }),
    env: () => Object.fromEntries(Object.entries(process.env).filter(([name]) => /proxy/i.test(name))),
  });
`;
const TOOLS = ['fetch', 'bytes', 'speak', 'sockets', 'env'];

let net: FakeInternet;
let folders: PluginFolders;
let host: Host;
beforeAll(async () => {
  [net, folders] = await Promise.all([openInternet([API, OTHER, INSIDE, MAPPED, METADATA]), createPluginFolders()]);
  net.name(INSIDE, ['10.0.0.7']);
  net.name(MAPPED, ['::ffff:127.0.0.1']);
  net.name(METADATA, ['169.254.169.254']);
  const allow = [API, INSIDE, MAPPED, METADATA].map((name) => `${name}:443`);
  await writeServer('online', { required_permissions: ['internet'], network: { allow } });
  await writeServer('offline', {});
  host = await open();
  await install(host, 'online', ['internet']);
});
afterAll(async () => {
  await host.close();
  await net[Symbol.asyncDispose]();
  await folders[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const name of [API, OTHER, INSIDE])
    net.serve(name, ({ url, host: named }, response) => response.end(`${named}${url}`));
});

async function writeServer(name: string, manifest: object): Promise<void> {
  const dir = join(folders.root, name);
  await mkdir(dir, { recursive: true });
  const tools = TOOLS.map((tool) => ({
    name: tool,
    mcp_name: tool,
    description: tool,
    parameters: { type: 'object' },
  }));
  const about = { name, version: '1.0.0', description: 'A server.', author: 'a', driver: 'stdio', main: 'main.mjs' };
  const env = { NODE_EXTRA_CA_CERTS: '{server}/ca.pem' };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify({ ...about, mcp: { env, tools }, ...manifest }));
  await writeFile(join(dir, 'main.mjs'), MAIN);
  await writeFile(join(dir, 'mcp.mjs'), MCP_SERVER);
  await writeFile(join(dir, 'ca.pem'), net.internet.ca ?? '');
}

async function open(options: HostOptions = {}): Promise<Host> {
  return (await openHost({ ...resolveSettings({ spareCount: 0, ...options }), internet: net.internet })).host;
}

async function install(at: Host, name: string, grant: readonly string[]): Promise<void> {
  await at.install(join(folders.root, name));
  await at.registrations.enable(name, { grant });
}

async function ask(tool: string, params: JsonObject = {}, { at = host, plugin = 'online' } = {}): Promise<unknown> {
  const outcome = await at.call({ plugin, tool, params });
  return outcome.ok ? (outcome.value as { readonly value: unknown }).value : outcome.error;
}

const hello = (authority: string): string => `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`;

test('an MCP server with its own HTTP client reaches what its manifest lists, through the broker [DESIGN 6]', async () => {
  const { length } = net.received;
  expect(await ask('fetch', { url: `https://${API}/things?a=b` })).toEqual({ status: 200, text: `${API}/things?a=b` });
  expect(net.received).toHaveLength(length + 1);
  expect(await ask('env')).toMatchObject({
    HTTPS_PROXY: 'http://127.0.0.1:3128',
    NODE_USE_ENV_PROXY: '1',
    NO_PROXY: '',
  });
  expect(await host.metrics()).toMatch(/egress_bytes_total\{plugin="online",direction="received"\} [1-9]/);
});

test('a client that speaks CONNECT by itself is let through to its host', async () => {
  const said = await ask('speak', { text: `${hello(`${API}:443`)}nothing of TLS` });
  expect(said).toMatch(/^HTTP\/1\.1 200 /);
});

test.each([
  ['another host', `https://${OTHER}/`, 'host', `${OTHER}:443`],
  ['another port', `https://${API}:8443/`, 'host', `${API}:8443`],
  ['an address', 'https://1.1.1.1/', 'address_literal', '1.1.1.1:443'],
  ['the metadata address', 'https://169.254.169.254/latest', 'address_literal', '169.254.169.254:443'],
  ['an IPv6-mapped address', 'https://[::ffff:7f00:1]/', 'address_literal', '[::ffff:7f00:1]:443'],
  ['a name that leads inside', `https://${INSIDE}/`, 'address', INSIDE],
  ['a name that leads to a mapped address', `https://${MAPPED}/`, 'address', MAPPED],
  ['a name that leads to the metadata address', `https://${METADATA}/`, 'address', METADATA],
])(
  '[FAULTS-96] [FAULTS-97] %s is refused, written down, and listed with what it would take',
  async (_what, url, rule, target) => {
    const { length } = net.received;
    expect(await ask('fetch', { url })).toMatchObject({ failed: expect.stringContaining('fetch failed') });
    const authority = `${new URL(url).hostname}:${new URL(url).port === '' ? 443 : new URL(url).port}`;
    expect(await ask('speak', { text: hello(authority) })).toMatch(/^HTTP\/1\.1 403 [^]*EGRESS_REFUSED: /);
    expect(net.received).toHaveLength(length);
    const lines = async () =>
      (await host.audit.list({ rowsMax: 100 })).filter(({ action, details }) => {
        const { rule: itsRule, target: itsTarget } = details as { readonly rule?: string; readonly target?: string };
        return action === 'egress.refuse' && itsRule === rule && itsTarget === target;
      });
    await expect.poll(async () => (await lines()).length).toBe(1);
    expect((await lines())[0]).toMatchObject({ actor: 'plugin:online', resource: 'online' });
    const { refused } = await host.debug('online', { tenant: 'default', isPlatform: true });
    expect(refused).toContainEqual(
      expect.objectContaining({ what: 'network', target, permission: rule === 'host' ? 'network.allow' : null }),
    );
  },
);

test.each([
  ['plain text', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
  ['TLS for another host', '\u0016\u0003\u0001\u0000\u0000'],
])('what begins as %s does not go out over a tunnel', async (_what, text) => {
  const { length } = net.received;
  expect(await ask('speak', { text: `${hello(`${API}:443`)}${text}` })).toMatch(/^HTTP\/1\.1 200 [^\n]*\r\n\r\n$/);
  expect(net.received).toHaveLength(length);
});

test.each([
  ['no host', 'CONNECT / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 40[03] /],
  ['a name in it', `CONNECT user@${API}:443 HTTP/1.1\r\nhost: x\r\n\r\n`, /^HTTP\/1\.1 403 /],
  ['a path', 'GET /path HTTP/1.1\r\nhost: x\r\n\r\n', /^HTTP\/1\.1 403 /],
  ['http', `GET http://${API}:443/ HTTP/1.1\r\nhost: x\r\n\r\n`, /^HTTP\/1\.1 403 /],
])('the proxy refuses %s', async (_what, text, said) => {
  expect(await ask('speak', { text })).toMatch(said);
});

test('a whole address of https is asked by the broker itself', async () => {
  const said = await ask('speak', {
    text: `GET https://${API}/by-broker HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  });
  expect(said).toMatch(/^HTTP\/1\.1 200 [^]*api\.example\.com\/by-broker/);
});

test('large answers pass', async () => {
  net.serve(API, (_request, response) => response.end(Buffer.alloc(8 * 1024 * 1024, 'x')));
  expect(await ask('bytes', { url: `https://${API}/` })).toBe(8 * 1024 * 1024);
});

test('with the grant a server has TCP to its own proxy and nothing more: no datagram, no listening, no socket of ours, no child', async () => {
  expect(await ask('sockets')).toEqual({
    tcp: 'ENETUNREACH',
    udp: 'EACCES',
    listen: 'EACCES',
    unix: 'EACCES',
    child: 'EACCES',
  });
});

test('[FAULTS-95] without the grant no socket is possible, and nothing of the proxy is there', async () => {
  await install(host, 'offline', []);
  const at = { plugin: 'offline' };
  expect(await ask('sockets', {}, at)).toEqual({
    tcp: 'EACCES',
    udp: 'EACCES',
    listen: 'EACCES',
    unix: 'EACCES',
    child: 'EACCES',
  });
  expect(await ask('env', {}, at)).toEqual({});
});

test('on a machine without namespaces the plugin is unavailable, and says which tier it needs', async () => {
  await using weak = await open({ tierMax: 'confined' });
  const release = await weak.install(join(folders.root, 'online'));
  expect(release).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringContaining('"jail"') });
});

test('a grant that is taken back takes the network with it, and one that is given brings it', async () => {
  await host.registrations.disable('online');
  await host.registrations.enable('online', { grant: [] });
  expect(await ask('env')).toMatchObject({ kind: 'denied' });
  await host.registrations.enable('online', { grant: ['internet'] });
  expect(await ask('fetch', { url: `https://${API}/again` })).toMatchObject({ status: 200 });
});
