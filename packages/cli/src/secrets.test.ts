import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@bulkhead/store';
import { startPostgres } from '@bulkhead/store/testing';
import { expect, test, vi } from 'vitest';
import { answering, makeFolder, run, serve, start, writePlugin, type Ended, type Folder } from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const VALUE = 'CANARY-4be1c07a93d2-value';
const KEY = Buffer.alloc(32, 1).toString('base64');
const NEXT_KEY = Buffer.alloc(32, 2).toString('base64');
const MANIFEST = { secrets: { API_KEY: { hosts: ['api.example.com:443'] } } };

type Setting = { readonly data: string; readonly plugins: string; readonly env: Readonly<Record<string, string>> };

async function settingIn(folder: Folder, env: Readonly<Record<string, string>> = {}): Promise<Setting> {
  const plugins = join(folder.path, 'plugins');
  await writePlugin(plugins, { name: 'weather', main: answering(1), manifest: MANIFEST });
  return { data: join(folder.path, 'data'), plugins, env };
}

function serveIt({ data, plugins, env }: Setting): ReturnType<typeof serve> {
  return serve(['--plugins', plugins, '--data', data], { env });
}

/** Runs `secrets` with a value on standard input. */
async function secrets(line: string, { data, env }: Setting, input = ''): Promise<Ended> {
  const running = start(['secrets', ...line.split(' '), '--data', data], { stdin: 'pipe', env });
  running.child.stdin?.end(input);
  return running.ended;
}

test('a secret is piped in, listed without its value, needed by calls, and removed', async () => {
  await using folder = await makeFolder();
  const setting = await settingIn(folder);
  await using served = await serveIt(setting);
  const env = { BULKHEAD_SERVER: served.ready.url };
  const here = { ...setting, env };
  const call = () => run(['call', 'weather', 'answer', '--data', setting.data], { env });
  expect(await call()).toMatchObject({
    code: 23,
    stderr: expect.stringContaining('bulkhead secrets set weather API_KEY'),
  });
  expect(await secrets('set weather API_KEY', here, `${VALUE}\n`)).toEqual({
    ...{ code: 0, signal: null, stdout: '' },
    stderr: 'API_KEY is set for weather\n',
  });
  expect(await call()).toMatchObject({ code: 0 });
  const listed = await secrets('list weather', here);
  expect(listed.stdout).toMatch(/^NAME +SET +GOES TO +IN\nAPI_KEY +\d{4}-\S+Z +api\.example\.com:443 +header\n$/);
  expect(JSON.parse((await secrets('list weather --json', here)).stdout)).toMatchObject([
    { name: 'API_KEY', is_set: true },
  ]);
  expect(await secrets('remove weather API_KEY', here)).toMatchObject({ code: 0 });
  expect(await call()).toMatchObject({ code: 23 });
});

test('a value is refused as an argument without being repeated, and an empty one is none', async () => {
  await using folder = await makeFolder();
  const setting = { data: folder.path, plugins: '', env: { BULKHEAD_TOKEN: 'x'.repeat(32) } };
  const typed = await secrets(`set weather API_KEY ${VALUE}`, setting);
  expect([typed.code, typed.stdout + typed.stderr]).toEqual([2, expect.not.stringContaining(VALUE)]);
  expect(await secrets('set weather API_KEY', setting, '\n')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no value'),
  });
});

/** What is kept of a value, in any form that one would look for. */
const FORMS = [
  VALUE,
  '4be1c07a93d2',
  Buffer.from(VALUE).toString('base64').slice(0, 30),
  Buffer.from(VALUE).toString('hex'),
];

function assertHidden(bytes: Buffer, where: string): void {
  for (const form of FORMS) expect([where, form, bytes.includes(form)]).toEqual([where, form, false]);
}

/** Sets the secret, provokes answers and failures, rotates, and returns what the server logged. */
async function useSecret(setting: Setting): Promise<string> {
  const served = await serveIt(setting);
  const here = { ...setting, env: { ...setting.env, BULKHEAD_SERVER: served.ready.url } };
  try {
    expect(await secrets('set weather API_KEY', here, VALUE)).toMatchObject({ code: 0 });
    const refused = { code: 11, stdout: '', stderr: expect.stringContaining('SECRET_UNDECLARED') };
    expect(await secrets('set weather NOPE', here, VALUE)).toMatchObject(refused);
    expect(await secrets('rotate', here)).toMatchObject({ code: 0 });
    const call = ['call', 'weather', 'answer', '--data', setting.data];
    expect(await run(call, { env: here.env })).toMatchObject({ code: 0 });
  } finally {
    await served[Symbol.asyncDispose]();
  }
  return served.stdout() + served.stderr();
}

test('[FAULTS-112] a value is in no file of the data directory and no line of the log; the key’s file is its owner’s alone, or refused', async () => {
  await using folder = await makeFolder();
  const setting = await settingIn(folder);
  assertHidden(Buffer.from(await useSecret(setting)), 'the log');
  const files = (await readdir(setting.data, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  expect(files.length).toBeGreaterThan(100);
  for (const { parentPath, name } of files) assertHidden(await readFile(join(parentPath, name)), name);
  const path = join(setting.data, 'secrets.key');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await chmod(path, 0o644);
  const refused = await run(['serve', '--port', '0', '--data', setting.data]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`chmod 600 ${path}`) });
});

test('[FAULTS-112] a value is in no row of PostgreSQL, and no key is in the data directory where one was given', async () => {
  await using folder = await makeFolder();
  await using server = await startPostgres();
  const setting = await settingIn(folder, { BULKHEAD_DATABASE_URL: server.url, BULKHEAD_SECRETS_KEY: KEY });
  const log = await useSecret(setting);
  for (const text of [KEY, NEXT_KEY]) expect(log).not.toContain(text);
  assertHidden(Buffer.from(log), 'the log');
  await using database = await openDatabase({ kind: 'server', url: server.url });
  const tables = await database.db.introspection.getTables();
  expect(tables.map(({ name }) => name)).toContain('secrets');
  for (const { schema, name } of tables) {
    const table = `${schema ?? 'public'}.${name}` as 'secrets'; // Any table there is, the queue's among them.
    const rows = await database.db.selectFrom(table).selectAll().execute();
    assertHidden(Buffer.from(JSON.stringify(rows)), name);
  }
  expect(await readdir(setting.data)).not.toContain('secrets.key');
});

test('without a server the store is opened, and its secrets are encrypted with a new key', async () => {
  await using folder = await makeFolder();
  const setting = await settingIn(folder);
  await useSecret(setting);
  const path = join(setting.data, 'secrets.key');
  const before = await readFile(path, 'utf8');
  const rotated = await secrets('rotate --json', setting);
  expect(JSON.parse(rotated.stdout)).toMatchObject({ secrets: 1, is_given: false });
  expect(await readFile(path, 'utf8')).not.toBe(before);
  expect(JSON.parse((await secrets('rotate --json', setting)).stdout)).toMatchObject({ secrets: 1 });
});

test('a key that is given is replaced by one that is given, with the old one beside it', async () => {
  await using folder = await makeFolder();
  const first = await settingIn(folder, { BULKHEAD_SECRETS_KEY: KEY });
  await useSecret(first);
  const env = { BULKHEAD_SECRETS_KEY: NEXT_KEY, BULKHEAD_SECRETS_KEY_OLD: KEY };
  const rotated = await secrets('rotate', { ...first, env });
  expect(rotated).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 secret is encrypted anew'),
    stderr: expect.stringContaining('_OLD'),
  });
  expect(await secrets('rotate', { ...first, env: { BULKHEAD_SECRETS_KEY: NEXT_KEY } })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('0 secrets'),
    stderr: expect.stringContaining('a key that is given stays'),
  });
  expect(await secrets('rotate', first)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('SECRETS_KEY_UNUSABLE'),
  });
});

test.each([
  ['no key', { BULKHEAD_SECRETS_KEY: 'hunter2' }, 1, '32 random bytes in base64: 44 characters that end with "="'],
  ['an older key alone', { BULKHEAD_SECRETS_KEY_OLD: KEY }, 2, 'BULKHEAD_SECRETS_KEY is not'],
])(
  'a server that is given %s does not start, and does not show what it was given',
  async (_what, env, code, message) => {
    await using folder = await makeFolder();
    const ended = await run(['serve', '--port', '0', '--data', join(folder.path, 'data')], { env });
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(message) });
    for (const given of Object.values(env)) expect(ended.stderr).not.toContain(given);
  },
);
