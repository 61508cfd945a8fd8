import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { createBroker } from './broker.ts';
import { createDialer } from './dialer.ts';
import { openProxy, type ProxyOptions } from './proxy.ts';

/** A host that the operator lists, which says nothing, echoes, or never stops, by the first byte that it hears. */
let peer: Server;
let folder: string;
let hostPort: string;
const peers = new Set<Socket>();
const dialer = createDialer();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-proxy-'));
  peer = createServer({ allowHalfOpen: true }, (socket) => {
    peers.add(socket);
    socket
      .on('error', () => undefined)
      .once('data', (first) => {
        const [letter] = first.toString('latin1');
        if (letter === 'e') socket.end(`echo ${first.toString('latin1')}`);
        if (letter === 'f') flood(socket);
        if (letter === 'G') socket.end('no HTTP\r\n');
      });
  });
  await new Promise<void>((done) => peer.listen(0, '127.0.0.1', done));
  hostPort = `127.0.0.1:${(peer.address() as AddressInfo).port}`; // It listens.
});
afterAll(async () => {
  for (const socket of peers) socket.destroy();
  await dialer.close();
  await new Promise((done) => peer.close(done));
  await rm(folder, { recursive: true });
});

function flood(socket: Socket): void {
  while (!socket.destroyed)
    if (!socket.write(Buffer.alloc(65_536))) return void socket.once('drain', () => flood(socket));
}

type Opened = AsyncDisposable & {
  readonly path: string;
  readonly ended: readonly string[];
  readonly moved: () => number;
};

let opened = 0;
async function open(change: Partial<ProxyOptions> = {}): Promise<Opened> {
  opened += 1;
  const path = join(folder, `s${opened}`);
  const ended: string[] = [];
  let moved = 0;
  const proxy = await openProxy(path, {
    ...{ broker: createBroker({ dialer }), dialer, now: () => performance.now() },
    errandOf: async () => ({
      rules: { allow: [hostPort], privateHosts: [hostPort] },
      didMove: (_direction, bytes) => void (moved += bytes),
    }),
    didEnd: (code) => void ended.push(code),
    ...change,
  });
  return { path, ended, moved: () => moved, [Symbol.asyncDispose]: () => proxy.close() };
}

/** Says one text, and resolves with all that is answered. */
function say(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(path, () => socket.write(text));
    socket.setEncoding('latin1').on('data', (piece: string) => (said += said.length > 1_000 ? '' : piece));
    socket.on('error', () => undefined).once('close', () => resolve(said));
  });
}

const tunnel = (what: string): string => `CONNECT ${hostPort} HTTP/1.1\r\nhost: x\r\n\r\n${what}`;

test('bytes pass both ways, and are counted', async () => {
  await using proxy = await open();
  expect(await say(proxy.path, tunnel('e1'))).toMatch(/^HTTP\/1\.1 200 [^\n]*\r\n\r\necho e1$/);
  await expect.poll(() => proxy.ended).toEqual(['ok']);
  expect(proxy.moved()).toBe('e1'.length + 'echo e1'.length);
});

test('a tunnel whose tenant may move no more ends with why, and nothing else does', async () => {
  const quota = new HostError('EGRESS_QUOTA_EXCEEDED');
  const errandOf = async () => ({
    rules: { allow: [hostPort], privateHosts: [hostPort] },
    didMove: (direction: 'sent' | 'received') => {
      if (direction === 'received') throw quota;
    },
  });
  await using proxy = await open({ errandOf });
  expect(await say(proxy.path, tunnel('e1'))).not.toContain('echo');
  await expect.poll(() => proxy.ended).toEqual(['EGRESS_QUOTA_EXCEEDED']);
});

test('a tunnel ends at its bytes', async () => {
  await using proxy = await open({ bounds: { bytesMax: 1_000_000 } });
  await say(proxy.path, tunnel('f'));
  await expect.poll(() => proxy.ended).toEqual(['EGRESS_LIMIT']);
  expect(proxy.moved()).toBeLessThan(1_000_000 + 2 * 65_536);
});

test.each([
  ['where nobody says anything', 's', { silentMs: 50 }, 'EGRESS_LIMIT'],
  ['after its whole time, whatever is said', 'f', { wholeMs: 50 }, 'EGRESS_LIMIT'],
])('a tunnel ends %s', async (_what, letter, bounds, code) => {
  await using proxy = await open({ bounds });
  await say(proxy.path, tunnel(letter));
  await expect.poll(() => proxy.ended).toEqual([code]);
});

test('a head that does not come whole is not waited for', async () => {
  await using proxy = await open({ bounds: { helloMs: 50 } });
  expect(await say(proxy.path, 'CONNECT half')).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
  expect(proxy.ended).toEqual([]);
});

test('more connections than so many at a time are not taken', async () => {
  await using proxy = await open();
  const held = Array.from({ length: LIMITS.egress_tunnels.value }, () => connect(proxy.path));
  await Promise.all(held.map((socket) => new Promise((done) => socket.once('data', done).write(tunnel('s')))));
  expect(await say(proxy.path, tunnel('e'))).toBe('');
  for (const socket of held) socket.on('error', () => undefined).destroy();
});

test('more than so many in a second are refused', async () => {
  await using proxy = await open({ now: () => 0 });
  for (let index = 0; index < LIMITS.egress_tunnels_per_second.value; index += 1) await say(proxy.path, tunnel('e'));
  expect(await say(proxy.path, tunnel('e'))).toMatch(/^HTTP\/1\.1 429 [^]*EGRESS_LIMIT: /);
});

test('a whole address is a request of the broker’s, without what is about a proxy', async () => {
  await using proxy = await open();
  const asked = `GET http://${hostPort}/ HTTP/1.1\r\nhost: x\r\nproxy-authorization: Basic eA==\r\nconnection: close\r\n\r\n`;
  expect(await say(proxy.path, asked)).toMatch(/^HTTP\/1\.1 502 [^]*EGRESS_FAILED: /); // The peer speaks no HTTP.
  await expect.poll(() => proxy.ended).toEqual(['EGRESS_FAILED']);
});

test('what is under way ends with the proxy', async () => {
  const proxy = await open();
  const socket = connect(proxy.path);
  await new Promise((done) => socket.once('data', done).write(tunnel('s')));
  const closed = new Promise((done) => socket.on('error', () => undefined).once('close', done));
  await proxy[Symbol.asyncDispose]();
  await closed;
  await expect.poll(() => proxy.ended).toEqual(['EGRESS_FAILED']);
});
