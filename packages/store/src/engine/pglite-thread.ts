/**
 * The thread that owns a PGlite database: requests of the PostgreSQL protocol in, answers out, one at a time. It runs on its
 * own, so that no query holds up the main thread, and imports nothing of ours, so that Node starts it from source and from
 * the build alike. Whatever it throws ends it, and main learns of that.
 */
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { PgliteTask } from './pglite-stream.ts';

/** First byte of a Terminate message. */
const TERMINATE = 0x58;

/** PostgreSQL is compiled for one process of one user: no workers, no buffers for many, and 1 MB instead of 16 of log at once. */
const SETTINGS = [
  'search_path=public',
  'exit_on_error=false',
  'log_checkpoints=false',
  'max_worker_processes=0',
  'max_parallel_workers=0',
  'max_parallel_workers_per_gather=0',
  'max_parallel_maintenance_workers=0',
  'io_method=sync',
  'shared_buffers=16MB',
  'max_wal_size=16MB',
  'min_wal_size=2MB',
  'jit=off',
  'timezone=UTC',
  'datestyle=ISO,MDY',
];

/** `fdatasync`, the default on Linux, would pass by the hook of {@link SyncedNodeFS}. */
const SYNC_SETTINGS = ['fsync=on', 'wal_sync_method=fsync'];

/** What Emscripten gives of its file system on Node, as far as it is used here. */
type NodeFileSystem = {
  readonly stream_ops: { fsync?: (stream: { readonly nfd?: number; readonly node: unknown }) => number };
  readonly realPath: (node: unknown) => string;
};

/** PGlite's own file system has no fsync: with it alone, `fsync=on` would silently do nothing (0.5.16). */
class SyncedNodeFS extends NodeFS {
  readonly #fsyncs: Int32Array;

  constructor(dir: string, fsyncs: Int32Array) {
    super(dir);
    this.#fsyncs = fsyncs;
  }

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args);
    const addFsync = (module: object): void => {
      const files = (module as { readonly NODEFS: NodeFileSystem }).NODEFS; // Emscripten's module; its type leaves this out.
      files.stream_ops.fsync = ({ nfd, node }) => {
        Atomics.add(this.#fsyncs, 0, 1);
        if (nfd === undefined) syncPath(files.realPath(node));
        else fsyncSync(nfd);
        return 0;
      };
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), addFsync] } };
  }
}

function open({ dir, isSynced, fsyncs }: PgliteTask): Promise<PGlite> {
  const settings = [...SETTINGS, ...(isSynced ? SYNC_SETTINGS : ['fsync=off'])];
  const options = {
    startParams: ['--single', '-O', '-j', ...settings.flatMap((setting) => ['-c', setting])],
    initDbStartParams: ['--encoding=UTF8', '--locale=C', '--auth=trust', '--wal-segsize=1'],
  };
  if (dir === undefined) return PGlite.create(options);
  return PGlite.create({ ...options, fs: isSynced ? new SyncedNodeFS(dir, fsyncs) : new NodeFS(dir) });
}

/** Makes the files of a new database and ends. They last before the caller gives them their name. */
async function bootstrap(task: PgliteTask, dir: string): Promise<void> {
  const pg = await open(task);
  await pg.close();
  if (task.isSynced) syncTree(dir);
}

async function serve(task: PgliteTask, port: NonNullable<typeof parentPort>): Promise<void> {
  const pg = await open(task);
  port.on('message', (request: Uint8Array) => {
    if (request[0] === TERMINATE) void end(pg, port);
    else void answer(pg, request).then((bytes) => port.postMessage(bytes, [bytes.buffer]));
  });
  port.postMessage('ready');
}

/** PGlite runs the request before this returns, so requests keep their order; answers are of their own buffer, not of WebAssembly's. */
async function answer(pg: PGlite, request: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  await pg.execProtocolRawStream(request, { syncToFs: false, onRawData: (data) => parts.push(Buffer.from(data)) });
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function end(pg: PGlite, port: NonNullable<typeof parentPort>): Promise<void> {
  await pg.close();
  port.close();
}

function syncTree(dir: string): void {
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    syncPath(join(entry.parentPath, entry.name));
  }
  syncPath(dir);
  syncPath(dirname(dir));
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

if (parentPort !== null) {
  const task = workerData as PgliteTask; // Main's own.
  if (task.verb === 'bootstrap' && task.dir !== undefined) await bootstrap(task, task.dir);
  else await serve(task, parentPort);
}
