import { expect, test } from 'vitest';
import { HostError } from '@bulkhead/host';
import {
  callTool,
  outcomeOfResponse,
  request,
  send,
  startServer,
  statusesOf,
  TOKEN,
  writePlugin,
} from './server-fixture.ts';
import { createServer } from './server.ts';

const HOLDER = `let release = () => {};
export default { tools: [
  { name: 'hold', description: 'Holds.', parameters: { type: 'object' }, execute: () => new Promise((resolve) => { release = () => resolve(1); }) },
  { name: 'release', description: 'Releases.', parameters: { type: 'object' }, execute: () => { release(); return {}; } },
] };`;

test.each([
  ['a call', request('holder/hold', '{}'), 502, 'HOST_CLOSED'],
  ['a look at readiness', 'GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n', 503, 'draining'],
  ['a look at health', 'GET /v1/plugins HTTP/1.1\r\nhost: localhost\r\n\r\n', 200, 'RUNNING'],
] as const)('closing lets the call in flight end; %s that comes later is told', async (_what, later, status, text) => {
  await using plugin = await writePlugin('holder', HOLDER);
  await using started = await startServer({ plugins: [plugin.dir] });
  const client = send(started.port, request('holder/hold', '{}'));
  const answers = collect(client);
  await expect.poll(() => started.host.health('holder')?.state).toBe('RUNNING');
  const closed = started.server.close();
  client.write(later);
  await started.host.call({ plugin: 'holder', tool: 'release' });
  await closed;
  expect(statusesOf(await answers)).toEqual([200, status]);
  expect(await answers).toContain(text);
  await started.server.close();
});

test('calls that outlast the host are answered host_restart', async () => {
  await using plugin = await writePlugin('holder', HOLDER);
  await using started = await startServer({ plugins: [plugin.dir] });
  const held = callTool(started.url, 'holder/hold', {});
  await expect.poll(() => started.host.health('holder')?.state).toBe('RUNNING');
  const closed = started.server.close();
  await started.host.close();
  const response = await held;
  expect(response.status).toBe(502);
  expect(await outcomeOfResponse(response)).toMatchObject({ error: { kind: 'host_restart', code: 'HOST_CLOSED' } });
  await closed;
});

test('a client that never ends its request does not hold the server open once its connection is dropped', async () => {
  await using started = await startServer();
  const client = send(started.port, 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\n');
  const answers = collect(client);
  await new Promise((resolve) => client.once('data', resolve));
  const closed = started.server.close();
  started.server.dropConnections();
  await closed;
  expect(statusesOf(await answers)).toEqual([200]);
});

test('a port that is taken is PORT_UNAVAILABLE, with the address', async () => {
  await using started = await startServer();
  const second = await createServer({ host: started.host, token: TOKEN, log: silent });
  const failure = await second.listen({ host: '127.0.0.1', port: started.port }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(HostError);
  expect(failure).toMatchObject({ code: 'PORT_UNAVAILABLE', message: expect.stringContaining(`port ${started.port}`) });
  await second.close();
});

test('a token of 31 characters is refused', async () => {
  await using started = await startServer();
  await expect(createServer({ host: started.host, token: 'x'.repeat(31), log: silent })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
});

test('an error of our own is HOST_FAULT: 503, logged, without its text', async () => {
  await using started = await startServer();
  const errors: object[] = [];
  const broken = { ...started.host, metrics: () => Promise.reject(new Error('a secret of the host')) };
  await using server = await createServer({
    host: broken,
    token: TOKEN,
    log: { ...silent, error: (fields) => void errors.push(fields) },
  });
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(503);
  const text = await response.text();
  expect(text).toContain('HOST_FAULT');
  expect(text).not.toContain('secret');
  expect(errors).toHaveLength(1);
});

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function collect(socket: ReturnType<typeof send>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (more: string) => (text += more));
  socket.on('close', () => resolve(text));
  return promise;
}
