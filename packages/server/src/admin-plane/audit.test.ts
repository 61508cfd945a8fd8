import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adminOf, type Admin, type Answer } from '../admin-fixture.ts';
import { startServer, STORAGES, type TestServer } from '../server-fixture.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

type Entry = { readonly seq: number; readonly action: string; readonly tenant_id: string | null };

function entriesOf({ body }: Answer): readonly Entry[] {
  return body['entries'] as readonly Entry[]; // Its schema.
}

describe.each(STORAGES)('the audit log %s', (_where, open) => {
  let started: TestServer;
  let admin: Admin;
  let acme: string;
  let token: string;
  beforeAll(async () => {
    started = await startServer({ storage: await open() });
    admin = adminOf(started.url);
    acme = await admin.makeTenant('acme');
    token = await admin.makeToken(acme, 'admin');
    await admin.makeTenant('other');
    await admin.makeToken(acme, 'viewer');
  });
  afterAll(() => started[Symbol.asyncDispose]());

  test('[X003-6] a line says who did what when, to what and for whom', async () => {
    const { status, body } = await admin.ask('GET', '/api/v1/audit?after=0&limit=1');
    expect(status).toBe(200);
    expect(body).toEqual({
      entries: [
        {
          seq: 1,
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
          actor: 'platform',
          action: 'tenant.create',
          tenant_id: acme,
          resource: `tenant ${acme}`,
          details: { name: 'acme' },
          hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      ],
      next: 1,
    });
  });

  test('the platform reads all of it, page by page or the newest, or that of one tenant by id or name', async () => {
    const numbers = async (query: string): Promise<readonly number[]> =>
      entriesOf(await admin.ask('GET', `/api/v1/audit${query}`)).map(({ seq }) => seq);
    expect([await numbers(''), await numbers('?limit=2'), await numbers('?after=1&limit=2')]).toEqual([
      [1, 2, 3, 4],
      [3, 4],
      [2, 3],
    ]);
    expect([
      await numbers(`?tenant=${acme}`),
      await numbers('?tenant=acme&after=1'),
      await numbers('?tenant=nobody'),
    ]).toEqual([[1, 2, 4], [2, 4], []]);
    expect((await admin.ask('GET', '/api/v1/audit?after=2')).body).toMatchObject({ next: null });
  });

  test('a tenant’s admin reads the lines of its own tenant, whatever it asks for; lower roles read none', async () => {
    for (const query of ['', '?tenant=other', '?after=0', '?tenant=default&limit=1000']) {
      const entries = entriesOf(await admin.ask('GET', `/api/v1/audit${query}`, { token }));
      expect([...new Set(entries.map(({ tenant_id }) => tenant_id))]).toEqual([acme]);
    }
    for (const role of ['viewer', 'operator', 'worker']) {
      const weak = await admin.makeToken(acme, role);
      expect((await admin.ask('GET', '/api/v1/audit', { token: weak })).status).toBe(403);
    }
  });

  test.each(['after=-1', 'after=x', 'limit=1.5', 'after=', 'after=1&after=2'])('%s is refused', async (query) => {
    expect((await admin.ask('GET', `/api/v1/audit?${query}`)).status).toBe(422);
  });

  test('the platform has the whole log verified, also against a head that it kept; a tenant does not', async () => {
    const { status, body } = await admin.ask('GET', '/api/v1/audit/verify');
    expect([status, body]).toEqual([
      200,
      { ok: true, lines: expect.any(Number), head: expect.anything(), fault: null },
    ]);
    const { seq, hash } = body['head'] as { readonly seq: number; readonly hash: string };
    await admin.makeTenant('later');
    const verify = async (known: string): Promise<unknown> =>
      (await admin.ask('GET', `/api/v1/audit/verify?seq=${seq}&hash=${known}`)).body;
    expect(await verify(hash)).toMatchObject({ ok: true, lines: seq + 1 });
    expect(await verify('0'.repeat(64))).toMatchObject({ ok: false, fault: { seq } });
    expect((await admin.ask('GET', '/api/v1/audit/verify', { token })).status).toBe(403);
  });

  test('while the storage is away both are answered 503', async () => {
    started.storage.fail();
    const answers = [await admin.ask('GET', '/api/v1/audit'), await admin.ask('GET', '/api/v1/audit/verify')];
    started.storage.mend();
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
      [503, 'STORAGE_UNAVAILABLE'],
      [503, 'STORAGE_UNAVAILABLE'],
    ]);
  });
});
