/**
 * The files of a new embedded database, made once by the build: a first start unpacks them, which takes a tenth of the time
 * and memory of making them. The archive is one line of JSON, its {@link ClusterIndex}, and then the bytes of the files one
 * after another, compressed with zstd. Imports nothing of ours, so that the build needs no build.
 */
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';

/** What stands before the bytes; names are paths below the cluster, with `/` between. */
export type ClusterIndex = {
  /** What it was made of, so that the build knows whether to make it again. */
  readonly key: string;
  readonly folders: readonly string[];
  /** Each with its size in bytes. */
  readonly files: readonly (readonly [path: string, bytes: number])[];
};

/** The window holds all of it, for its three databases are alike: then 30 MB become 1.3 MB. */
const COMPRESSION = {
  [constants.ZSTD_c_compressionLevel]: 9,
  [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  [constants.ZSTD_c_windowLog]: 25,
};

/** How many files are written at a time: as many as Node has threads for them. */
const WRITERS = 4;

const NEWLINE = 0x0a;

/** Packs the files of a cluster that nobody has open. */
export async function packCluster(cluster: string, key: string): Promise<Buffer> {
  const entries = await readdir(cluster, { recursive: true, withFileTypes: true });
  const pathsOf = (isWanted: (entry: (typeof entries)[number]) => boolean): readonly string[] =>
    entries
      .filter(isWanted)
      .map(({ parentPath, name }) => relative(cluster, join(parentPath, name)))
      .toSorted();
  const paths = pathsOf((entry) => entry.isFile());
  const contents = await Promise.all(paths.map((path) => readFile(join(cluster, path))));
  const files = paths.map((path, at) => [path, contents[at]?.length ?? 0] as const);
  const index: ClusterIndex = { key, folders: pathsOf((entry) => entry.isDirectory()), files };
  const bytes = await promisify(zstdCompress)(Buffer.concat(contents), { params: COMPRESSION });
  return Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), bytes]);
}

/** Reads what an archive holds. */
export function readClusterIndex(archive: Buffer): ClusterIndex {
  return JSON.parse(archive.toString('utf8', 0, archive.indexOf(NEWLINE))) as ClusterIndex; // The build's own file.
}

/**
 * Writes the files of an archive into an empty folder, for their owner alone.
 *
 * @param isSynced - Whether it waits until the disk has them.
 */
export async function unpackCluster(archive: Buffer, cluster: string, isSynced: boolean): Promise<void> {
  const { folders, files } = readClusterIndex(archive);
  const bytes = await promisify(zstdDecompress)(archive.subarray(archive.indexOf(NEWLINE) + 1));
  for (const folder of folders) await mkdir(join(cluster, folder), { mode: 0o700 }); // Sorted: parents come first.
  let end = 0;
  const pieces = files.map(([path, size]) => {
    end += size;
    return { path: join(cluster, path), content: bytes.subarray(end - size, end) };
  });
  const left = pieces.values();
  const writeRest = async (): Promise<void> => {
    for (const { path, content } of left) await writePrivate(path, content, isSynced);
  };
  await Promise.all(Array.from({ length: WRITERS }, writeRest));
  if (!isSynced) return;
  for (const folder of [...folders.map((name) => join(cluster, name)), cluster, dirname(cluster)]) await sync(folder);
}

async function writePrivate(path: string, content: Buffer, isSynced: boolean): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(content);
  if (isSynced) await file.sync();
}

async function sync(folder: string): Promise<void> {
  await using file = await open(folder);
  await file.sync();
}
