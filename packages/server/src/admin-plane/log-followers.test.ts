import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { PluginLogPage } from '@bulkhead/host';
import { expect, test } from 'vitest';
import { createFollowers, type Follower } from './log-followers.ts';
import { send } from '../server-fixture.ts';

const BEAT_MS = 20;
const NOTHING: PluginLogPage = { lines: [], next: '00000000.0', has_gap: false };

type Opened = AsyncDisposable & { readonly port: number; readonly closed: Promise<unknown> };

/** A server whose every request follows as the test says. */
async function open(follower: Pick<Follower, 'read' | 'isAllowed'>): Promise<Opened> {
  const followers = createFollowers(BEAT_MS);
  const closed = Promise.withResolvers<void>();
  const server: Server = createServer((_request, response) => {
    response.once('close', closed.resolve);
    followers.open({ tenant: 't', response, after: undefined, watch: () => () => undefined, ...follower });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { port, closed: closed.promise, [Symbol.asyncDispose]: close };
}

const GET = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';

test('F2: whoever may no longer read is ended at the next beat', async () => {
  let isAllowed = true;
  await using opened = await open({ read: () => NOTHING, isAllowed: () => isAllowed });
  const client = send(opened.port, GET);
  let text = '';
  client.setEncoding('utf8').on('data', (more: string) => (text += more));
  await expect.poll(() => text).toContain(': \n\n');
  isAllowed = false;
  await opened.closed;
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream/);
});

test('F1, F2: a client that reads nothing is held no lines for, and is let go', async () => {
  let pages = 0;
  const line = { at: '', source: 'stdout', level: null, text: 'x'.repeat(10_000), fields: null } as const;
  const page = (): PluginLogPage => {
    pages += 1;
    const cursor = `00000000.${pages}`;
    return { lines: [{ ...line, cursor, instance_id: null, call_id: null }], next: cursor, has_gap: false };
  };
  await using opened = await open({ read: page, isAllowed: () => true });
  const client = send(opened.port, GET);
  client.pause();
  await opened.closed;
  // What the kernel takes for a client that does not read, and no more.
  expect(pages).toBeLessThan(2_000);
});
