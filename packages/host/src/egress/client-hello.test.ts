import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readGreeting } from './client-hello.ts';

/** What OpenSSL says first, as it comes off a socket. */
async function greetingOf(options: object): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => socket.on('error', () => undefined).once('data', resolve));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // It listens.
  const socket = connect({ port, host: '127.0.0.1', ...options }).on('error', () => undefined);
  const bytes = await promise;
  socket.destroy();
  await new Promise((done) => server.close(done));
  return bytes;
}

test.each([['TLSv1.2'], ['TLSv1.3']] as const)(
  'the greeting of %s names its host, once it is whole',
  async (version) => {
    const bytes = await greetingOf({ servername: 'API.Example.com', minVersion: version, maxVersion: version });
    expect(readGreeting(bytes)).toEqual({ kind: 'host', host: 'api.example.com' });
    for (let length = 0; length < bytes.length; length += 1)
      expect(readGreeting(bytes.subarray(0, length))).toEqual({ kind: 'more' });
  },
);

test('a greeting in several records is read as one', async () => {
  const bytes = await greetingOf({ servername: 'api.example.com' });
  const whole = bytes.subarray(5);
  const records = [whole.subarray(0, 3), whole.subarray(3, 90), whole.subarray(90)].map((part) => {
    const header = Buffer.from([22, 3, 1, 0, 0]);
    header.writeUInt16BE(part.length, 3);
    return Buffer.concat([header, part]);
  });
  expect(readGreeting(Buffer.concat(records))).toEqual({ kind: 'host', host: 'api.example.com' });
});

test('a greeting that names no host is none', async () => {
  expect(readGreeting(await greetingOf({}))).toEqual({ kind: 'none' });
});

test.each([
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
  ['a record of another kind', Buffer.from([23, 3, 3, 0, 1, 0])],
  ['another message', Buffer.from([22, 3, 3, 0, 4, 2, 0, 0, 0])],
  ['one without end', Buffer.from([22, 3, 3, 0, 4, 1, 255, 255, 255])],
  ['an empty record', Buffer.from([22, 3, 3, 0, 0])],
])('%s is no greeting', (_, bytes) => {
  expect(readGreeting(bytes)).toEqual({ kind: 'none' });
});

test('whatever comes, reading it ends in one of three answers', async () => {
  const real = await greetingOf({ servername: 'api.example.com' });
  const bent = fc
    .array(fc.tuple(fc.nat({ max: real.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 })
    .map((changes) => changes.reduce((bytes, [at, value]) => bytes.fill(value, at, at + 1), Buffer.from(real)));
  fc.assert(
    fc.property(
      fc.oneof(
        bent,
        fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        expect(['host', 'more', 'none']).toContain(readGreeting(bytes).kind);
      },
    ),
    { numRuns: 2_000 },
  );
});
