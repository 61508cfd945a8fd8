import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packCluster, readClusterIndex, unpackCluster } from './cluster-archive.ts';
import { prepareCluster } from './cluster.ts';
import { openDatabase } from './database.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-archive-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const task = (): Parameters<typeof prepareCluster>[1] => {
  return { isSynced: true, fsyncs: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
};

/** The bytes of an archive of three small files. */
async function pack(): Promise<Buffer> {
  const from = join(folder, 'from');
  await mkdir(join(from, 'base/1'), { recursive: true });
  await mkdir(join(from, 'pg_notify'));
  await writeFile(join(from, 'PG_VERSION'), '18\n');
  await writeFile(join(from, 'base/1/112'), '');
  await writeFile(join(from, 'base/1/113'), Buffer.alloc(20_000, 'page'));
  return packCluster(from, 'a-key');
}

test.each([true, false])('what is unpacked is what was packed, and its owner’s alone; synced: %s', async (isSynced) => {
  const archive = await pack();
  const index = readClusterIndex(archive);
  expect(index.key).toBe('a-key');
  const to = join(folder, 'to');
  await mkdir(to);
  await unpackCluster(archive, to, isSynced);
  const names = async (dir: string): Promise<readonly string[]> => (await readdir(dir, { recursive: true })).toSorted();
  expect(await names(to)).toEqual(await names(join(folder, 'from')));
  expect(await names(to)).toEqual([...index.folders, ...index.files.map(([path]) => path)].toSorted());
  for (const [path, bytes] of index.files) {
    const content = await readFile(join(to, path));
    expect(content.length).toBe(bytes);
    expect(content.equals(await readFile(join(folder, 'from', path)))).toBe(true);
    expect((await stat(join(to, path))).mode & 0o777).toBe(0o600);
  }
  for (const path of index.folders) expect((await stat(join(to, path))).mode & 0o777).toBe(0o700);
});

test('a first start unpacks the archive that it is given, and finds its files at the next', async () => {
  const archive = join(folder, 'archive');
  await writeFile(archive, await pack());
  const dir = join(folder, 'database');
  const cluster = await prepareCluster(dir, task(), pathToFileURL(archive));
  expect(cluster).toBe(join(dir, 'cluster'));
  expect((await readdir(cluster)).toSorted()).toEqual(['PG_VERSION', 'base', 'pg_notify']);
  await rm(archive);
  expect(await prepareCluster(dir, task(), pathToFileURL(archive))).toBe(cluster);
  expect(await readdir(dir)).toEqual(['cluster']);
});

test('an archive that is cut off is refused, and the next start begins again', async () => {
  const archive = join(folder, 'archive');
  const bytes = await pack();
  await writeFile(archive, bytes);
  await truncate(archive, bytes.length - 10);
  const dir = join(folder, 'database');
  await expect(prepareCluster(dir, task(), pathToFileURL(archive))).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: 'the files of the embedded database could not be made',
  });
  expect(await readdir(dir)).toEqual(['cluster.new']);
  await writeFile(archive, bytes);
  await prepareCluster(dir, task(), pathToFileURL(archive));
  expect(await readdir(dir)).toEqual(['cluster']);
});

test('a database that was unpacked is as one that is made where there is no archive', async () => {
  const [unpacked, made] = [join(folder, 'unpacked'), join(folder, 'made')];
  await prepareCluster(unpacked, task());
  await prepareCluster(made, task(), pathToFileURL(join(folder, 'no-archive')));
  const isLog = (path: string): boolean => /pg_wal.[0-9A-F]{24}$/.test(path); // Made again with any change.
  const files = async (dir: string): Promise<readonly string[]> =>
    (await readdir(dir, { recursive: true })).filter((path) => !isLog(path)).toSorted();
  expect(await files(unpacked)).toEqual(await files(made));
  const settings = await Promise.all([unpacked, made].map(settingsOf));
  expect(settings[0]).toEqual(settings[1]);
});

/** Everything that the server says of itself, but for what is of its own folder. */
async function settingsOf(dir: string): Promise<unknown> {
  await using database = await openDatabase({ kind: 'directory', dir });
  const settings = await sql`select name, setting from pg_settings order by name`.execute(database.db);
  const roles = await sql`select rolname, rolsuper from pg_roles order by rolname`.execute(database.db);
  const databases = await sql`select datname, encoding, datcollate from pg_database order by datname`.execute(
    database.db,
  );
  return [settings.rows, roles.rows, databases.rows];
}
