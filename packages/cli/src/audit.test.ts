import { join } from 'node:path';
import { openDatabase, type Database } from '@bulkhead/store';
import { startPostgres } from '@bulkhead/store/testing';
import { expect, test, vi } from 'vitest';
import { makeFolder, run, runHere, serve, type Ended } from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const PLATFORM = 'a-platform-token-that-is-long-enough';

test('lines are listed and verified against a server; a tenant’s admin reads its own', async () => {
  await using folder = await makeFolder();
  await using served = await serve(['--data', join(folder.path, 'data')], { env: { BULKHEAD_TOKEN: PLATFORM } });
  const ask = (line: string, token: string = PLATFORM): Promise<Ended> =>
    runHere([...line.split(' '), '--server', served.ready.url, '--token', token]);
  await ask('tenant create acme');
  await ask('tenant create other');
  const token = (await ask('token create --tenant acme --role admin --quiet')).stdout.trim();
  const listed = await ask('audit list --after 0');
  expect(listed.stdout).toMatch(/^LINE +AT +BY +ACTION +TENANT +WHAT +DETAILS\n1 +\S+Z +platform +tenant\.create +/);
  expect(listed.stdout.trimEnd().split('\n')).toHaveLength(4);
  const own = JSON.parse((await ask('audit list --json', token)).stdout) as { readonly entries: readonly object[] };
  expect(own.entries).toMatchObject([{ action: 'tenant.create' }, { action: 'token.create' }]);
  expect((await ask('audit list --tenant other')).stdout.match(/tenant\.create/g)).toHaveLength(1);
  expect(await ask('audit list --after 1 --limit 1')).toMatchObject({ stderr: 'there are more: --after 2\n' });
  const verified = await ask('audit verify');
  expect(verified).toMatchObject({ code: 0, stdout: 'whole: 3 lines in place\n' });
  const head = /--head: (\d+:[0-9a-f]{64})/.exec(verified.stderr)?.[1] ?? '';
  expect(await ask(`audit verify --head ${head} --json`)).toMatchObject({ code: 0, stderr: '' });
  expect(await ask(`audit verify --head 3:${'0'.repeat(64)}`)).toMatchObject({ code: 1, stdout: /^broken at line 3/ });
  expect(await ask('audit verify', token)).toMatchObject({ code: 14, stderr: expect.stringContaining('ROLE_TOO_LOW') });
  expect(await ask('audit verify --head nonsense')).toMatchObject({ code: 2 });
});

/** Makes three lines, breaks the second in the database, and verifies with no server running. */
async function assertTampered(
  data: string,
  env: Readonly<Record<string, string>>,
  open: () => Promise<Database>,
): Promise<void> {
  const audit = (...args: readonly string[]): Promise<Ended> => run(['audit', ...args, '--data', data], { env });
  const served = await serve(['--data', data], { env });
  for (const name of ['one', 'two', 'three'])
    await run(['tenant', 'create', name, '--data', data], { env: { ...env, BULKHEAD_SERVER: served.ready.url } });
  await served[Symbol.asyncDispose]();
  expect(await audit('verify')).toMatchObject({ code: 0, stdout: 'whole: 3 lines in place\n' });
  expect((await audit('list', '--tenant', 'two')).stdout).toContain('"name":"two"');
  const database = await open();
  const { text } = await database.db
    .selectFrom('audit_log')
    .select('text')
    .where('seq', '=', 2)
    .executeTakeFirstOrThrow();
  await database.db
    .updateTable('audit_log')
    .set({ text: text.replace('two', 'own') })
    .where('seq', '=', 2)
    .execute();
  await database.close();
  expect(await audit('verify')).toMatchObject({
    code: 1,
    stdout:
      'broken at line 2: line 2 does not follow from the one before it: one of them was changed; 1 line before it in place\n',
  });
  expect(JSON.parse((await audit('verify', '--json')).stdout)).toMatchObject({
    ok: false,
    lines: 1,
    fault: { seq: 2 },
  });
}

test('a line that was changed in the database of a data directory is found without a server', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await assertTampered(data, {}, () => openDatabase({ kind: 'directory', dir: join(data, 'database') }));
});

test('a line that was changed on the server of BULKHEAD_DATABASE_URL is found without a server', async () => {
  await using folder = await makeFolder();
  await using server = await startPostgres();
  const env = { BULKHEAD_DATABASE_URL: server.url };
  await assertTampered(join(folder.path, 'data'), env, () => openDatabase({ kind: 'server', url: server.url }));
});

test('a data directory that a server holds is verified by that server; without store or server neither is there', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await using served = await serve(['--data', data]);
  const held = await run(['audit', 'verify', '--data', data], { env: { BULKHEAD_SERVER: served.ready.url } });
  expect(held).toMatchObject({ code: 0, stdout: 'whole: 0 lines in place\n' });
  const nowhere = await run(['audit', 'verify', '--data', join(folder.path, 'nowhere')]);
  expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no database in') });
});
