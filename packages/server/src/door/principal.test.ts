/**
 * A connection's last token is remembered; what it may do is asked anew with each request.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, TOKEN, type TestServer } from '../server-fixture.ts';

let started: TestServer;
let agent: Agent;
let tenants = 0;
beforeAll(async () => {
  started = await startServer();
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
});
afterAll(async () => {
  agent.destroy();
  await started[Symbol.asyncDispose]();
});

type Seen = { readonly status: number | undefined; readonly isSameConnection: boolean };

/** Lists tools over the agent's only connection. */
async function ask(token: string): Promise<Seen> {
  const headers = { authorization: `Bearer ${token}` };
  const sent = request({ agent, port: started.port, path: '/v1/tools', headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage]; // As Node documents the event.
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, isSameConnection: sent.reusedSocket };
}

async function makeToken(more: { readonly expiresAt?: string } = {}) {
  const { id: tenant } = await started.host.tenants.create({ name: `tenant ${(tenants += 1)}` });
  const { row, text } = await started.host.tokens.issue({ tenant, role: 'viewer', ...more });
  return { id: row.id, text };
}

test('a token that is revoked is refused with the next request of a connection that it was good on', async () => {
  const { id, text } = await makeToken();
  expect((await ask(text)).status).toBe(200);
  expect(await ask(text)).toEqual({ status: 200, isSameConnection: true });
  await started.host.tokens.revoke(id);
  expect(await ask(text)).toEqual({ status: 401, isSameConnection: true });
});

test('a token that expires is refused with the next request of a connection that it was good on', async () => {
  const expiresAt = new Date(Date.now() + 1_500).toISOString();
  const { text } = await makeToken({ expiresAt });
  expect((await ask(text)).status).toBe(200);
  await expect.poll(() => ask(text), { timeout: 5_000 }).toEqual({ status: 401, isSameConnection: true });
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
});

test('on one connection each request is whose token it brings: of two tenants, of the platform, of nobody', async () => {
  const [one, other] = [await makeToken(), await makeToken()];
  const last = one.text.endsWith('A') ? 'B' : 'A';
  const wrong = [one.text.slice(0, -1) + last, `${one.text}A`, one.text.slice(0, -1), `${TOKEN}x`];
  const asked = [one.text, TOKEN, other.text, one.text, ...wrong, one.text, TOKEN];
  const seen: (number | undefined)[] = [];
  for (const token of asked) seen.push((await ask(token)).status);
  expect(seen).toEqual([200, 200, 200, 200, 401, 401, 401, 401, 200, 200]);
});
