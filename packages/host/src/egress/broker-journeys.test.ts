import { describe, expect, test } from 'vitest';
import { API, errandOf, EVIL, OTHER, PLACEHOLDER, SECRET, textOf, useInternet, VALUE } from './errands.fixture.ts';
import { gzipSync } from 'node:zlib';

const { net, send, last } = useInternet();

describe('redirects', () => {
  const redirect = (location: string, status = 302): void =>
    net().serve(API, ({ url }, response) =>
      url === '/' ? response.writeHead(status, { location }).end('moved') : response.end('there'),
    );

  test('are followed within what is allowed', async () => {
    redirect('/next');
    const answer = await send();
    expect(await textOf(answer)).toBe('there');
    expect(answer).toMatchObject({ isRedirected: true, url: `https://${API}/next` });
  });

  test.each([
    [`https://${EVIL}/`, 'host'],
    ['http://api.example.com/', 'host'],
    ['https://127.0.0.1/', 'address_literal'],
    ['https://[::ffff:a9fe:a9fe]/latest/meta-data', 'address_literal'],
    ['file:///etc/passwd', 'scheme'],
    ['https://a:b@api.example.com/', 'userinfo'],
    ['https://', 'url'],
  ])('[FAULTS-99] to %s are refused at that hop', async (location, rule) => {
    redirect(location);
    await expect(send()).rejects.toMatchObject({ code: 'EGRESS_REFUSED', details: { rule } });
    expect(last()?.host).toBe(API);
  });

  test('[FAULTS-99] to a host whose name leads to a private address are refused', async () => {
    net().name(OTHER, ['192.168.0.1']);
    redirect(`https://${OTHER}/`);
    await expect(send()).rejects.toMatchObject({ details: { rule: 'address' } });
  });

  test('[FAULTS-99] more than five in a row are refused', async () => {
    net().serve(API, ({ url }, response) => response.writeHead(302, { location: `${url}x` }).end());
    const { length } = net().received;
    await expect(send()).rejects.toMatchObject({ details: { rule: 'redirects' } });
    expect(net().received.length - length).toBe(6);
  });

  test('are the plugin’s to see, or a failure, where it wants that', async () => {
    redirect('/next');
    const answer = await send({ redirect: 'manual' });
    expect(answer).toMatchObject({ status: 302, isRedirected: false });
    expect(answer.headers).toContainEqual(['location', '/next']);
    await textOf(answer);
    await expect(send({ redirect: 'error' })).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
  });

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
    [308, 'PUT', 'PUT', 'body'],
  ])('%i makes %s to %s', async (status, method, then, body) => {
    redirect('/next', status);
    await textOf(await send({ method, body: Buffer.from('body'), headers: [['content-type', 'text/plain']] }));
    expect(last()).toMatchObject({ url: '/next', method: then, body });
    expect(last()?.headers['content-type']).toBe(body === '' ? undefined : 'text/plain');
  });

  test('[FAULTS-102] to another host take no authorization, cookie or secret along', async () => {
    redirect(`https://${OTHER}/next`);
    const headers = [
      ['Authorization', 'Bearer mine'],
      ['Cookie', 'a=b'],
      ['X-Key', `key ${PLACEHOLDER}`],
      ['X-Kind', 'plain'],
    ] as const;
    await textOf(await send({ headers }));
    expect(last()).toMatchObject({ host: OTHER, url: '/next', headers: { 'x-kind': 'plain' } });
    expect(last()?.headers).not.toHaveProperty('authorization');
    expect(last()?.headers).not.toHaveProperty('cookie');
    expect(last()?.headers).not.toHaveProperty('x-key');
  });

  test('to the same host keep them', async () => {
    redirect('/next');
    await textOf(await send({ headers: [['X-Key', PLACEHOLDER]] }));
    expect(last()?.headers['x-key']).toBe(VALUE);
  });
});

describe('secrets', () => {
  test('stand where their placeholders stood, and an echo of them comes back as placeholders', async () => {
    net().serve(API, ({ headers }, response) =>
      response
        .writeHead(200, { 'x-echo': headers['x-key'] ?? '' })
        .end(JSON.stringify({ all: headers, url: encodeURIComponent(VALUE) })),
    );
    const answer = await send({
      headers: [
        ['Authorization', `Bearer ${PLACEHOLDER}`],
        ['X-Key', PLACEHOLDER],
      ],
    });
    const text = await textOf(answer);
    expect(last()?.headers).toMatchObject({ authorization: `Bearer ${VALUE}`, 'x-key': VALUE });
    expect(text + JSON.stringify(answer.headers)).not.toMatch(/sk-live|7%2Bf9/);
    expect(text).toContain(PLACEHOLDER);
    expect(answer.headers).toContainEqual(['x-echo', PLACEHOLDER]);
  });

  test('are found in an answer that is packed', async () => {
    net().serve(API, ({ headers }, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(String(headers['x-key']))),
    );
    expect(await textOf(await send({ headers: [['X-Key', PLACEHOLDER]] }))).toBe(PLACEHOLDER);
  });

  test('stand in basic authorization, too', async () => {
    const basic = (password: string): string => `Basic ${Buffer.from(`user:${password}`).toString('base64')}`;
    net().serve(API, ({ headers }, response) => response.end(headers.authorization));
    const answer = await send({ headers: [['Authorization', basic(PLACEHOLDER)]] });
    expect(await textOf(answer)).not.toBe(basic(VALUE));
    expect(last()?.headers.authorization).toBe(basic(VALUE));
  });

  test.each([
    [
      'another host',
      { url: `https://${OTHER}/`, headers: [['X-Key', PLACEHOLDER] as const] },
      'is not for other.example.com:443',
    ],
    ['a query, where it is for headers', { url: `https://${API}/?key=${PLACEHOLDER}` }, 'may not stand in the query'],
    [
      'a body, where it is for headers',
      { method: 'POST', body: Buffer.from(PLACEHOLDER) },
      'may not stand in the body',
    ],
  ])('do not go to %s', async (_where, request, message) => {
    const { length } = net().received;
    await expect(send(request)).rejects.toMatchObject({
      code: 'EGRESS_REFUSED',
      details: { rule: 'secret' },
      message: expect.stringContaining(message),
    });
    expect(net().received).toHaveLength(length);
  });

  test('go where the manifest says, encoded as the place wants', async () => {
    const errand = errandOf({ secrets: [{ ...SECRET, in: ['query', 'body'] }] });
    await textOf(
      await send(
        { url: `https://${API}/?key=${PLACEHOLDER}`, method: 'POST', body: Buffer.from(`k=${PLACEHOLDER}&é`) },
        errand,
      ),
    );
    expect(last()).toMatchObject({ url: `/?key=${encodeURIComponent(VALUE)}`, body: `k=${VALUE}&é` });
    await expect(send({ url: `https://${API}/${PLACEHOLDER}?a` }, errand)).rejects.toMatchObject({
      details: { rule: 'secret' },
    });
  });

  test('a redirect that carries one to another host is refused, and one that echoes it to its own goes on', async () => {
    net().serve(API, ({ headers }, response) =>
      response
        .writeHead(302, { location: `https://${OTHER}/?key=${encodeURIComponent(String(headers['x-key']))}` })
        .end(),
    );
    const { length } = net().received;
    await expect(send({ headers: [['X-Key', PLACEHOLDER]] })).rejects.toMatchObject({ details: { rule: 'secret' } });
    expect(net().received).toHaveLength(length + 1);
  });

  test('never stand in what an error says', async () => {
    net().serve(API, (_request, response) => response.destroy());
    const failed = await send({ headers: [['X-Key', PLACEHOLDER]] }).catch((error: unknown) => error);
    expect(JSON.stringify(failed) + String(failed)).not.toContain('sk-live');
  });
});
