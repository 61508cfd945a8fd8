import { createServer } from 'node:http';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findGuests } from '../process/launch-fixture.ts';
import type { Sandbox } from '../sandbox.ts';
import type { StdioSpec } from './driver.ts';
import { MCP_SERVER, openStdioFixture, pinned, serverSpec } from './stdio-fixture.ts';

const jail = await openStdioFixture('jail');
afterAll(() => jail.close());
const { runDirectory } = jail.process.sandbox;

const MAIN = `
  import { serve } from './mcp.mjs';
  import { spawnSync } from 'node:child_process';
  import { readdirSync } from 'node:fs';
  serve({
    get: async () => (await fetch('http://anything.example.com/path')).text(),
    many: async () => (await Promise.all(Array.from({ length: 64 }, (_, n) => fetch('http://a.example.com/' + n).then((r) => r.text())))).length,
    up: async ({ bytes }) => (await fetch('http://a.example.com/', { method: 'POST', body: 'x'.repeat(bytes) })).text(),
    list: () => readdirSync('/bulkhead'),
    env: () => process.env,
    child: () => spawnSync('/bulkhead/node', ['-e', 'fetch("http://child.example.com/").then(async (r) => console.log(await r.text()))']).stdout?.toString() ?? 'none',
    exit: () => process.exit(3),
  });`;
const TOOLS = pinned('get', 'many', 'up', 'list', 'env', 'child', 'exit');

/** The host's end of a proxy that answers everything itself. */
const openProxy: NonNullable<StdioSpec['openProxy']> = async (path) => {
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (piece: Buffer) => (bytes += piece.length));
    request.on('end', () => response.setHeader('connection', 'close').end(`${request.url} ${bytes}`));
  });
  await new Promise<void>((done) => server.listen(path, done));
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};

async function open(change: Partial<StdioSpec> = {}): Promise<Sandbox> {
  const spec = serverSpec({ 'main.mjs': MAIN, 'mcp.mjs': MCP_SERVER }, { tools: TOOLS, openProxy, ...change });
  const opening = await jail.driver.open(spec);
  if (!opening.ok) throw new Error(JSON.stringify(opening.error));
  return opening.sandbox;
}

async function ask(sandbox: Sandbox, name: string, params: object = {}): Promise<unknown> {
  const deadline = performance.now() + 20_000;
  const call = {
    target: 'tool',
    name,
    args: [params as never],
    deadline,
    timeoutMs: 20_000,
    isFullTime: true,
  } as const;
  const reply = await sandbox.run({ ...call, signal: undefined });
  return reply.ok ? (reply.value as { readonly value: unknown }).value : reply.error.code;
}

const remains = async () => ({
  processes: (await findGuests(runDirectory.token)).length,
  folders: await readdir(join(runDirectory.path, 'temp')),
});

test('a server’s own client comes to the host through the proxy, many connections at once and large bodies', async () => {
  const sandbox = await open();
  expect(await ask(sandbox, 'get')).toBe('http://anything.example.com/path 0');
  expect(await ask(sandbox, 'many')).toBe(64);
  expect(await ask(sandbox, 'up', { bytes: 5_000_000 })).toBe('http://a.example.com/ 5000000');
  await sandbox.close();
});

test('what the proxy is made of is in the jail, and none of the server’s variables reaches it', async () => {
  const sandbox = await open({
    env: { PERL5OPT: '-Mbroken', PERL5LIB: '/bulkhead/server', HTTPS_PROXY: 'http://evil' },
  });
  expect(await ask(sandbox, 'list')).toEqual(['data', 'egress', 'node', 'online.pl', 'perl', 'server']);
  expect(await ask(sandbox, 'env')).toMatchObject({ PERL5OPT: '-Mbroken', HTTPS_PROXY: 'http://127.0.0.1:3128' });
  expect(await ask(sandbox, 'get')).toContain('anything');
  await sandbox.close();
});

test('the process that is watched is the server, and not its proxy', async () => {
  const sandbox = await open();
  const { node_pid: pid } = sandbox.diagnose();
  expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain('/bulkhead/server/main.mjs');
  await sandbox.close();
});

test('children have the proxy where they are granted, and there are none where they are not', async () => {
  const without = await open();
  expect(await ask(without, 'child')).toBe('none');
  await without.close();
  const granted = await open({ allowChildren: true });
  expect(await ask(granted, 'child')).toContain('http://child.example.com/ 0');
  await granted.close();
});

test('whichever way a server ends, its proxy, its socket and its folder end with it', async () => {
  for (const end of ['close', 'exit', 'kill'] as const) {
    const sandbox = await open();
    await ask(sandbox, 'get');
    if (end === 'close') await sandbox.close();
    if (end === 'exit') await ask(sandbox, 'exit');
    if (end === 'kill') process.kill(sandbox.diagnose().pid ?? 0, 'SIGKILL');
    await sandbox.died;
    await expect.poll(remains).toEqual({ processes: 0, folders: [] });
  }
});
