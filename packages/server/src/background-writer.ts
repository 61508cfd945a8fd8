/**
 * Writes texts to a file descriptor in the background, one write at a time, so that their order holds and nobody waits for a pipe. pino's own
 * destination throws in the process where a disk is full, and then tries for ever to write the rest when the process ends: a server's log
 * may be lost, and must not take the server along.
 */
import { write, writeSync } from 'node:fs';

/** Takes texts while it can; what it cannot write is lost, and counted. */
export type BackgroundWriter = {
  readonly write: (text: string) => void;
  /** Writes what waits, now, as far as it can. What is on its way meanwhile may come after it. */
  readonly flushSync: () => void;
  /** Resolves once all that was given is written or lost, and after 2 s where nobody reads. */
  readonly flushed: () => Promise<void>;
  /** Texts that were lost since this was asked last. */
  readonly takeLost: () => number;
};

/** A reader that is so far behind is not read to: what comes is lost until it has caught up. */
const WAITING_BYTES_MAX = 16 * 1_048_576;
const FULL_PIPE_MS = 100;
const FULL_PIPE_TRIES = 10;
const FLUSHED_MS_MAX = 2_000;

/** Makes a writer; it holds the process open only while the system is writing. */
export function createBackgroundWriter(fd: number): BackgroundWriter {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let isBusy = false;
  let lost = 0;
  const whenIdle: (() => void)[] = [];

  const next = (): void => {
    const all = Buffer.concat(waiting);
    [waiting, waitingBytes] = [[], 0];
    isBusy = all.length > 0;
    if (isBusy) return send(all);
    for (const resolve of whenIdle.splice(0)) resolve();
  };
  const send = (rest: Buffer): void => {
    write(fd, rest, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(() => send(rest), FULL_PIPE_MS).unref();
      if (error !== null) lost += 1;
      else if (written < rest.length) return send(rest.subarray(written));
      next();
    });
  };

  return {
    write: (text) => {
      const bytes = Buffer.from(text);
      if (waitingBytes + bytes.length > WAITING_BYTES_MAX) return void (lost += 1);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (isBusy) return;
      isBusy = true;
      process.nextTick(next); // So that what is flushed at once does not set out first.
    },
    flushSync: () => {
      const all = Buffer.concat(waiting);
      [waiting, waitingBytes] = [[], 0];
      if (!writeWhole(fd, all)) lost += 1;
    },
    flushed: () => {
      if (!isBusy) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, FLUSHED_MS_MAX);
      whenIdle.push(resolve);
      return promise.finally(() => clearTimeout(timer));
    },
    takeLost: () => {
      const count = lost;
      lost = 0;
      return count;
    },
  };
}

/** Tells whether all of it was written. */
function writeWhole(fd: number, bytes: Buffer): boolean {
  let at = 0;
  for (let tries = 0; at < bytes.length && tries < FULL_PIPE_TRIES;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') return false;
      tries += 1;
      Atomics.wait(SLEEPER, 0, 0, FULL_PIPE_MS);
    }
  }
  return at === bytes.length;
}

const SLEEPER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
