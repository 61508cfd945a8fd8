import { describe, expect, test } from 'vitest';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBroker, type Errand } from './broker.ts';
import { createDialer } from './dialer.ts';
import { API, errandOf, EVIL, OTHER, textOf, useInternet } from './errands.fixture.ts';
import { openInternet, PUBLIC } from './internet.fixture.ts';

const { net, send, last } = useInternet();

describe('a request that is allowed', () => {
  test('goes out with method, headers and body, and its answer comes back', async () => {
    net().serve(API, (_request, response) => response.writeHead(201, { 'x-kind': 'made' }).end('{"id":1}'));
    const moved = { sent: 0, received: 0 };
    const didMove: Errand['didMove'] = (direction, bytes) => (moved[direction] += bytes);
    const answer = await send(
      {
        url: `https://${API}/v1/things?q=a%20b#x`,
        method: 'POST',
        headers: [['Content-Type', 'application/json']],
        body: Buffer.from('{"a":1}'),
      },
      errandOf({ didMove }),
    );
    expect(await textOf(answer)).toBe('{"id":1}');
    expect(answer).toMatchObject({ status: 201, url: `https://${API}/v1/things?q=a%20b`, isRedirected: false });
    expect(answer.headers).toContainEqual(['x-kind', 'made']);
    expect(last()).toMatchObject({ method: 'POST', url: '/v1/things?q=a%20b', body: '{"a":1}' });
    expect(last()?.headers).toMatchObject({ 'content-type': 'application/json', host: API });
    expect(moved).toEqual({ sent: `https://${API}/v1/things?q=a%20b`.length + 7, received: 8 });
  });

  test('is made over connections that are kept, each to an address that was judged', async () => {
    const before = net().connections();
    for (let index = 0; index < 5; index += 1) await textOf(await send());
    expect(net().connections() - before).toBeLessThanOrEqual(1);
  });

  test('is sent again, once, where a connection is cut before its answer, if it changes nothing over there', async () => {
    let cuts = 1;
    net().serve(API, (_request, response) => {
      cuts -= 1;
      if (cuts < 0) response.end('at last');
      else response.destroy();
    });
    expect(await textOf(await send())).toBe('at last');
    cuts = 1;
    await expect(send({ method: 'POST', body: Buffer.from('x') })).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
    cuts = 2;
    await expect(send()).rejects.toMatchObject({ code: 'EGRESS_FAILED', message: `${API}:443 cut the connection` });
  });

  test('gives its answer in pieces as they come', async () => {
    let go: () => void = () => undefined;
    net().serve(API, (_request, response) => {
      response.write('one');
      go = () => response.end('two');
    });
    const pieces = (await send()).body[Symbol.asyncIterator]();
    expect(Buffer.from((await pieces.next()).value ?? []).toString()).toBe('one');
    go();
    expect(Buffer.from((await pieces.next()).value ?? []).toString()).toBe('two');
  });

  test('ends where the plugin leaves its answer', async () => {
    const closed = new Promise((resolve) =>
      net().serve(API, (_request, response) => {
        response.once('close', () => resolve('closed'));
        response.write('more');
      }),
    );
    (await send()).leave();
    expect(await closed).toBe('closed');
  });

  test('ends when its errand does, while it waits and while its answer is read', async () => {
    net().serve(API, () => undefined);
    const waiting = new AbortController();
    const sent = send({}, errandOf({ signal: waiting.signal }));
    setTimeout(() => waiting.abort(), 50);
    await expect(sent).rejects.toMatchObject({
      code: 'EGRESS_FAILED',
      message: expect.stringContaining('was not waited for'),
    });
    net().serve(API, (_request, response) => void response.write('more'));
    const reading = new AbortController();
    const answer = await send({}, errandOf({ signal: reading.signal }));
    setTimeout(() => reading.abort(), 50);
    await expect(textOf(answer)).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
  });
});

describe('where it goes', () => {
  test.each([
    ['a host that is not listed', `https://${EVIL}/`, 'host'],
    ['another port', `https://${API}:8443/`, 'host'],
    ['no encryption', `http://${API}/`, 'host'],
    ['an address', `https://${PUBLIC}/`, 'address_literal'],
    ['a name and password', `https://a:b@${API}/`, 'userinfo'],
  ])('[FAULTS-96] %s is refused before anything is looked up', async (_what, url, rule) => {
    const { length } = net().lookups;
    await expect(send({ url })).rejects.toMatchObject({ code: 'EGRESS_REFUSED', details: { rule } });
    expect(net().lookups).toHaveLength(length);
  });

  test.each([
    ['127.0.0.1'],
    ['10.1.2.3'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['fd00:ec2::254'],
    ['100.100.100.200'],
  ])('[FAULTS-97] a name that leads to %s is refused', async (address) => {
    net().name(OTHER, [address]);
    const { length } = net().received;
    const refused = send({ url: `https://${OTHER}/` });
    await expect(refused).rejects.toMatchObject({
      code: 'EGRESS_REFUSED',
      details: { rule: 'address', target: OTHER },
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining(address) });
    expect(net().received).toHaveLength(length);
  });

  test('[FAULTS-97] one bad address among good ones refuses the name', async () => {
    net().name(OTHER, [PUBLIC, '10.0.0.1']);
    await expect(send({ url: `https://${OTHER}/` })).rejects.toMatchObject({ details: { rule: 'address' } });
  });

  test('[FAULTS-98] a name that changes between look and dial is looked up once for a connection, and what was judged is dialled', async () => {
    await using fresh = await openInternet([OTHER]);
    fresh.serve(OTHER, (_request, response) => response.writeHead(200, { connection: 'close' }).end('mine'));
    fresh.name(OTHER, [PUBLIC], ['127.0.0.1']);
    const again = fresh.broker();
    expect(await textOf(await send({ url: `https://${OTHER}/` }, errandOf(), again))).toBe('mine');
    expect(fresh.lookups).toEqual([OTHER]);
    // The next connection resolves anew, and is judged anew.
    await expect
      .poll(() => send({ url: `https://${OTHER}/` }, errandOf(), again).then(textOf, (error: Error) => error.message))
      .toContain('not of the public internet');
  });

  test('a host whose certificate is another’s is not spoken to', async () => {
    const { length } = net().received;
    const url = 'https://third.example.org/';
    net().name('third.example.org', [PUBLIC]);
    const errand = errandOf({ rules: { allow: ['third.example.org:443'], privateHosts: [] } });
    await expect(send({ url }, errand)).rejects.toMatchObject({
      code: 'EGRESS_FAILED',
      message: 'third.example.org:443 has the certificate of another host',
    });
    expect(net().received).toHaveLength(length);
  });

  test('a name that nobody knows, and a host that nobody is at, are failures that say so', async () => {
    net().name(OTHER, []);
    await expect(send({ url: `https://${OTHER}/` })).rejects.toMatchObject({
      code: 'EGRESS_FAILED',
      message: `${OTHER} has no address`,
    });
    const errand = errandOf({ rules: { allow: ['localhost:1'], privateHosts: ['localhost:1'] } });
    const dialer = createDialer();
    await expect(send({ url: 'http://localhost:1/' }, errand, createBroker({ dialer }))).rejects.toMatchObject({
      code: 'EGRESS_FAILED',
      message: 'localhost:1 refused the connection',
    });
    await dialer.close();
  });

  test('a private host that the operator lists is reached, with and without its listing by the plugin', async () => {
    const server = createServer((_request, response) => response.end('local')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const hostPort = `localhost:${(server.address() as AddressInfo).port}`;
    const dialer = createDialer({ resolve: async () => ['127.0.0.1'] });
    const local = createBroker({ dialer });
    const url = `http://${hostPort}/`;
    const rules = { allow: [hostPort], privateHosts: [hostPort] };
    expect(await textOf(await send({ url }, errandOf({ rules }), local))).toBe('local');
    await expect(send({ url }, errandOf({ rules: { ...rules, allow: [] } }), local)).rejects.toMatchObject({
      details: { rule: 'host' },
    });
    await expect(send({ url }, errandOf({ rules: { ...rules, privateHosts: [] } }), local)).rejects.toMatchObject({
      details: { rule: 'scheme' },
    });
    await dialer.close();
    server.close();
    server.closeAllConnections();
  });
});

test('[FAULTS-101] the environment’s proxy is not asked, whatever it says', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  }).on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.destroy();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const before = { ...process.env };
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY'])
    process.env[name] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  try {
    await using fresh = await openInternet([API]);
    fresh.serve(API, (_request, response) => response.end('straight'));
    expect(await textOf(await send({}, errandOf(), fresh.broker()))).toBe('straight');
    expect(asked).toEqual([]);
  } finally {
    process.env = before;
    proxy.close();
  }
});
