/**
 * A process of its own that ends a host's guests when the host is gone. What a guest does by itself (death signal, lifeline,
 * the channel's end) leaves a gap: bubblewrap's first process waits for its parent before it has asked to die with it, for ever
 * where that was killed meanwhile; and as the init of a pid namespace it heeds no signal but a kill from outside. Knows the
 * guests by the host's generation token; without perl there is none.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Log } from '../../base/log.ts';
import { ownFile } from '../../base/own-files.ts';
import type { Tool } from './toolset.ts';

/** Which guests it ends, and what it needs. */
export type WatchmanOptions = {
  readonly perl: Tool;
  /** Generation token of the host: 32 hexadecimal digits. */
  readonly token: string;
  /** Told where it ends before its time. */
  readonly log: Pick<Log, 'warn'>;
};

/** The process, which lives as long as the host. Close it when every guest is gone; idempotent. */
export type Watchman = { readonly close: () => Promise<void> };

/** Starts it. Never rejects: where it cannot be started the guests' own means remain. */
export function openWatchman({ perl, token, log }: WatchmanOptions): Watchman {
  if (!perl.found) return { close: () => Promise.resolve() };
  const script = ownFile('watchman.pl');
  // In a session of its own, so that what ends the host by its group does not end it, too.
  const child = spawn(perl.path, ['-w', script], {
    ...{ cwd: '/', env: {}, detached: true },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = Promise.withResolvers<void>();
  let isClosing = false;
  const didEnd = (why: unknown): void => {
    if (!isClosing) log.warn({ why: String(why) }, 'the process that ends guests with their host is not there');
    ended.resolve();
  };
  child.once('error', didEnd);
  child.once('exit', (code, signal) => didEnd(signal ?? `exit code ${code}`));
  // Spawned with 'pipe' there, which is a socket; a kernel without room gives none, and the error comes a tick later.
  const lifeline = child.stdin as Socket | undefined;
  lifeline?.on('error', () => undefined); // The end of the process says the rest.
  lifeline?.write(`${token}\n`);
  // Neither keeps the host running.
  lifeline?.unref();
  child.unref();
  return {
    close: async () => {
      isClosing = true;
      child.ref();
      child.kill('SIGKILL');
      await ended.promise;
    },
  };
}
