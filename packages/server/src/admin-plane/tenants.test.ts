import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adminOf, type Admin, type Answer } from '../admin-fixture.ts';
import { REPOSITORY, startServer, STORAGES, type TestServer } from '../server-fixture.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(STORAGES)('tenants and tokens %s', (_where, open) => {
  let started: TestServer;
  let admin: Admin;
  beforeAll(async () => {
    started = await startServer({ plugins: [join(REPOSITORY, 'plugins/calculator')], storage: await open() });
    admin = adminOf(started.url);
  });
  const ask: Admin['ask'] = (...request) => admin.ask(...request);
  const makeTenant: Admin['makeTenant'] = (name) => admin.makeTenant(name);
  const makeToken: Admin['makeToken'] = (...token) => admin.makeToken(...token);
  afterAll(() => started[Symbol.asyncDispose]());

  const CALL = '/v1/tools/calculator/add/call';
  const SUM = { params: { a: 2, b: 3 } };

  test('a tenant is made with a UUID, listed, changed and removed', async () => {
    const id = await makeTenant('acme');
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(
      await ask('PUT', `/api/v1/tenants/${id}`, { body: { min_tier: 'process', quota: { weight: 2 } } }),
    ).toMatchObject({
      status: 200,
      body: { id, name: 'acme', min_tier: 'process', quota: { weight: 2 } },
    });
    const { body } = await ask('GET', '/api/v1/tenants');
    expect(body).toMatchObject([{ id: 'default' }, { id }]);
    expect((await ask('DELETE', `/api/v1/tenants/${id}`)).status).toBe(204);
    expect(await ask('DELETE', `/api/v1/tenants/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'TENANT_NOT_FOUND' },
    });
  });

  test('a name that is taken is 409, and a body that does not fit 422 with what is wrong', async () => {
    await makeTenant('taken');
    expect(await ask('POST', '/api/v1/tenants', { body: { name: 'taken' } })).toMatchObject({
      status: 409,
      body: { code: 'TENANT_NAME_TAKEN', detail: 'there is a tenant named "taken" already' },
    });
    for (const body of [{}, { name: 1 }, { name: 'x', other: 1 }, { name: 'x', quota: { weight: -1 } }])
      expect(await ask('POST', '/api/v1/tenants', { body })).toMatchObject({
        status: 422,
        body: { code: 'VALIDATION_FAILED' },
      });
  });

  test('a token acts for its tenant in its role, whatever the header says', async () => {
    const id = await makeTenant('roles');
    const [viewer, operator, admin, worker] = await Promise.all(
      ['viewer', 'operator', 'admin', 'worker'].map((role) => makeToken(id, role)),
    );
    const call = (token: string | undefined): Promise<Answer> =>
      ask('POST', CALL, { token: token ?? '', body: SUM, headers: { 'x-bulkhead-tenant': 'default' } });
    expect(await call(operator)).toMatchObject({ status: 200, body: { value: { result: 5 }, call: { tenant: id } } });
    expect(await call(admin)).toMatchObject({ status: 200 });
    for (const token of [viewer, worker])
      expect(await call(token)).toMatchObject({ status: 403, body: { ok: false, error: { code: 'ROLE_TOO_LOW' } } });
    expect((await ask('GET', '/v1/tools', { token: viewer ?? '' })).status).toBe(200);
    expect((await ask('GET', '/v1/tools', { token: worker ?? '' })).status).toBe(403);
    expect(await ask('GET', '/api/v1/tenants', { token: admin ?? '' })).toMatchObject({
      status: 403,
      body: { code: 'ROLE_TOO_LOW', detail: 'the token has the role admin; this needs the platform token' },
    });
  });

  test('the platform acts for the tenant of its header, by id or by name', async () => {
    const id = await makeTenant('named');
    for (const tenant of [id, 'named'])
      expect(await ask('POST', CALL, { body: SUM, headers: { 'x-bulkhead-tenant': tenant } })).toMatchObject({
        body: { call: { tenant: id } },
      });
  });

  test('scopes of a token are what it may do: without the one that a tool needs its call is denied', async () => {
    const id = await makeTenant('scoped');
    const [with_, without] = [
      await makeToken(id, 'operator', { scopes: ['math:calculate'] }),
      await makeToken(id, 'operator', { scopes: [] }),
    ];
    expect(await ask('POST', CALL, { token: with_, body: SUM })).toMatchObject({ status: 200 });
    expect(await ask('POST', CALL, { token: without, body: SUM })).toMatchObject({
      status: 403,
      body: { error: { code: 'SCOPE_MISSING' } },
    });
  });

  test('tokens are listed without text and digest, and a revoked one is 401', async () => {
    const id = await makeTenant('revoked');
    const token = await makeToken(id, 'operator');
    const { body } = await ask('GET', `/api/v1/tenants/${id}/tokens`);
    const [listed] = body as unknown as readonly { readonly id: string }[]; // Its schema.
    expect(Object.keys(listed ?? {}).toSorted()).toEqual([
      'created_at',
      'expires_at',
      'id',
      'role',
      'scopes',
      'tenant_id',
    ]);
    expect((await ask('DELETE', `/api/v1/tokens/${listed?.id}`)).status).toBe(204);
    expect(await ask('POST', CALL, { token, body: SUM })).toMatchObject({ status: 401 });
    expect(await ask('DELETE', `/api/v1/tokens/${listed?.id}`)).toMatchObject({
      status: 404,
      body: { code: 'TOKEN_NOT_FOUND' },
    });
  });

  test('what is another tenant’s is not there, in the same words as what is nowhere', async () => {
    const [mine, theirs] = [await makeTenant('mine'), await makeTenant('theirs')];
    const token = await makeToken(mine, 'admin');
    await makeToken(theirs, 'viewer');
    const { body } = await ask('GET', `/api/v1/tenants/${theirs}/tokens`);
    const [their] = body as unknown as readonly { readonly id: string }[]; // Its schema.
    const pairs = [
      [`/api/v1/tenants/${theirs}/tokens`, '/api/v1/tenants/nowhere/tokens', 'GET'],
      [`/api/v1/tokens/${their?.id}`, '/api/v1/tokens/nowhere', 'DELETE'],
    ] as const;
    for (const [path, nowhere, method] of pairs) {
      const answer = await ask(method, path, { token });
      expect(answer.status).toBe(404);
      expect(answer.body).toEqual((await ask(method, nowhere, { token })).body);
    }
    expect((await ask('POST', `/api/v1/tenants/${mine}/tokens`, { token, body: { role: 'viewer' } })).status).toBe(201);
  });
});
