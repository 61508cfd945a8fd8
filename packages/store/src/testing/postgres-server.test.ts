import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { copyPrograms, installedPrograms, isRunnable } from './postgres-files.ts';
import { startPostgres } from './postgres-server.ts';

// A first start takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

async function ask(url: string): Promise<unknown> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query('select count(*)::int as tables from pg_tables where schemaname = $1', [
    'public',
  ]);
  await client.end();
  return rows[0];
}

test('a server that is stopped and started again has its address and its data', async () => {
  await using server = await startPostgres();
  const client = new Client(server.url);
  await client.connect();
  await client.query('create table kept (id integer)');
  await client.end();
  await server.stop();
  await expect(ask(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.start();
  expect(await ask(server.url)).toEqual({ tables: 1 });
});

test('a server whose starter was killed goes, and its files too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-starter-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o1777); // As /tmp is: the server may be run by another user, who removes its folder.
  const child = fork(new URL('postgres-starter.fixture.ts', import.meta.url), [], {
    execArgv: ['--conditions=source'],
    env: { ...process.env, TMPDIR: folder },
  });
  const [url] = (await once(child, 'message')) as [string];
  expect(await ask(url)).toEqual({ tables: 0 });
  expect(await readdir(folder)).toHaveLength(1);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await expect.poll(() => readdir(folder)).toEqual([]);
  await expect(ask(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('programs that stand where their user cannot go, or lack their links, run from a copy', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-programs-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await copyPrograms(installedPrograms(), join(folder, 'programs'));
  expect(isRunnable(join(folder, 'programs'), undefined)).toBe(true);
  await rm(join(folder, 'programs/lib/libicuuc.so.60'));
  expect(isRunnable(join(folder, 'programs'), undefined)).toBe(false);
  await copyPrograms(join(folder, 'programs'), join(folder, 'copy'));
  expect(isRunnable(join(folder, 'copy'), undefined)).toBe(true);
});
