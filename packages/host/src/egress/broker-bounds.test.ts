import { describe, expect, test } from 'vitest';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { API, errandOf, textOf, useInternet } from './errands.fixture.ts';

const { net, send, last } = useInternet();

describe('bounds', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('[FAULTS-100] a body that is small as %s and large unpacked is counted unpacked', async (encoding, pack) => {
    const packed = pack(Buffer.alloc(4 * 1024 * 1024));
    net().serve(API, (_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end(packed));
    const bounded = net().broker({ responseBytesMax: 1024 * 1024 });
    await expect(textOf(await send({}, errandOf(), bounded))).rejects.toMatchObject({
      code: 'EGRESS_LIMIT',
      limit: { name: 'egress_response_bytes' },
    });
    const whole = await send();
    expect(whole.headers.map(([name]) => name)).not.toContain('content-encoding');
    expect((await textOf(whole)).length).toBe(4 * 1024 * 1024);
  });

  test('[FAULTS-100] a body that has no end is cut, and its connection closed', async () => {
    const closed = new Promise((resolve) =>
      net().serve(API, (_request, response) => {
        const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 1);
        response.once('close', () => {
          clearInterval(timer);
          resolve('closed');
        });
      }),
    );
    const bounded = net().broker({ responseBytesMax: 1024 * 1024 });
    await expect(textOf(await send({}, errandOf(), bounded))).rejects.toMatchObject({ code: 'EGRESS_LIMIT' });
    expect(await closed).toBe('closed');
  });

  test('[FAULTS-100] one that takes too long is cut, before its head and in its body', async () => {
    const hasty = net().broker({ requestMs: 200 });
    net().serve(API, () => undefined);
    const late = { code: 'EGRESS_LIMIT', limit: { name: 'egress_request_ms' } };
    await expect(send({}, errandOf(), hasty)).rejects.toMatchObject(late);
    net().serve(API, (_request, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(timer));
    });
    await expect(textOf(await send({}, errandOf(), hasty))).rejects.toMatchObject(late);
  });

  test('[FAULTS-100] headers without end are cut', async () => {
    net().serve(API, (_request, response) => {
      for (let index = 0; index < 200; index += 1) response.setHeader(`x-${index}`, 'y'.repeat(500));
      response.end();
    });
    await expect(send()).rejects.toMatchObject({ code: 'EGRESS_LIMIT', limit: { name: 'egress_header_bytes' } });
  });

  test('an answer that is not packed as it says is a failure, and so is a packing that nobody knows', async () => {
    net().serve(API, (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain'));
    await expect(textOf(await send())).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
    net().serve(API, (_request, response) => response.writeHead(200, { 'content-encoding': 'aes128gcm' }).end('plain'));
    await expect(send()).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
  });

  test('a body that ends before its length is a failure', async () => {
    net().serve(API, (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(textOf(await send())).rejects.toMatchObject({
      code: 'EGRESS_FAILED',
      message: `${API}:443 cut the connection`,
    });
  });

  test.each([
    ['a URL', { url: `https://${API}/${'x'.repeat(20_000)}` }, 'egress_url_bytes'],
    ['a body', { method: 'POST', body: Buffer.alloc(17 * 1024 * 1024) }, 'egress_request_bytes'],
    ['headers', { headers: [['x', 'y'.repeat(70_000)] as const] }, 'egress_header_bytes'],
    [
      'many headers',
      { headers: Array.from({ length: 200 }, (_, index) => [`x-${index}`, 'y'] as const) },
      'egress_headers',
    ],
  ])('%s that is too large does not go out', async (_what, request, name) => {
    await expect(send(request)).rejects.toMatchObject({ code: 'EGRESS_LIMIT', limit: { name } });
  });
});

describe('[FAULTS-102] headers', () => {
  test.each([
    ['a line break', [['x', 'a\r\nhost: evil'] as const]],
    ['a zero byte', [['x', 'a\0'] as const]],
    ['a name with a space', [['x y', 'a'] as const]],
    ['a name with a colon', [['x:', 'a'] as const]],
    ['an empty name', [['', 'a'] as const]],
  ])('with %s are refused', async (_what, headers) => {
    await expect(send({ headers })).rejects.toMatchObject({ code: 'EGRESS_REFUSED', details: { rule: 'header' } });
  });

  test('about the connection are left out, and so are those for a proxy', async () => {
    const names = [
      'Host',
      'Connection',
      'Transfer-Encoding',
      'Content-Length',
      'Upgrade',
      'TE',
      'Trailer',
      'Expect',
      'Keep-Alive',
      'Proxy-Authorization',
      'Proxy-Connection',
    ];
    await textOf(await send({ headers: names.map((name) => [name, 'evil'] as const) }));
    expect(Object.entries(last()?.headers ?? {}).filter(([, value]) => String(value).includes('evil'))).toEqual([]);
    expect(last()?.headers.host).toBe(API);
  });

  test.each(['CONNECT', 'TRACE', 'get', 'GET / HTTP/1.1\r\nx: y'])('the method %j is refused', async (method) => {
    await expect(send({ method })).rejects.toMatchObject({ details: { rule: 'method' } });
  });
});
