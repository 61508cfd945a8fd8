import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import type { EgressAnswer, EgressRequest } from './broker.ts';
import { openCassette, type Cassette } from './cassette.ts';
import { createDialer } from './dialer.ts';
import { createBroker } from './broker.ts';
import { API, errandOf, OTHER, PLACEHOLDER, SECRET, textOf, useInternet, VALUE } from './errands.fixture.ts';

const { net, send, last } = useInternet();
const folder = await mkdtemp(join(tmpdir(), 'bulkhead-cassettes-'));
afterAll(() => rm(folder, { recursive: true }));

const SECRETS = [{ ...SECRET, in: ['header', 'query', 'body'] }];
const JSON_TYPE = ['content-type', 'application/json'] as const;

async function opened(name: string, mode: 'record' | 'replay'): Promise<Cassette> {
  const cassette = await openCassette({ file: join(folder, name), mode });
  return cassette ?? expect.fail('it is off');
}

const sendBy = (cassette: Cassette) => (request: Partial<EgressRequest>) =>
  send(request, errandOf({ secrets: SECRETS }), net().broker({ cassette }));

/** Records requests, each read to its end, and answers what the file says. */
async function record(name: string, ...requests: readonly Partial<EgressRequest>[]): Promise<string> {
  const cassette = await opened(name, 'record');
  for (const request of requests) await textOf(await sendBy(cassette)(request));
  await cassette.close();
  return readFile(join(folder, name), 'utf8');
}

const told = async ({ status, headers, body }: EgressAnswer) => ({
  status,
  type: headers.find(([name]) => name === 'content-type')?.[1],
  text: await textOf({ body }),
});

const post = (body: string, more: Partial<EgressRequest> = {}): Partial<EgressRequest> => ({
  ...{ method: 'POST', headers: [JSON_TYPE], body: Buffer.from(body) },
  ...more,
});

test('what was recorded is played back, each exchange once, and nothing is dialled [X000-27]', async () => {
  let count = 0;
  net().serve(API, ({ body }, response) => {
    count += 1;
    response.writeHead(201, { 'content-type': 'text/event-stream', date: 'now' }).end(`data: ${body} ${count}\n\n`);
  });
  await record('twice.json', post('{"b":1,"a":2}'), post('{"a":2,"b":1}'));
  const connections = net().connections();
  const replay = await opened('twice.json', 'replay');
  const again = async () => told(await sendBy(replay)(post('{"a":2,"b":1}')));
  expect(await again()).toEqual({ status: 201, type: 'text/event-stream', text: 'data: {"b":1,"a":2} 1\n\n' });
  expect(await again()).toMatchObject({ text: 'data: {"a":2,"b":1} 2\n\n' });
  await expect(again()).rejects.toMatchObject({
    code: 'EGRESS_UNMATCHED',
    message: expect.stringContaining('it was recorded 2 times, and has been asked for more often') as string,
  });
  await replay.close();
  expect(net().connections()).toBe(connections);
});

test('what is not in the cassette is an error, and a server that listens sees nobody', async () => {
  let connections = 0;
  const server = createServer(() => (connections += 1));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const hostPort = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await record('little.json', { url: `https://${API}/a?b=1` });
  const cassette = await opened('little.json', 'replay');
  const dialer = createDialer();
  const errand = errandOf({ rules: { allow: [hostPort, `${API}:443`], privateHosts: [hostPort] } });
  const ask = (url: string) => send({ url }, errand, createBroker({ dialer, cassette }));
  await expect(ask(`http://${hostPort}/x`)).rejects.toMatchObject({
    code: 'EGRESS_UNMATCHED',
    message: `no exchange that is left of the cassette is GET http://${hostPort}/x: there is none of it`,
  });
  await expect(ask(`https://${API}/a?b=2`)).rejects.toMatchObject({
    message: expect.stringContaining('1 of it differ in their query or body') as string,
  });
  await Promise.all([cassette.close(), dialer.close()]);
  await new Promise((done) => server.close(done));
  expect(connections).toBe(0);
});

test('what the plugin may not send is refused in replay as ever', async () => {
  await record('none.json');
  const replay = await opened('none.json', 'replay');
  await expect(sendBy(replay)({ url: 'https://evil.example.net/' })).rejects.toMatchObject({ code: 'EGRESS_REFUSED' });
});

/** Ways in which a key may stand in a file. */
function formsOf(key: string): readonly string[] {
  const bytes = Buffer.from(key);
  const base64 = [0, 1, 2].map((ahead) =>
    Buffer.concat([Buffer.alloc(ahead), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  return [key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1), ...base64];
}

test('no form of a secret is kept, of what is sent or of what comes back', async () => {
  const echo = [VALUE, encodeURIComponent(VALUE), btoa(VALUE), btoa(`x${VALUE}`), JSON.stringify({ k: VALUE })].join(
    '\n',
  );
  net().serve(API, (_request, response) => response.writeHead(200, { location: `/?k=${VALUE}` }).end(echo));
  const file = await record(
    'secret.json',
    post(JSON.stringify({ own: PLACEHOLDER }), {
      url: `https://${API}/?k=${PLACEHOLDER}`,
      headers: [JSON_TYPE, ['authorization', `Basic ${btoa(`me:${PLACEHOLDER}`)}`], ['x-api-key', PLACEHOLDER]],
    }),
  );
  expect(last()?.headers['x-api-key']).toBe(VALUE);
  for (const form of [...formsOf(VALUE), ...formsOf(PLACEHOLDER)]) expect(file).not.toContain(form);
  expect(JSON.parse(file)).toMatchObject({
    exchanges: [
      {
        request: { url: expect.stringContaining('{{API_KEY}}') as string, body: { json: { own: '{{API_KEY}}' } } },
        response: { headers: { location: '/?k={{API_KEY}}' } },
      },
    ],
  });
});

test('credentials that are no secrets of the host’s are left out by their names', async () => {
  net().serve(API, (_request, response) =>
    response
      .writeHead(200, { 'set-cookie': 'id=mine' })
      .end('{"access_token":"mine","list":[{"password":"mine"}],"n":1}'),
  );
  const file = await record(
    'named.json',
    post('{"api_key":"mine","q":"yours"}', {
      url: `https://${API}/?key=mine&q=yours`,
      headers: [JSON_TYPE, ['authorization', 'Bearer mine'], ['cookie', 'a=mine'], ['x-api-key', 'mine']],
    }),
  );
  expect(file).not.toContain('mine');
  expect(file.match(/yours/g)).toHaveLength(2);
});

test('the same exchanges make the same file, in whatever order they were made', async () => {
  net().serve(API, ({ body }, response) => response.end(body));
  const requests = [post('{"q":1}'), post('{"q":2}'), { url: `https://${OTHER}/` }];
  const file = await record('order.json', ...requests);
  expect(await record('order-2.json', ...requests.toReversed())).toBe(file);
});

test('a redirect, a head without a body and a packed answer are kept as what they mean', async () => {
  net().serve(API, ({ url, method }, response) => {
    if (method === 'HEAD') return void response.end();
    if (url === '/old') return void response.writeHead(302, { location: '/new' }).end('gone');
    const packed = gzipSync(`unpacked by ${method}`);
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
  });
  const head = { method: 'HEAD', url: `https://${API}/` };
  const old = { url: `https://${API}/old` };
  expect(await record('odd.json', head, old)).toContain('unpacked by GET');
  const replay = await opened('odd.json', 'replay');
  const answer = await sendBy(replay)(old);
  expect(answer).toMatchObject({ isRedirected: true, url: `https://${API}/new` });
  expect(await textOf(answer)).toBe('unpacked by GET');
  expect(await told(await sendBy(replay)(head))).toMatchObject({ status: 200, text: '' });
  await replay.close();
});

test('bytes that are no text come back as they were', async () => {
  const bytes = Buffer.from([0, 255, 254, 10, 128]);
  net().serve(API, (_request, response) => response.end(bytes));
  await record('bytes.json', {});
  const replay = await opened('bytes.json', 'replay');
  const pieces: Uint8Array[] = [];
  for await (const piece of (await sendBy(replay)({})).body) pieces.push(piece);
  expect(Buffer.concat(pieces)).toEqual(bytes);
  await replay.close();
});

test('an answer that is cut is not kept', async () => {
  net().serve(API, (_request, response) => void response.write('half', () => response.destroy()));
  const cassette = await opened('cut.json', 'record');
  await expect(sendBy(cassette)({}).then(textOf)).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
  await cassette.close();
  expect(JSON.parse(await readFile(join(folder, 'cut.json'), 'utf8'))).toEqual({ format: 1, exchanges: [] });
});

test('a cassette keeps so much and no more', async () => {
  const piece = Buffer.alloc(1024 * 1024, ' ');
  net().serve(API, (_request, response) => {
    const more = (): void => {
      while (!response.destroyed) if (!response.write(piece)) return void response.once('drain', more);
    };
    more();
  });
  const cassette = await opened('large.json', 'record');
  await expect(sendBy(cassette)({}).then(textOf)).rejects.toMatchObject({
    code: 'EGRESS_LIMIT',
    limit: { name: 'egress_cassette_bytes' },
  });
});

test.each([
  ['no file', undefined],
  ['no JSON', '{'],
  ['another format', '{"format":2,"exchanges":[]}'],
  ['an exchange without an answer', '{"format":1,"exchanges":[{"request":{}}]}'],
])('what cannot be played back is said when it is opened: %s', async (_what, text) => {
  const file = join(folder, 'wrong.json');
  if (text !== undefined) await writeFile(file, text);
  await expect(openCassette({ file, mode: 'replay' })).rejects.toMatchObject({ code: 'CASSETTE_INVALID' });
});

test('what cannot be written is said when it is closed; what is off is not opened', async () => {
  const cassette = await openCassette({ file: join(folder, 'no/such/folder.json'), mode: 'record' });
  await expect(cassette?.close()).rejects.toMatchObject({ code: 'CASSETTE_INVALID' });
  expect(await openCassette({ file: join(folder, 'off.json'), mode: 'off' })).toBeUndefined();
});
