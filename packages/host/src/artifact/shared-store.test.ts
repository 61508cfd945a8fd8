import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBundle } from '../bundle/bundle.fixture.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/port.ts';
import { createArtifactStore } from './disk-store.ts';
import { shareArtifacts } from './shared-store.ts';
import { createMemoryArtifactStore, type ArtifactStore } from './store.ts';

let dir: string;
let storage: Storage;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-artifacts-'));
  storage = createMemoryStorage();
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const wallTime = (): number => 1_000;
const openNode = (local: ArtifactStore): ArtifactStore => shareArtifacts(local, { storage, wallTime });
const openOnDisk = async (): Promise<ArtifactStore> => openNode(await createArtifactStore(dir));

async function corruptFiles(ending: string): Promise<void> {
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }))
    if (entry.name.endsWith(ending)) await writeFile(join(entry.parentPath, entry.name), 'damaged');
}

test('what one node put another gets, with its source map, and from then on has itself', async () => {
  const bundle = await makeBundle('export default 1;', {}, '{"version":3}');
  const { digest } = await openNode(createMemoryArtifactStore(wallTime)).put(bundle);
  const found = await (await openOnDisk()).get(digest);
  expect(Buffer.from(found?.module ?? []).toString()).toBe('export default 1;');
  expect(Buffer.from(found?.sourceMap ?? []).toString()).toBe('{"version":3}');
  await storage.close();
  expect(await (await openOnDisk()).get(digest)).toMatchObject({ digest });
});

test('what nobody put is undefined', async () => {
  const { digest } = await createMemoryArtifactStore(wallTime).put(await makeBundle('export default 2;'));
  expect(await (await openOnDisk()).get(digest)).toBeUndefined();
});

test('an own copy that was damaged is replaced by the shared one; without one it is ARTIFACT_CORRUPT', async () => {
  const store = await openOnDisk();
  const { digest } = await store.put(await makeBundle('export default 3;'));
  await corruptFiles('.artifact');
  expect(await store.get(digest)).toMatchObject({ digest });
  await storage.sweepArtifacts('2030-01-01T00:00:00.000Z');
  expect(await store.get(digest)).toMatchObject({ digest }); // It was mended.
  await corruptFiles('.artifact');
  await expect(store.get(digest)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
});

test('shared bytes of another digest are refused', async () => {
  const store = await openOnDisk();
  const { digest } = await createMemoryArtifactStore(wallTime).put(await makeBundle('export default 4;'));
  await storage.putArtifact({ digest, bytes: Buffer.from('forged'), source_map: null }, '2026-01-01T00:00:00.000Z');
  await expect(store.get(digest)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
});

test('what cannot be shared is not put', async () => {
  await storage.close();
  const bundle = await makeBundle('export default 5;');
  await expect((await openOnDisk()).put(bundle)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});
