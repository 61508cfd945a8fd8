/**
 * A data folder on a disk that is full: what cannot be stored is refused in words that say so, what runs goes on, nothing
 * is torn or left over, and with space the same is stored. The disk is a file system of its own in a mount namespace of
 * its own, so that no other program is short of anything.
 */
import { ERRORS } from '@bulkhead/protocol';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { startHost, type ChildOptions } from '../support/child-host.ts';
import { openScratch } from '../support/scratch.ts';
import { fixtureFolder } from './matrix/hostile-folders.ts';

const isRoot = process.getuid?.() === 0;
const DISK_BYTES = 1024 * 1024;
const DISK_FILES = 200;

const PING = { plugin: 'good-neighbour', tool: 'ping' };
const GOOD = { ending: { kind: 'ok', value: 'pong' }, state: 'INITIALIZED', errors: 0 };
const NO_STORAGE = 'STORAGE_UNAVAILABLE';

/** Mounts the disk where the data folder is, and there has the shell do something with the host's command, `"$@"`. */
const onSmallDisk = (dataDir: string, program: string): ChildOptions => ({
  through: [
    'unshare',
    ...(isRoot ? ['--mount'] : ['--mount', '--user', '--map-root-user']),
    'sh',
    '-c',
    `mount -t tmpfs -o size=${DISK_BYTES},nr_inodes=${DISK_FILES} small "$0" && cd "$0" && ${program}`,
    dataDir,
  ],
});

/** Each ends with ENOSPC. */
const FILLINGS = [
  ['bytes', (folder: string) => writeFile(join(folder, 'bytes'), Buffer.alloc(DISK_BYTES))],
  ['files', (folder: string) => writeEmptyFiles(folder)],
] as const;

test.each(FILLINGS)(
  '[FAULTS-114] a plugin for which the disk has no %s left is refused as that, and installs when it has',
  async (_what, fill) => {
    await using scratch = await openScratch('full');
    const dataDir = join(scratch.path, 'data');
    await mkdir(dataDir);
    const request = { verb: 'serve', folders: [fixtureFolder('good-neighbour')], options: { dataDir } } as const;
    await using host = startHost(request, onSmallDisk(dataDir, 'exec "$@"'));
    await host.line();
    const disk = `/proc/${host.child.pid}/root${dataDir}`;
    const before = await filesBelow(disk);
    await mkdir(join(disk, 'fill'));
    await expect(fill(join(disk, 'fill'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await host.ask({ install: fixtureFolder('sleep') })).toEqual({ state: NO_STORAGE });
    expect(await host.ask(PING)).toEqual(GOOD);
    await rm(join(disk, 'fill'), { recursive: true });
    expect(await filesBelow(disk)).toEqual(before);
    expect(await host.ask({ install: fixtureFolder('sleep') })).toEqual({ state: 'INITIALIZED' });
    const slept = await host.ask({ plugin: 'sleep', tool: 'attack', params: { ms: 1 } });
    expect(slept).toEqual({ ...GOOD, ending: { kind: 'ok', value: 'slept' } });
    const artifacts = (await filesBelow(disk)).filter((path) => path.endsWith('.artifact'));
    expect(artifacts).toHaveLength(2);
    for (const path of artifacts) expect(await sha256(join(disk, path))).toBe(basename(path, '.artifact'));
  },
);

test('[FAULTS-114] a host whose data folder is full at its start says that, and leaves nothing there but its lock', async () => {
  await using scratch = await openScratch('full');
  const dataDir = join(scratch.path, 'data');
  await mkdir(dataDir);
  const full = onSmallDisk(dataDir, `! cat /dev/zero > fill && "$@" && printf '{"left":"%s"}\\n' "$(ls -Am)"`);
  await using host = startHost({ verb: 'serve', folders: [], options: { dataDir } }, full);
  expect(await host.line()).toEqual({ refused: 'DATA_UNUSABLE' });
  expect(await host.line()).toEqual({ left: 'fill, holder.sqlite' }); // The lock has no bytes; its file is never removed.
});

test('[FAULTS-114] storage that cannot be written is a 503 for whoever asks over HTTP', () => {
  expect(ERRORS[NO_STORAGE]).toMatchObject({ kind: 'unavailable', status: 503, retryable: true });
});

async function writeEmptyFiles(folder: string): Promise<void> {
  for (let n = 0; n < DISK_FILES; n += 1) await writeFile(join(folder, `${n}`), '');
}

/** Returns paths below the folder. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(folder.length + 1)).toSorted();
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
