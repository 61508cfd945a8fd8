/**
 * The artifact store on disk. One folder per format and first two digits:
 *
 *   <dir>/v1/ab/ab12….artifact   bytes whose SHA-256 is the name
 *   <dir>/v1/ab/ab12….map        source map, where there is one
 *   <dir>/v1/temp/<random>       being written
 *
 * A1: a file under its final name is whole: it was written aside, forced to disk, read back and compared, and moved.
 * A2: where the artifact is, its map is: the map is moved first.
 * A3: an interruption between any two steps leaves nothing, or what a sweep removes.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDigest, type Digest } from '@bulkhead/protocol';
import { HostError, systemCodeOf } from '../base/host-error.ts';
import {
  ARTIFACT_FORMAT,
  decodeArtifact,
  digestOf,
  encodeArtifact,
  type Storable,
  type StoredArtifact,
} from './artifact.ts';
import type { ArtifactStore, EncodedArtifact, SweepRequest } from './store.ts';

/** The points between two steps of a put, in order; a chaos test interrupts at each. */
export const PUT_STEPS = [
  'begun',
  'map_written',
  'map_moved',
  'artifact_written',
  'artifact_verified',
  'artifact_moved',
] as const;
/** One of those points. */
export type PutStep = (typeof PUT_STEPS)[number];

/** How a store on disk differs from the ordinary; for tests alone. */
export type DiskStoreOptions = {
  /** Called at each point; what it throws interrupts the put there. */
  readonly onStep?: (step: PutStep) => void | Promise<void>;
};

/** Opens a store below `dir`, which is made where it does not exist. */
export async function createArtifactStore(dir: string, options: DiskStoreOptions = {}): Promise<ArtifactStore> {
  const root = join(dir, `v${ARTIFACT_FORMAT}`);
  const place: Place = { root, temp: join(root, 'temp'), onStep: options.onStep ?? (() => undefined) };
  await translated(() => mkdir(place.temp, { recursive: true, mode: 0o700 }));
  return {
    put: (bundle) => translated(() => put(place, bundle)),
    keep: (artifact) => translated(() => keep(place, artifact)),
    get: (digest) => translated(() => get(place, digest)),
    has: (digest) => translated(() => isThere(pathOf(place, digest, 'artifact'))),
    sweep: (request) => translated(() => sweep(place, request)),
  };
}

type Place = { readonly root: string; readonly temp: string; readonly onStep: (step: PutStep) => void | Promise<void> };

function put(place: Place, bundle: Storable): Promise<StoredArtifact> {
  const bytes = encodeArtifact(bundle);
  return keep(place, { digest: digestOf(bytes), bytes, sourceMap: bundle.sourceMap });
}

async function keep(place: Place, { digest, bytes, sourceMap }: EncodedArtifact): Promise<StoredArtifact> {
  const artifact = decodeArtifact(bytes, digest, sourceMap);
  await place.onStep('begun');
  const folder = folderOf(place, digest);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (await isWhole(place, digest)) {
    await utimes(pathOf(place, digest, 'artifact'), new Date(), new Date()); // A sweep counts its age anew.
    return artifact;
  }
  if (sourceMap !== undefined) await moveMap(place, digest, sourceMap);
  await moveArtifact(place, digest, bytes);
  await syncFolder(folder);
  return artifact;
}

/** An artifact that is there but damaged is written anew. */
async function isWhole(place: Place, digest: Digest): Promise<boolean> {
  const bytes = await readIfThere(pathOf(place, digest, 'artifact'));
  return bytes !== undefined && digestOf(bytes) === digest;
}

async function moveMap(place: Place, digest: Digest, sourceMap: Uint8Array): Promise<void> {
  const temp = await writeTemp(place, sourceMap);
  await place.onStep('map_written');
  await rename(temp, pathOf(place, digest, 'map'));
  await place.onStep('map_moved');
}

async function moveArtifact(place: Place, digest: Digest, bytes: Uint8Array): Promise<void> {
  const temp = await writeTemp(place, bytes);
  await place.onStep('artifact_written');
  if (digestOf(await readFile(temp)) !== digest) {
    throw new HostError('ARTIFACT_CORRUPT', {
      message: `artifact ${digest} was not written as it is; the disk may be failing`,
    });
  }
  await place.onStep('artifact_verified');
  await rename(temp, pathOf(place, digest, 'artifact'));
  await place.onStep('artifact_moved');
}

async function writeTemp(place: Place, bytes: Uint8Array): Promise<string> {
  const path = join(place.temp, randomUUID());
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true }); // A full disk must not stay full of what failed.
    throw error;
  } finally {
    await file.close();
  }
  return path;
}

/** Makes a rename durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function get(place: Place, digest: Digest): Promise<StoredArtifact | undefined> {
  const bytes = await readIfThere(pathOf(place, digest, 'artifact'));
  if (bytes === undefined) return undefined;
  return decodeArtifact(bytes, digest, await readIfThere(pathOf(place, digest, 'map')));
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (systemCodeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function sweep(place: Place, request: SweepRequest): Promise<readonly Digest[]> {
  for (const name of await readdir(place.temp)) await removeIfStale(join(place.temp, name), request);
  const removed = new Set<Digest>();
  const folders = (await readdir(place.root)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  for (const folder of folders) {
    for (const name of await readdir(join(place.root, folder))) {
      const digest = parseDigest(name.replace(/\.(?:artifact|map)$/, ''));
      if (digest === undefined || request.referenced.has(digest)) continue;
      const isRemoved = await removeIfStale(join(place.root, folder, name), request);
      if (isRemoved && name.endsWith('.artifact')) removed.add(digest);
    }
  }
  return [...removed];
}

async function removeIfStale(path: string, { before }: SweepRequest): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // Another sweep was faster.
  if (found === undefined || found.mtimeMs >= before) return false;
  await rm(path, { force: true });
  return true;
}

function folderOf(place: Place, digest: Digest): string {
  return join(place.root, digest.slice(0, 2));
}

function pathOf(place: Place, digest: Digest, kind: 'artifact' | 'map'): string {
  return join(folderOf(place, digest), `${digest}.${kind}`);
}

const DISK_CODES: readonly string[] = [
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'EIO',
  'EMFILE',
  'ENFILE',
];

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === undefined || !DISK_CODES.includes(code)) throw cause;
    const message = `the artifact store cannot be written or read (${code})`;
    throw new HostError('STORAGE_UNAVAILABLE', {
      message,
      hint: 'Look at the data directory: its space, its rights, its disk.',
      cause,
    });
  }
}
