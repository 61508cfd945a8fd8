/**
 * `context.threads` (X004-7): named work beside the calls, in the guest's one event loop. The host says whether a thread may
 * start and hears its beats; that none runs on after the instance is the end of the process.
 *
 *   start --asked--> running <--> waiting        a thread that waits, asleep or between two runs, is beaten for
 *                      |  `--threw--> dead       stays listed until one of its name starts again
 *                      `--returned, stopped--> gone
 */
import { LIMITS, type JsonObject } from '@bulkhead/protocol';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { PluginLogger } from './logger.ts';
import type { Ask } from './services.ts';
import { describeThrown } from './thrown.ts';

/** What the work of a thread is given. */
export type ThreadScope = {
  readonly signal: AbortSignal;
  readonly beat: () => void;
  /** Resolves after the time, and at once where the thread is to stop. */
  readonly sleep: (delayMs: number) => Promise<void>;
};

/** A thread in its author's hands; `done` never rejects. */
export type ThreadHandle = {
  readonly name: string;
  /** Resolves with whether it has ended within 5 s. */
  readonly stop: () => Promise<boolean>;
  readonly done: Promise<void>;
};

/** How a thread is, as its own instance knows it. */
export type ThreadState = {
  readonly name: string;
  readonly state: 'running' | 'waiting' | 'dead';
  readonly secondsSinceBeat: number;
};

/** The threads of one instance. */
export type PluginThreads = {
  readonly start: (
    name: string,
    work: (scope: ThreadScope) => unknown,
    options?: { readonly intervalMs?: number },
  ) => Promise<ThreadHandle>;
  readonly list: () => readonly ThreadState[];
};

type Thread = {
  readonly name: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  state: ThreadState['state'];
  beatAt: number;
  toldAt: number;
};

/** The host is told no more often than this; it looks every 10 s. */
const TELL_EVERY_MS = 1_000;
/** How often one that waits is beaten for, and what the host was too busy to hear is told again. */
const PULSE_MS = 5_000;

// Taken before any plugin code can replace them.
const now = performance.now.bind(performance);
const {
  setTimeout: startTimer,
  clearTimeout: stopTimer,
  setInterval: startPulse,
  clearInterval: stopPulse,
} = globalThis;
const Controller = AbortController;

/** The threads of a guest, and what its runtime does with them. */
export class GuestThreads implements PluginThreads {
  readonly #ask: Ask;
  readonly #logger: Pick<PluginLogger, 'error'>;
  readonly #threads = new Map<string, Thread>();
  readonly #alive = new Set<Thread>();
  /** Made while no call runs, so that no thread is taken for a part of one. */
  readonly #outsideOfCalls = AsyncLocalStorage.snapshot();
  #pulse: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(ask: Ask, logger: Pick<PluginLogger, 'error'>) {
    this.#ask = ask;
    this.#logger = logger;
  }

  /** What the plugin is given of it. */
  forPlugin(): PluginThreads {
    return { start: this.start.bind(this), list: this.list.bind(this) };
  }

  async start(...[name, work, { intervalMs } = {}]: Parameters<PluginThreads['start']>): Promise<ThreadHandle> {
    if (typeof work !== 'function') throw new TypeError('the work of a thread is a function');
    if (this.#isClosing) throw new Error('the thread cannot start: its instance is about to end');
    await this.#ask('threads', 'start', { name, ...(intervalMs !== undefined && { interval_ms: intervalMs }) });
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const at = now();
    const thread: Thread = { name, abort: new Controller(), done, state: 'running', beatAt: at, toldAt: at };
    this.#add(thread);
    if (this.#isClosing) thread.abort.abort();
    // Whoever starts it goes on first: a thread that computes does not keep its own handle back.
    this.#outsideOfCalls(() => startTimer(() => void this.#run(thread, work, intervalMs).then(resolve), 0));
    return { name, done, stop: () => stop(thread, LIMITS.thread_stop_ms.value) };
  }

  list(): readonly ThreadState[] {
    return [...this.#threads.values()].map(stateOf);
  }

  aliveCount(): number {
    return this.#alive.size;
  }

  /** Asks all to stop; resolves when they have, or the time is over. */
  async stopAll(leftMs: number): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#alive].map((thread) => stop(thread, leftMs)));
  }

  async #run(thread: Thread, work: (scope: ThreadScope) => unknown, intervalMs?: number): Promise<void> {
    const { signal } = thread.abort;
    const scope = {
      signal,
      beat: () => this.#beat(thread),
      sleep: (delayMs: number) => this.#wait(thread, delayMs),
    };
    try {
      do {
        const startedAt = now();
        await work(scope);
        if (intervalMs === undefined) break;
        await this.#wait(thread, startedAt + intervalMs - now());
      } while (!signal.aborted);
      this.#end(thread);
    } catch (error) {
      // One that threw because it was stopped has ended as it was asked to.
      if (signal.aborted) this.#end(thread);
      else this.#bury(thread, error);
    }
  }

  #beat(thread: Thread): void {
    if (!this.#alive.has(thread)) return;
    thread.beatAt = now();
    if (thread.beatAt - thread.toldAt < TELL_EVERY_MS) return;
    thread.toldAt = thread.beatAt;
    this.#tell('beat', { name: thread.name });
  }

  async #wait(thread: Thread, delayMs: number): Promise<void> {
    this.#beat(thread);
    thread.state = 'waiting';
    await sleepFor(delayMs, thread.abort.signal);
    thread.state = 'running';
    this.#beat(thread);
  }

  #add(thread: Thread): void {
    this.#threads.set(thread.name, thread);
    this.#alive.add(thread);
    this.#pulse ??= startPulse(() => {
      for (const each of this.#alive) if (each.state === 'waiting') this.#beat(each);
    }, PULSE_MS).unref();
  }

  #end(thread: Thread): void {
    this.#leave(thread);
    this.#threads.delete(thread.name);
    this.#tell('end', { name: thread.name });
  }

  #bury(thread: Thread, error: unknown): void {
    this.#leave(thread);
    thread.state = 'dead';
    const { name } = thread;
    const { message } = describeThrown(error, 'PLUGIN_THREW').error;
    this.#logger.error(`thread "${name}" ended: ${message}`, { thread: name });
    this.#tell('end', { name, has_failed: true });
  }

  #leave(thread: Thread): void {
    this.#alive.delete(thread);
    if (this.#alive.size > 0) return;
    stopPulse(this.#pulse);
    this.#pulse = undefined;
  }

  /** Not heard where the host is overloaded: a beat comes again by itself, an end is told again. */
  #tell(method: 'beat' | 'end', args: JsonObject): void {
    this.#ask('threads', method, args).catch(() => {
      if (method === 'end') startTimer(() => this.#tell(method, args), PULSE_MS).unref();
    });
  }
}

async function stop({ abort, done }: Thread, leftMs: number): Promise<boolean> {
  abort.abort();
  const late = Promise.withResolvers<boolean>();
  const timer = startTimer(late.resolve, leftMs, false);
  const hasEnded = await Promise.race([done.then(() => true), late.promise]);
  stopTimer(timer);
  return hasEnded;
}

function sleepFor(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      stopTimer(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = startTimer(finish, Math.min(delayMs, LIMITS.thread_interval_ms.value));
    signal.addEventListener('abort', finish);
  });
}

function stateOf({ name, state, beatAt }: Thread): ThreadState {
  return { name, state, secondsSinceBeat: Math.round(now() - beatAt) / 1_000 };
}
