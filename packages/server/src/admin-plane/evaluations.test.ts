import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, STORAGES, type TestServer } from '../server-fixture.ts';

// A database takes seconds to start, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATH = '/api/v1/evaluations';
const NO_ID = '01900000-0000-7000-8000-000000000000';

describe.each(STORAGES)('evaluations %s', (_where, open) => {
  let started: TestServer;
  let admin: Admin;
  beforeAll(async () => {
    started = await startServer({ storage: await open() });
    admin = adminOf(started.url);
  });
  afterAll(() => started[Symbol.asyncDispose]());

  /** A new tenant with one evaluation, and requests of one of its tokens. */
  async function newTenant(name: string, role = 'admin'): Promise<{ readonly id: string; readonly ask: Admin['ask'] }> {
    const tenant = await admin.makeTenant(name);
    const { evaluations } = started.host;
    const queued = await evaluations.create({ plugin: 'calc', tenant, from: '1.0.0', to: '2.0.0', kind: 'upgrade' });
    const begun = await evaluations.progress(queued, { event: 'begin' });
    await evaluations.progress(begun, {
      event: 'reject',
      reason: 'slower',
      summary: { pairs: 3 },
      report: { cases: [1] },
    });
    const token = await admin.makeToken(tenant, role);
    return { id: queued.id, ask: (method, path) => admin.ask(method, path, { token }) };
  }

  test('a tenant’s admin reads an evaluation with its report, its changes and why', async () => {
    const { id, ask } = await newTenant('reads');
    const { status, body } = await ask('GET', `${PATH}/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      kind: 'upgrade',
      state: 'rejected',
      summary: { pairs: 3 },
      report: { cases: [1] },
    });
    expect(body['changes']).toMatchObject([
      { state: 'queued', reason: null },
      { state: 'evaluating', reason: null },
      { state: 'rejected', reason: 'slower' },
    ]);
  });

  test('evaluations are listed without their reports, and of one plugin where that is asked for', async () => {
    const { id, ask } = await newTenant('lists');
    const { body } = await ask('GET', PATH);
    expect(body['evaluations']).toMatchObject([{ id, state: 'rejected' }]);
    expect(JSON.stringify(body)).not.toContain('report');
    expect((await ask('GET', `${PATH}?plugin=notes`)).body).toEqual({ evaluations: [] });
    expect((await ask('GET', `${PATH}?plugin=calc&before=${id}`)).body).toEqual({ evaluations: [] });
  });

  test('another tenant’s evaluation, and the platform’s, is none for a tenant; the platform reads all', async () => {
    const [{ id: others }, { id: own, ask }] = [await newTenant('other'), await newTenant('own')];
    const { id: platforms } = await started.host.evaluations.create({ plugin: 'calc', to: '2.0.0', kind: 'rollout' });
    for (const id of [others, platforms, NO_ID, 'no%20id'])
      expect(await ask('GET', `${PATH}/${id}`)).toMatchObject({ status: 404, body: { code: 'EVALUATION_NOT_FOUND' } });
    expect((await ask('GET', PATH)).body['evaluations']).toMatchObject([{ id: own }]);
    for (const id of [others, own, platforms]) expect((await admin.ask('GET', `${PATH}/${id}`)).status).toBe(200);
    const all = JSON.stringify((await admin.ask('GET', PATH)).body);
    for (const id of [others, own, platforms]) expect(all).toContain(id);
  });

  test('only an admin reads evaluations', async () => {
    const { id, ask } = await newTenant('operates', 'operator');
    for (const path of [PATH, `${PATH}/${id}`]) expect((await ask('GET', path)).status).toBe(403);
  });
});
