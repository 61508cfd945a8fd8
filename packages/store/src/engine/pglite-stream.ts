/**
 * A connection to PGlite in the shape of a socket, so that pg runs on it unchanged: types, errors, transactions and
 * notifications are then those of PostgreSQL, for it is the same driver that reads the same bytes. The connection is its
 * thread: it begins and ends with it, so that no half transaction of one is met by the next.
 *
 *   new ──connect──▶ waiting ──the last thread is gone──▶ starting ──ready──▶ open ──Terminate──▶ ending ──▶ closed
 *                       └──────────destroy──────────────────┴───────────────────┴── thread's death ──┴──────▶ closed
 */
import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { createRequestCutter } from './wire-requests.ts';

/** What a thread is started for. */
export type PgliteTask = {
  readonly verb: 'bootstrap' | 'serve';
  /** Folder of the database's files; undefined keeps it in memory. */
  readonly dir: string | undefined;
  /** Whether a commit waits until the disk has it. */
  readonly isSynced: boolean;
  /** Counts the waits, in its only element. Shared with the thread. */
  readonly fsyncs: Int32Array;
};

/** `new URL` of a module is not rewritten by the build: from source it is TypeScript. */
const THREAD_FILE = new URL(`./pglite-thread${import.meta.filename.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** Starts a thread. It has no environment and no options of this process: it needs neither secrets nor loaders. */
export function startThread(task: PgliteTask): Worker {
  return new Worker(THREAD_FILE, { name: 'pglite', workerData: task, env: {}, execArgv: [] });
}

/** One connection. Emits `connect` when it is open, and `close` when its thread is gone and its files are nobody's. */
export class PgliteStream extends Duplex {
  readonly #task: PgliteTask;
  readonly #lastGone: Promise<unknown>;
  readonly #cut = createRequestCutter();
  #worker: Worker | undefined;

  /**
   * @param lastGone - Resolves when the thread before this one is gone: two at once would destroy the files. Where it
   *   rejects, so does connecting.
   */
  constructor(task: PgliteTask, lastGone: Promise<unknown>) {
    super();
    this.#task = task;
    this.#lastGone = lastGone;
  }

  /** Starts the thread. */
  connect(): this {
    this.#start().catch((error: unknown) => this.destroy(error instanceof Error ? error : undefined));
    return this;
  }

  /** Does nothing; pg calls it on every socket. */
  setNoDelay(): this {
    return this;
  }

  /** Keeps the process alive while the thread lives, as a socket does. */
  ref(): this {
    this.#worker?.ref();
    return this;
  }

  /** Lets the process end while the thread lives. */
  unref(): this {
    this.#worker?.unref();
    return this;
  }

  override _read(): void {
    // Answers are pushed as they come: each belongs to a query that somebody waits for.
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#send(bytes);
    done();
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: () => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#worker === undefined) return done(error);
    this.#worker.once('exit', () => done(error));
    void this.#worker.terminate();
  }

  #send(bytes: Uint8Array): void {
    for (const request of this.#cut(bytes)) this.#worker?.postMessage(request, [request.buffer]);
  }

  async #start(): Promise<void> {
    await this.#lastGone;
    if (this.destroyed) return;
    this.#worker = startThread(this.#task)
      .on('message', (message: 'ready' | Uint8Array<ArrayBuffer>) => {
        if (message === 'ready') this.emit('connect');
        else this.push(Buffer.from(message.buffer));
      })
      .on('error', (error) => this.destroy(connectionLost(error)))
      .on('exit', () => {
        this.#worker = undefined;
        this.destroy(this.writableEnded ? undefined : connectionLost(undefined));
      });
  }
}

/** The code that a socket would have, so that the thread's death is read as the loss of a server. */
function connectionLost(cause: unknown): Error {
  return Object.assign(new Error('the thread of the database ended', { cause }), { code: 'ECONNRESET' });
}
