import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHost, type Host } from '@bulkhead/host';
import { createServer, type Server } from '../server.ts';
import { startServer, TOKEN, type TestServer } from '../server-fixture.ts';

let served: TestServer;
beforeAll(async () => {
  served = await startServer();
});
afterAll(() => served[Symbol.asyncDispose]());

const post = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });

test('a refusal names where the metadata is, and what was wrong with the token (RFC 9728, RFC 6750)', async () => {
  const at = `resource_metadata="${served.url}/.well-known/oauth-protected-resource`;
  const nobody = await post(`${served.url}/mcp`);
  expect(nobody.status).toBe(401);
  expect(nobody.headers.get('www-authenticate')).toBe(`Bearer ${at}/mcp"`);
  const wrong = await post(`${served.url}/mcp/units?x=1`, { authorization: 'Bearer nothing' });
  expect(wrong.status).toBe(401);
  expect(wrong.headers.get('www-authenticate')).toBe(
    `Bearer error="invalid_token", error_description="the token is unknown, expired or revoked", ${at}/mcp/units"`,
  );
  const { id } = await served.host.tenants.create({ name: 'acme' });
  const viewer = (await served.host.tokens.issue({ tenant: id, role: 'viewer' })).text;
  const low = await post(`${served.url}/mcp`, { authorization: `Bearer ${viewer}` });
  expect(low.status).toBe(403);
  expect(low.headers.get('www-authenticate')).toContain('Bearer error="insufficient_scope"');
});

test('nothing in a path ends the quotes of the header', async () => {
  const refused = await post(`${served.url}/mcp/a%22,%20realm=%22x`);
  expect(refused.headers.get('www-authenticate')).toContain('/mcp/a%22,%20realm=%22x"');
});

test('the metadata is there for everybody, and names no authorization server unless one is configured', async () => {
  for (const [path, resource] of [
    ['', '/mcp'],
    ['/mcp', '/mcp'],
    ['/mcp/units', '/mcp/units'],
  ]) {
    const answer = await fetch(`${served.url}/.well-known/oauth-protected-resource${path}`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      resource: `${served.url}${resource}`,
      bearer_methods_supported: ['header'],
      resource_name: 'Bulkhead',
    });
  }
});

test('what the operator configured is told', async () => {
  const issuer = 'https://login.example.com/tenants';
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  await using host: Host = await createHost({ log: silent, spareCount: 0 });
  const mcp = { authorizationServers: [issuer], origin: 'https://tools.example.com' };
  await using server: Server = await createServer({ host, log: silent, token: TOKEN, mcp });
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
  expect(await (await fetch(`${url}/.well-known/oauth-protected-resource/mcp`)).json()).toMatchObject({
    resource: 'https://tools.example.com/mcp',
    authorization_servers: [issuer],
  });
  expect((await post(`${url}/mcp`)).headers.get('www-authenticate')).toContain(
    'resource_metadata="https://tools.example.com/.well-known/oauth-protected-resource/mcp"',
  );
});
