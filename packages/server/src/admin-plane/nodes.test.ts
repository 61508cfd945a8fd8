import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adminOf } from '../admin-fixture.ts';
import { REPOSITORY, startServer } from '../server-fixture.ts';

test('the platform reads which nodes there are, with how their plugins are, also while the storage is away', async () => {
  await using started = await startServer({ plugins: [join(REPOSITORY, 'plugins/calculator')] });
  started.storage.fail();
  const { status, body } = await adminOf(started.url).ask('GET', '/api/v1/nodes');
  expect([status, body]).toEqual([
    200,
    [
      {
        ...{ id: expect.any(String), host_name: expect.any(String), version: '0.1.0', tier: started.host.receipt.tier },
        ...{ state: 'ready', started_at: expect.any(String), heartbeat_at: expect.any(String), is_self: true },
        plugins: [
          {
            ...{ name: 'calculator', state: 'INITIALIZED', health: expect.any(String), breaker: 'closed' },
            ...{ version: '1.0.0', reason: null, success_count: 0, error_count: 0, last_used: null },
          },
        ],
      },
    ],
  ]);
});

test('nobody else reads it', async () => {
  await using started = await startServer();
  const admin = adminOf(started.url);
  const token = await admin.makeToken(await admin.makeTenant('acme'), 'admin');
  expect(await admin.ask('GET', '/api/v1/nodes', { token })).toMatchObject({ status: 403 });
});
