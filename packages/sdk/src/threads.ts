/**
 * Work beside the calls (F004-3, X004-7): named, with a heartbeat, for as long as its instance lives.
 */

/**
 * What the work of a thread is given.
 *
 * @public
 */
export interface ThreadScope {
  /** Aborted when the thread is stopped, or its instance is about to end; the work has 5 s from there. */
  readonly signal: AbortSignal;
  /** Says that the thread is alive. Without a beat for 30 s the plugin's health is `warning`. */
  beat(): void;
  /** Waits, with a heartbeat meanwhile; resolves at once where the thread is to stop. */
  sleep(delayMs: number): Promise<void>;
}

/**
 * A thread that was started.
 *
 * @public
 */
export interface Thread {
  readonly name: string;
  /** Asks it to stop; resolves with whether it has ended, after 5 s at most. */
  stop(): Promise<boolean>;
  /** Resolves when it has ended, however; never rejects. */
  readonly done: Promise<void>;
}

/**
 * How a thread of this instance is. `dead`: it threw, and stays listed until one of its name starts again.
 *
 * @public
 */
export interface ThreadState {
  readonly name: string;
  readonly state: 'running' | 'waiting' | 'dead';
  readonly secondsSinceBeat: number;
}

/**
 * The threads of an instance, 16 at most. They are loops in the one event loop of the plugin's process: one that computes
 * without an `await` keeps calls and the others waiting.
 *
 * @public
 */
export interface Threads {
  /**
   * Starts work under a name that no other thread of the instance has. With `intervalMs`, 10 ms to a day, it is run again and again,
   * each run that long after the last one began, or at once where that took longer; never two at once. Work that throws ends its
   * thread, and makes the plugin's health `error`.
   *
   * Rejects with an Error that has `kind` and `code`: `PERMISSION_NOT_GRANTED` without the permission `threads`,
   * `SERVICE_ASK_INVALID` for a name that is taken or wrong and in an instance that serves one call or every tenant,
   * `SERVICE_QUOTA_EXCEEDED` for the seventeenth.
   */
  start(
    name: string,
    work: (scope: ThreadScope) => unknown,
    options?: { readonly intervalMs?: number },
  ): Promise<Thread>;
  /** Those that run, and those that died. */
  list(): readonly ThreadState[];
}

/**
 * What the instance uses of what it may (F004-28); `ok` says that both are below their bounds.
 *
 * @public
 */
export interface Resources {
  /** The heap and what lies beside it, such as buffers; the host's watch sees the whole process. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  readonly threadsMax: number;
  readonly ok: boolean;
}
