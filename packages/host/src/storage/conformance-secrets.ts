/**
 * The secrets' part of the Storage conformance suite: they come and go with commits, and their ciphertexts are in no step.
 */
import { expect, test } from 'vitest';
import type { CatalogueChange, CatalogueWrite } from './catalogue-port.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import type { SealedText, SecretName, SecretRow } from './secrets-port.ts';

/** Declares the tests. */
export function secretTests(storage: Opened): void {
  writeTests(storage);
  removalTests(storage);
  keyTests(storage);
}

const KEY: SecretName = { tenant_id: 'acme', plugin_name: 'weather', name: 'API_KEY' };
const ACME = putTenant('acme');

function writeTests(storage: Opened): void {
  test('a secret is in the catalogue by its name, and its sealed text is read alone', async () => {
    await storage().commit(write(ACME, put(KEY), put({ ...KEY, name: 'OTHER' })));
    const { secrets } = await storage().readCatalogue();
    expect(secrets).toEqual([rowOf(KEY), rowOf({ ...KEY, name: 'OTHER' })]);
    expect(await storage().readSecret(KEY)).toEqual({ ...rowOf(KEY), ...SEALED });
    expect(await storage().readSecret({ ...KEY, plugin_name: 'other' })).toBeUndefined();
  });

  test('a secret that is written again has its new text alone', async () => {
    await storage().commit(write(ACME, put(KEY)));
    await storage().commit(write(put(KEY, { sealed: NEXT })));
    expect(await storage().readSecret(KEY)).toEqual({ ...rowOf(KEY), ...NEXT });
    expect((await storage().readCatalogue()).secrets).toHaveLength(1);
  });

  test('no ciphertext is in a step, nor in the audit log', async () => {
    await storage().commit(write(ACME, put(KEY)));
    const steps = await storage().readSteps(0);
    expect(steps?.[0]?.changes[1]).toEqual({ kind: 'put_secret', row: rowOf(KEY) });
    const { rows } = await storage().readAudit(0, 10);
    expect(JSON.stringify([steps, rows])).not.toContain(SEALED.ciphertext);
  });

  test('a secret of an unknown tenant, without a sealed text, or in place of another text does not fit', async () => {
    await storage().commit(write(ACME, put(KEY)));
    const conflict = { kind: 'conflict', index: 0 };
    expect(await storage().commit(write(put({ ...KEY, tenant_id: 'nobody' })))).toEqual(conflict);
    expect(await storage().commit(write({ kind: 'put_secret', row: rowOf(KEY) }))).toEqual(conflict);
    expect(await storage().commit(write(put(KEY, { sealed: NEXT, replaces: 'another' })))).toEqual(conflict);
    const absent = { ...KEY, name: 'ABSENT' };
    expect(await storage().commit(write(put(absent, { replaces: SEALED.nonce })))).toEqual(conflict);
    expect(await storage().readSecret(KEY)).toEqual({ ...rowOf(KEY), ...SEALED });
  });

  test('a secret takes the place of the text that it names', async () => {
    await storage().commit(write(ACME, put(KEY)));
    const rotated = { ...rowOf(KEY), key_id: 'second' };
    const change = { kind: 'put_secret', row: rotated, sealed: NEXT, replaces: SEALED.nonce } as const;
    expect(await storage().commit(write(change))).toMatchObject({ kind: 'done' });
    expect(await storage().readSecret(KEY)).toEqual({ ...rotated, ...NEXT });
  });
}

function removalTests(storage: Opened): void {
  test.each<readonly [string, CatalogueChange]>([
    ['its removal', { kind: 'remove_secret', ...KEY }],
    ['its registration', { kind: 'remove_registration', tenant_id: 'acme', plugin_name: 'weather' }],
    ['its plugin', { kind: 'remove_plugin', plugin_name: 'weather' }],
    ['its tenant', { kind: 'remove_tenant', tenant_id: 'acme' }],
  ])('a secret goes with %s, and others stay', async (_what, removal) => {
    const stays = { ...KEY, tenant_id: 'other', plugin_name: 'notes' };
    await storage().commit(write(ACME, putTenant('other'), put(KEY), put(stays)));
    await storage().commit(write(removal));
    expect(await storage().readSecret(KEY)).toBeUndefined();
    expect((await storage().readCatalogue()).secrets).toEqual([rowOf(stays)]);
    expect(await storage().commit(write(removal))).toMatchObject({ kind: 'done' });
  });

  test('what a commit removed is there again where the commit does not fit', async () => {
    await storage().commit(write(ACME, put(KEY)));
    const refused = write({ kind: 'remove_tenant', tenant_id: 'acme' }, put({ ...KEY, tenant_id: 'nobody' }));
    expect(await storage().commit(refused)).toEqual({ kind: 'conflict', index: 1 });
    expect(await storage().readSecret(KEY)).toEqual({ ...rowOf(KEY), ...SEALED });
  });
}

function keyTests(storage: Opened): void {
  test('secrets of other keys are found, so many at a time', async () => {
    const names = ['A', 'B', 'C'].map((name) => ({ ...KEY, name }));
    await storage().commit(write(ACME, ...names.map((name) => put(name))));
    const current = { kind: 'put_secret', row: { ...rowOf(KEY), key_id: 'second' }, sealed: NEXT } as const;
    await storage().commit(write(current));
    const found = async (keyId: string, rowsMax: number): Promise<readonly string[]> =>
      (await storage().listSecretsOfOtherKeys(keyId, rowsMax)).map(({ name }) => name);
    expect(await found('second', 2)).toEqual(['A', 'B']);
    expect(await found('second', 9)).toEqual(['A', 'B', 'C']);
    expect(await found('first', 9)).toEqual(['API_KEY']);
    expect(await storage().listSecretsOfOtherKeys('first', 9)).toEqual([{ ...current.row, ...NEXT }]);
  });
}

const SEALED: SealedText = { nonce: 'AAAAAAAAAAAAAAAA', ciphertext: 'c2VhbGVkIHdpdGggdGhlIGZpcnN0IGtleQ==' };
const NEXT: SealedText = { nonce: 'BBBBBBBBBBBBBBBB', ciphertext: 'YW5vdGhlciBzZWFsZWQgdGV4dA==' };

function rowOf(name: SecretName): SecretRow {
  return { ...name, key_id: 'first', created_at: minute(0), updated_at: minute(1) };
}

function put(
  name: SecretName,
  { sealed = SEALED, replaces }: { readonly sealed?: SealedText; readonly replaces?: string } = {},
): CatalogueChange {
  return { kind: 'put_secret', row: rowOf(name), sealed, ...(replaces !== undefined && { replaces }) };
}

function putTenant(id: string): CatalogueChange {
  const row = { id, name: id, min_tier: null, quota: {}, created_at: minute(0), updated_at: minute(0) };
  return { kind: 'put_tenant', row };
}

function write(...changes: readonly CatalogueChange[]): CatalogueWrite {
  const at = minute(4);
  const audit = { at, actor: 'platform', action: 'secret.set', tenant_id: 'acme', resource: 'secret', details: {} };
  return { changes, audit };
}
