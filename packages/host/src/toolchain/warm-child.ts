/**
 * Keeps one workshop process warm between jobs. A process that was retired is never given out again, even while its end
 * takes a moment; closing waits for all of them.
 *
 *   none --take--> out --keep--> warm --take--> out
 *     ^             |             |
 *     `-- retire ---+-- idle, or died by itself
 */
import { HostError } from '../base/host-error.ts';
import type { WorkshopChild } from './workshop-child.ts';

/** The keeper of one process. */
export type WarmChild = {
  /**
   * Gives out the warm process, or starts one. Only one is out at a time.
   *
   * @throws {HostError} `HOST_SPAWN_FAILED` where none can be started, `HOST_CLOSED` after close.
   */
  readonly take: () => Promise<WorkshopChild>;
  readonly keep: (child: WorkshopChild) => void;
  /** Ends a process; resolves when it is gone. */
  readonly retire: (child: WorkshopChild, reason: string) => Promise<unknown>;
  readonly pid: () => number | undefined;
  readonly isClosed: () => boolean;
  /** Ends whatever runs; resolves when all are gone. May be called again. */
  readonly close: () => Promise<void>;
};

/** Makes the keeper; `idleMs` is how long a process is kept without a job. */
export function createWarmChild(start: () => Promise<WorkshopChild>, idleMs: number): WarmChild {
  let child: WorkshopChild | undefined;
  let dying: Promise<unknown> = Promise.resolve();
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function take(): Promise<WorkshopChild> {
    clearTimeout(idle);
    const taken = child ?? (await startOrRefuse(start));
    child = taken;
    void taken.died.then(() => {
      if (child === taken) child = undefined;
    });
    taken.setBusy(true);
    if (!isClosed) return taken;
    await retire(taken, 'the host closes');
    throw new HostError('HOST_CLOSED');
  }

  function keep(kept: WorkshopChild): void {
    kept.setBusy(false);
    idle = setTimeout(() => void retire(kept, 'it was idle'), idleMs).unref();
  }

  function retire(gone: WorkshopChild, reason: string): Promise<unknown> {
    if (child === gone) child = undefined;
    gone.setBusy(true); // Its end is waited for, so it counts as long.
    gone.kill(reason);
    dying = Promise.all([dying, gone.died]);
    return gone.died;
  }

  async function close(): Promise<void> {
    isClosed = true;
    clearTimeout(idle);
    if (child !== undefined) void retire(child, 'the host closes');
    await dying;
  }

  return { take, keep, retire, pid: () => child?.pid, isClosed: () => isClosed, close };
}

async function startOrRefuse(start: () => Promise<WorkshopChild>): Promise<WorkshopChild> {
  try {
    return await start();
  } catch (cause) {
    throw new HostError('HOST_SPAWN_FAILED', {
      message: 'the process that reviews plugins could not be started',
      cause,
    });
  }
}
