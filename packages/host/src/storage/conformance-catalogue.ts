/**
 * The catalogue's part of the Storage conformance suite: commits, what they leave, and the audit log.
 */
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { AUDIT_ORIGIN, followAudit } from './audit-chain.ts';
import type { AuditEntry, AuditQuery, RegistrationRow, TenantRow, TokenRow } from './catalogue-port.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import {
  AUDIT,
  write,
  done,
  putTenant,
  putToken,
  putRelease,
  putRegistration,
  tenant,
  token,
  release,
  registration,
} from './conformance-rows.ts';

/** Declares the tests. */
export function catalogueTests(storage: Opened): void {
  commitTests(storage);
  tenantTests(storage);
  releaseTests(storage);
  registrationTests(storage);
  stepTests(storage);
  auditTests(storage);
  auditReaderTests(storage);
}

const NOTHING = { tokens: [], secrets: [] };

function commitTests(storage: Opened): void {
  test('a new storage has revision 0, the tenant default and nothing else', async () => {
    const { tenants, ...rest } = await storage().readCatalogue();
    const nothing = { ...NOTHING, releases: [], registrations: [], moves: [], rollouts: [], recordings: [] };
    expect(rest).toEqual({ revision: 0, ...nothing });
    expect(tenants).toMatchObject([{ id: DEFAULT_TENANT, name: DEFAULT_TENANT, min_tier: null, quota: {} }]);
  });

  test('commits are numbered one after another, and later changes of one see the earlier', async () => {
    expect(await storage().commit(write(putTenant('acme'), putRegistration('acme', 'a')))).toEqual(done(1));
    expect(await storage().commit(write(putRelease('a', '1.0.0')))).toEqual(done(2));
    const { revision, registrations } = await storage().readCatalogue();
    expect([revision, registrations]).toEqual([2, [{ ...registration('acme', 'a'), revision: 1 }]]);
  });

  test('C1: a commit of which one change does not fit leaves nothing of the others, and takes no number', async () => {
    await storage().commit(write(putTenant('acme'), putRelease('a', '1.0.0'), putToken('acme', 't1')));
    const before = await storage().readCatalogue();
    const refused = write(
      { kind: 'remove_plugin', plugin_name: 'a' },
      { kind: 'remove_tenant', tenant_id: 'acme' },
      putTenant('other'),
      putRegistration('nobody', 'a'),
    );
    expect(await storage().commit(refused)).toEqual({ kind: 'conflict', index: 3 });
    expect(await storage().readCatalogue()).toEqual(before);
    expect(await storage().readSteps(1)).toEqual([]);
    expect(await storage().readAudit(1, 10)).toMatchObject({ rows: [], head: { seq: 1 } });
    expect(await storage().commit(write(putTenant('other')))).toEqual(done(2));
  });

  test('of ten commits at once each has its own number', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `tenant-${index}`);
    const answers = await Promise.all(names.map((name) => storage().commit(write(putTenant(name)))));
    const revisions = answers.map((answer) => (answer.kind === 'done' ? answer.revision : 0));
    expect(revisions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await storage().readCatalogue()).tenants).toHaveLength(11);
  });

  test('S1: what a caller does to a row afterwards does not change what is stored', async () => {
    const row = { ...release('a', '1.0.0'), manifest: { tags: ['one'] } };
    await storage().commit(write({ kind: 'put_release', row }));
    row.manifest.tags.push('two');
    const [first] = (await storage().readCatalogue()).releases;
    expect(first?.manifest).toEqual({ tags: ['one'] });
    const [step] = (await storage().readSteps(0)) ?? [];
    expect(step?.changes).toMatchObject([{ row: { manifest: { tags: ['one'] } } }]);
  });

  test('text of every kind comes back as it was, and author’s objects in their order', async () => {
    const manifest = {
      z: 'é\u0000\u0001\u2028😀\\u0000 "quoted" \'',
      a: { '': [1e300, -0.5, null, true, []] },
      __proto: 1,
    };
    await storage().commit(write({ kind: 'put_release', row: { ...release('a', '1.0.0'), manifest } }));
    const [first] = (await storage().readCatalogue()).releases;
    expect(JSON.stringify(first?.manifest)).toBe(JSON.stringify(manifest));
  });
}

function tenantTests(storage: Opened): void {
  test('a tenant is stored as it was given, and again in place of itself', async () => {
    const row: TenantRow = { ...tenant('acme'), min_tier: 'confined', quota: { calls_per_second: 2.5, weight: 3 } };
    await storage().commit(write(putTenant('acme')));
    await storage().commit(write({ kind: 'put_tenant', row }));
    expect((await storage().readCatalogue()).tenants[1]).toEqual(row);
  });

  test('a UUID is an id like any other word', async () => {
    const id = '5f0b8a9e-3c1d-4e2f-8a7b-9c0d1e2f3a4b';
    await storage().commit(write({ kind: 'put_tenant', row: { ...tenant('acme'), id } }, putRegistration(id, 'a')));
    const { tenants, registrations } = await storage().readCatalogue();
    expect([tenants[1]?.id, registrations[0]?.tenant_id]).toEqual([id, id]);
  });

  test('a name that another tenant has is a conflict; one’s own is not', async () => {
    await storage().commit(write(putTenant('acme')));
    const rival = { kind: 'put_tenant', row: { ...tenant('rival'), name: 'acme' } } as const;
    expect(await storage().commit(write(rival))).toEqual({ kind: 'conflict', index: 0 });
    expect(await storage().commit(write(putTenant('acme')))).toEqual(done(2));
  });

  test('tokens are stored as they were given, of tenants that there are', async () => {
    const row: TokenRow = { ...token('acme', 't1'), scopes: ['math:calculate'], expires_at: minute(5) };
    await storage().commit(write(putTenant('acme'), { kind: 'put_token', row }, putToken('acme', 't2')));
    expect((await storage().readCatalogue()).tokens).toEqual([row, token('acme', 't2')]);
    expect(await storage().commit(write(putToken('nobody', 't3')))).toEqual({ kind: 'conflict', index: 0 });
    await storage().commit(write({ kind: 'remove_token', token_id: 't1' }, { kind: 'remove_token', token_id: 't1' }));
    expect((await storage().readCatalogue()).tokens).toEqual([token('acme', 't2')]);
  });

  test('[X003-7] with a tenant go its tokens and registrations, and nobody else’s', async () => {
    await storage().commit(
      write(...['acme', 'other'].flatMap((id) => [putTenant(id), putToken(id, `t-${id}`), putRegistration(id, 'a')])),
    );
    await storage().commit(write({ kind: 'remove_tenant', tenant_id: 'acme' }));
    await storage().commit(write({ kind: 'remove_tenant', tenant_id: 'acme' }));
    const { tenants, tokens, registrations } = await storage().readCatalogue();
    expect(tenants.map(({ id }) => id)).toEqual([DEFAULT_TENANT, 'other']);
    expect([tokens, registrations]).toMatchObject([[{ id: 't-other' }], [{ tenant_id: 'other' }]]);
  });
}

function releaseTests(storage: Opened): void {
  test('releases are listed as they were stored, in order of storing', async () => {
    await storage().commit(write(putRelease('b', '1.0.0')));
    await storage().commit(write(putRelease('a', '1.0.0')));
    const { releases } = await storage().readCatalogue();
    expect(releases).toEqual([release('b', '1.0.0'), release('a', '1.0.0')]);
  });

  test('C3: a version is never rewritten: another digest is a conflict, the same one changes offer, trust and signer alone', async () => {
    await storage().commit(write(putRelease('a', '1.0.0')));
    const other = { ...release('a', '1.0.0'), digest: 'f'.repeat(64) };
    expect(await storage().commit(write({ kind: 'put_release', row: other }))).toEqual({ kind: 'conflict', index: 0 });
    const signed_by = { kind: 'ed25519', key: 'ed25519:K', signed_at: '2026-01-01T00:00:00.000Z' } as const;
    const dependencies = [{ name: 'zod', version: '4.0.0', license: 'MIT', path: 'node_modules/zod' }];
    const origin = { form: 'archive', archive_sha256: 'a'.repeat(64), signed_by, dependencies } as const;
    const offer = { is_public: false, offered_to: ['acme', 'other'], is_trusted: false, origin };
    const again = { ...release('a', '1.0.0'), ...offer, place: '/elsewhere', manifest: {}, findings: [] };
    expect(await storage().commit(write({ kind: 'put_release', row: again }))).toEqual(done(2));
    expect((await storage().readCatalogue()).releases).toEqual([{ ...release('a', '1.0.0'), ...offer }]);
  });

  test('of two releases of one version at once exactly one is stored', async () => {
    const rivals = ['e', 'f'].map((digit) => ({ ...release('a', '1.0.0'), digest: digit.repeat(64) }));
    const answers = await Promise.all(rivals.map((row) => storage().commit(write({ kind: 'put_release', row }))));
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['conflict', 'done']);
  });

  test('with a plugin go its releases and registrations, and no other plugin’s', async () => {
    for (const plugin of ['a', 'b'])
      await storage().commit(write(putRelease(plugin, '1.0.0'), putRegistration(DEFAULT_TENANT, plugin)));
    await storage().commit(write({ kind: 'remove_plugin', plugin_name: 'a' }));
    const { releases, registrations } = await storage().readCatalogue();
    expect([releases, registrations]).toMatchObject([[{ plugin_name: 'b' }], [{ plugin_name: 'b' }]]);
  });
}

function registrationTests(storage: Opened): void {
  test('[F003-38] there is one registration for each tenant and plugin, and a new one replaces it', async () => {
    await storage().commit(
      write(putTenant('acme'), putRegistration('acme', 'a'), putRegistration(DEFAULT_TENANT, 'a')),
    );
    const changed: RegistrationRow = {
      ...registration('acme', 'a'),
      enabled: false,
      config: { deep: { list: [1, null, 'ü'] } },
      granted_permissions: [],
      plugin_version: '2.0.0',
      updated_at: minute(7),
    };
    await storage().commit(write({ kind: 'put_registration', row: changed }));
    const { registrations } = await storage().readCatalogue();
    expect(registrations).toEqual([
      { ...changed, revision: 2 },
      { ...registration(DEFAULT_TENANT, 'a'), revision: 1 },
    ]);
  });

  test('the revision that is expected is the one that wrote it last, and 0 where there is none', async () => {
    const put = (expected: number) => ({ ...putRegistration(DEFAULT_TENANT, 'a'), expected });
    expect(await storage().commit(write(put(1)))).toEqual({ kind: 'conflict', index: 0 });
    expect(await storage().commit(write(put(0)))).toEqual(done(1));
    expect(await storage().commit(write(put(0)))).toEqual({ kind: 'conflict', index: 0 });
    expect(await storage().commit(write(putTenant('acme')))).toEqual(done(2));
    expect(await storage().commit(write(put(2)))).toEqual({ kind: 'conflict', index: 0 });
    expect(await storage().commit(write(put(1)))).toEqual(done(3));
    expect(await storage().commit(write(put(3)))).toEqual(done(4));
  });

  test('of ten first enables at once exactly one is the first', async () => {
    const attempts = Array.from({ length: 10 }, () =>
      storage().commit(write({ ...putRegistration(DEFAULT_TENANT, 'a'), expected: 0 })),
    );
    const kinds = (await Promise.all(attempts)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'done')).toHaveLength(1);
    expect((await storage().readCatalogue()).registrations).toHaveLength(1);
  });

  test('a removed registration is gone, removing it again is silent, and the next one is new', async () => {
    const removal = { kind: 'remove_registration', tenant_id: DEFAULT_TENANT, plugin_name: 'a' } as const;
    await storage().commit(write(putRegistration(DEFAULT_TENANT, 'a')));
    await storage().commit(write(removal, removal));
    expect((await storage().readCatalogue()).registrations).toEqual([]);
    const first = { ...putRegistration(DEFAULT_TENANT, 'a'), expected: 0 };
    expect(await storage().commit(write(first))).toEqual(done(3));
  });
}

function stepTests(storage: Opened): void {
  test('C2: the steps after a revision are the changes as they were committed, in order', async () => {
    const writes = [write(putTenant('acme'), putToken('acme', 't1')), write(putRelease('a', '1.0.0'))];
    for (const each of writes) await storage().commit(each);
    const steps = writes.map(({ changes }, index) => ({ revision: index + 1, changes }));
    expect(await storage().readSteps(0)).toEqual(steps);
    expect(await storage().readSteps(1)).toEqual(steps.slice(1));
    expect(await storage().readSteps(2)).toEqual([]);
  });
}

function auditTests(storage: Opened): void {
  test('each commit has its line, and the lines are a chain from the origin to the head', async () => {
    for (const name of ['one', 'two', 'three']) await storage().commit(write(putTenant(name)));
    const { rows, head } = await storage().readAudit(0, 10);
    expect(rows.map(({ text }) => JSON.parse(text) as unknown)).toEqual([AUDIT, AUDIT, AUDIT]);
    expect(followAudit({ seq: 0, hash: AUDIT_ORIGIN }, rows)).toEqual(head);
    expect(head.seq).toBe(3);
  });

  test('lines are read page by page, oldest first', async () => {
    for (const name of ['one', 'two', 'three']) await storage().commit(write(putTenant(name)));
    const page = async (after: number, rowsMax: number): Promise<readonly number[]> =>
      (await storage().readAudit(after, rowsMax)).rows.map(({ seq }) => seq);
    expect([await page(0, 2), await page(2, 2), await page(3, 2)]).toEqual([[1, 2], [3], []]);
  });

  test('the text of a line is kept byte for byte', async () => {
    const audit: AuditEntry = { ...AUDIT, details: { z: 'é😀\u0001', a: [1e300, -0.5] }, resource: 'plugin "a"' };
    await storage().commit({ changes: [], audit });
    const { at, actor, action, tenant_id, resource, details } = audit;
    const text = JSON.stringify({ at, actor, action, tenant_id, resource, details });
    expect((await storage().readAudit(0, 1)).rows[0]?.text).toBe(text);
  });
}

function auditReaderTests(storage: Opened): void {
  const numbers = async (query: AuditQuery): Promise<readonly number[]> =>
    (await storage().listAudit(query)).map(({ seq }) => seq);

  test('a reader has the newest lines, or those that follow one, oldest first', async () => {
    for (const name of ['one', 'two', 'three']) await storage().commit(write(putTenant(name)));
    expect([await numbers({ rowsMax: 2 }), await numbers({ rowsMax: 9 })]).toEqual([
      [2, 3],
      [1, 2, 3],
    ]);
    expect([await numbers({ after: 0, rowsMax: 2 }), await numbers({ after: 2, rowsMax: 2 })]).toEqual([[1, 2], [3]]);
    expect(await storage().listAudit({ after: 0, rowsMax: 9 })).toEqual((await storage().readAudit(0, 9)).rows);
  });

  test('a tenant’s lines are those that name it, whatever other fields say', async () => {
    const decoy = '"tenant_id":"acme"';
    const entries: readonly AuditEntry[] = [
      { ...AUDIT, tenant_id: 'acme', actor: 'a "quoted" \\ one', resource: decoy },
      { ...AUDIT, tenant_id: 'other', actor: `{"at":"", ${decoy}`, action: decoy, details: { tenant_id: 'acme' } },
      { ...AUDIT, tenant_id: null, actor: `x","action":"",${decoy}`, details: { tenant_id: 'acme' } },
      { ...AUDIT, tenant_id: 'acme' },
    ];
    for (const audit of entries) await storage().commit({ changes: [], audit });
    expect(await numbers({ tenant: 'acme', rowsMax: 9 })).toEqual([1, 4]);
    expect(await numbers({ tenant: 'acme', after: 1, rowsMax: 9 })).toEqual([4]);
    expect(await numbers({ tenant: 'acme', rowsMax: 1 })).toEqual([4]);
    expect(await numbers({ tenant: 'other', rowsMax: 9 })).toEqual([2]);
    expect(await numbers({ tenant: 'nobody', rowsMax: 9 })).toEqual([]);
  });
}
