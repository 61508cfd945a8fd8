import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '@bulkhead/store/testing';
import { expect, test, vi } from 'vitest';
import { makeFolder, run, serve, type Ended } from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

type Migrate = (...args: readonly string[]) => Promise<Ended>;

/** [F003-43] On either database. */
async function assertUpDownUp(migrate: Migrate): Promise<void> {
  const first = JSON.parse((await migrate('up', '--json')).stdout) as { readonly applied: readonly string[] }; // Asserted next.
  expect(first.applied.slice(0, 2)).toEqual(['0001_catalogue', '0002_records']);
  expect(await migrate('up')).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing to do') });
  const status = await migrate('status');
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toMatch(/^MIGRATION +STATE +SINCE\n0001_catalogue +applied +\d{4}-/);
  expect(await migrate('down')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/taking back .+ deletes every row of its tables; expected --yes/),
  });
  expect(await migrate('down', '--to', '9999_future', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no migration "9999_future"'),
  });
  const down = await migrate('down', '--to', '0001_catalogue', '--yes', '--json');
  expect(JSON.parse(down.stdout)).toEqual({ reverted: first.applied.slice(1).toReversed() });
  const pending = await migrate('status', '--json');
  expect(pending.code).toBe(1);
  expect(JSON.parse(pending.stdout)).toMatchObject({
    migrations: expect.arrayContaining([{ name: '0002_records', applied_at: null }]),
    unknown: [],
  });
  expect((await migrate('down', '--to', 'nothing', '--yes')).stdout).toBe('took back 0001_catalogue\n');
  expect(await migrate('down', '--yes')).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing to do') });
  expect(JSON.parse((await migrate('up', '--json')).stdout)).toEqual(first);
}

test('[F003-43] up, down and up again is clean in a data directory, and a second up does nothing', async () => {
  await using folder = await makeFolder();
  await assertUpDownUp((...args) => run(['migrate', ...args, '--data', join(folder.path, 'data')]));
});

test('[F003-43] up, down and up again is clean on the server of BULKHEAD_DATABASE_URL', async () => {
  await using server = await startPostgres();
  await assertUpDownUp((...args) => run(['migrate', ...args], { env: { BULKHEAD_DATABASE_URL: server.url } }));
});

test('a data directory that a server holds is refused with who holds it', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await using served = await serve(['--data', data]);
  for (const verb of ['up', 'down', 'status'])
    expect(await run(['migrate', verb, '--data', data, ...(verb === 'down' ? ['--yes'] : [])])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(`the server with pid ${served.child.pid} .+\\(DATA_LOCKED\\)\nStop the server`),
      ),
    });
});

test('status and down do not make a store of a folder that was mistyped', async () => {
  await using folder = await makeFolder();
  for (const verb of ['status', 'down'])
    expect(await run(['migrate', verb, '--data', join(folder.path, 'typo')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no database in'),
    });
  expect(await readdir(folder.path)).toEqual([]);
});
