import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, type TestServer } from '../server-fixture.ts';

const BODIES = {
  '/v1/worker/claim': { worker_id: 'w1', tags: ['cpu'] },
  '/v1/worker/heartbeat': { worker_id: 'w1', task_id: '00000000deadbeef' },
  '/v1/worker/complete': { worker_id: 'w1', task_id: '00000000deadbeef', result: { status: 'ok' } },
} as const;

let started: TestServer;
let admin: Admin;
beforeAll(async () => {
  started = await startServer();
  admin = adminOf(started.url);
});
afterAll(() => started[Symbol.asyncDispose]());

test.each(Object.entries(BODIES))('%s is for a worker’s token, which opens nothing else', async (path, body) => {
  const tenant = await admin.makeTenant(`tenant of ${path}`);
  for (const role of ['viewer', 'operator', 'admin']) {
    const token = await admin.makeToken(tenant, role);
    expect(await admin.ask('POST', path, { token, body })).toMatchObject({
      status: 403,
      body: { code: 'ROLE_TOO_LOW', detail: `the token has the role ${role}; this needs the role worker` },
    });
  }
  const worker = await admin.makeToken(tenant, 'worker');
  expect((await admin.ask('GET', '/v1/tools', { token: worker })).status).toBe(403);
  expect((await fetch(started.url + path, { method: 'POST' })).status).toBe(401);
  expect(await admin.ask('POST', path, { token: worker, body: {} })).toMatchObject({ status: 422 });
  expect(await admin.ask('POST', path, { token: worker, body })).toMatchObject({
    status: 503,
    body: { code: 'QUEUE_NOT_INSTALLED' },
  });
});
