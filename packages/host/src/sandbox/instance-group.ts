/**
 * The instances of one release for one scope: gives a call to an instance with room, starts another while it may, else
 * lets the call wait in a bounded queue.
 *
 *   call -> room in a running instance? -> run
 *             `-> fewer than `instances` alive or starting? -> start one, wait
 *                    `-> room in the queue? -> wait        `-> else HOST_OVERLOADED
 *
 * S1: at most `concurrency` calls are in one instance.
 * S2: a waiting call is answered by its deadline, whatever becomes of instances.
 * S3: a retired group starts nothing and takes nothing; what is in flight ends, then its instances are closed; what
 *     waits is handed back.
 */
import { callError, type CallError } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { Sandbox, SandboxCall, SandboxDeath, SandboxOpening, SandboxReply } from './sandbox.ts';

export type InstanceGroupOptions = {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly instances: number;
  readonly queueLengthMax: number;
  readonly idleTimeoutMs: number;
  /** Scope `call`: an instance serves one call and is closed. */
  readonly isSingleUse: boolean;
  readonly open: () => Promise<SandboxOpening>;
  readonly onDeath: (sandbox: Sandbox, death: SandboxDeath) => void;
};

/**
 * A reply with where it came from (the sandbox is undefined where none was reached); or word that the group was retired
 * before the call began, so that the caller resolves the release again.
 */
export type GroupReply =
  | { readonly kind: 'replied'; readonly reply: SandboxReply; readonly sandbox: Sandbox | undefined; readonly queueMs: number }
  | { readonly kind: 'retired' };

type Instance = { readonly sandbox: Sandbox; inFlight: number; idleTimer: NodeJS.Timeout | undefined; isUsed: boolean };
type Waiter = {
  readonly call: SandboxCall;
  readonly queuedAt: number;
  readonly resolve: (reply: GroupReply) => void;
  timer: NodeJS.Timeout | undefined;
  onAbort: (() => void) | undefined;
};

export class InstanceGroup {
  readonly #options: InstanceGroupOptions;
  readonly #instances = new Set<Instance>();
  readonly #waiters: Waiter[] = [];
  #starting = 0;
  #isRetired = false;
  #didDrain = Promise.withResolvers<void>();

  constructor(options: InstanceGroupOptions) {
    this.#options = options;
  }

  /** Runs a call on an instance; never rejects. */
  run(call: SandboxCall): Promise<GroupReply> {
    const instance = this.#roomy();
    if (instance !== undefined) return this.#runOn(instance, call, 0);
    if (this.#isRetired) return Promise.resolve({ kind: 'retired' });
    if (this.#waiters.length >= this.#options.queueLengthMax) {
      return Promise.resolve(unreached(overloaded(this.#options.queueLengthMax), 0));
    }
    return new Promise((resolve) => {
      this.#enqueue(call, resolve);
      this.#startMore();
    });
  }

  /** Instances that are alive, for the operator. */
  sandboxes(): readonly Sandbox[] {
    return [...this.#instances].map((instance) => instance.sandbox);
  }

  /** Takes no more calls, lets those in flight end, and closes the instances; resolves when all is gone (S3). */
  async retire(): Promise<void> {
    this.#isRetired = true;
    for (const waiter of this.#waiters.splice(0)) this.#answer(waiter, { kind: 'retired' });
    for (const instance of this.#instances) if (instance.inFlight === 0) void instance.sandbox.close();
    this.#checkDrained();
    await this.#didDrain.promise;
  }

  /** Ends everything now; calls in flight and waiting are answered with HOST_CLOSED. */
  async close(): Promise<void> {
    this.#isRetired = true;
    for (const waiter of this.#waiters.splice(0)) this.#answer(waiter, unreached(callError('HOST_CLOSED'), 0));
    await Promise.all([...this.#instances].map((instance) => instance.sandbox.close()));
    this.#checkDrained();
    await this.#didDrain.promise;
  }

  #roomy(): Instance | undefined {
    let best: Instance | undefined;
    for (const instance of this.#instances) {
      const hasRoom = instance.inFlight < this.#options.concurrency && this.#isTaking(instance);
      if (hasRoom && (best === undefined || instance.inFlight < best.inFlight)) best = instance;
    }
    return best;
  }

  #isTaking(instance: Instance): boolean {
    if (this.#options.isSingleUse && instance.isUsed) return false;
    return !this.#isRetired && instance.sandbox.isServing();
  }

  async #runOn(instance: Instance, call: SandboxCall, queueMs: number): Promise<GroupReply> {
    instance.inFlight += 1;
    instance.isUsed = true;
    clearTimeout(instance.idleTimer);
    const reply = await instance.sandbox.run(call);
    instance.inFlight -= 1;
    this.#afterCall(instance);
    return { kind: 'replied', reply, sandbox: instance.sandbox, queueMs };
  }

  #afterCall(instance: Instance): void {
    if (this.#waiters.length > 0) this.#serveWaiters();
    if (instance.inFlight > 0) return;
    if (this.#isRetired || this.#options.isSingleUse) return void instance.sandbox.close();
    instance.idleTimer = setTimeout(() => void instance.sandbox.close(), this.#options.idleTimeoutMs).unref();
  }

  #enqueue(call: SandboxCall, resolve: (reply: GroupReply) => void): void {
    const queuedAt = this.#options.clock.now();
    const waiter: Waiter = { call, queuedAt, resolve, timer: undefined, onAbort: undefined };
    const leave = (error: CallError): void => {
      const index = this.#waiters.indexOf(waiter);
      if (index < 0) return;
      this.#waiters.splice(index, 1);
      this.#answer(waiter, unreached(error, this.#options.clock.now() - queuedAt));
    };
    const leftMs = Math.max(0, call.deadline - queuedAt);
    waiter.timer = setTimeout(() => leave(timedOutWaiting(call.timeoutMs)), leftMs);
    waiter.onAbort = () => leave(callError('CALL_CANCELLED'));
    call.signal?.addEventListener('abort', waiter.onAbort, { once: true });
    this.#waiters.push(waiter);
  }

  #answer(waiter: Waiter, reply: GroupReply): void {
    this.#release(waiter);
    waiter.resolve(reply);
  }

  #release(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    if (waiter.onAbort !== undefined) waiter.call.signal?.removeEventListener('abort', waiter.onAbort);
  }

  #serveWaiters(): void {
    for (let instance = this.#roomy(); instance !== undefined; instance = this.#roomy()) {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) return;
      this.#release(waiter);
      void this.#runOn(instance, waiter.call, this.#options.clock.now() - waiter.queuedAt).then(waiter.resolve);
    }
    this.#startMore();
  }

  /** One start serves `concurrency` waiting calls, so no more are begun than the queue needs. */
  #startMore(): void {
    const { instances, concurrency, isSingleUse } = this.#options;
    const served = isSingleUse ? 1 : concurrency;
    while (
      !this.#isRetired &&
      this.#instances.size + this.#starting < instances &&
      this.#starting * served < this.#waiters.length
    ) {
      this.#starting += 1;
      void this.#start();
    }
  }

  async #start(): Promise<void> {
    const opening = await this.#options.open();
    this.#starting -= 1;
    if (!opening.ok) return this.#onStartFailed(opening.error);
    const instance: Instance = { sandbox: opening.sandbox, inFlight: 0, idleTimer: undefined, isUsed: false };
    this.#instances.add(instance);
    void opening.sandbox.died.then((death) => this.#onDied(instance, death));
    if (this.#isRetired) return void opening.sandbox.close();
    this.#serveWaiters();
    if (instance.inFlight === 0) this.#afterCall(instance);
  }

  /** Where other instances live they serve the queue; where none does, whoever waits is told why. */
  #onStartFailed(error: CallError): void {
    if (this.#instances.size === 0 && this.#starting === 0) {
      for (const waiter of this.#waiters.splice(0)) {
        this.#answer(waiter, unreached(error, this.#options.clock.now() - waiter.queuedAt));
      }
    }
    this.#checkDrained();
  }

  #onDied(instance: Instance, death: SandboxDeath): void {
    clearTimeout(instance.idleTimer);
    this.#instances.delete(instance);
    this.#options.onDeath(instance.sandbox, death);
    if (this.#waiters.length > 0) this.#serveWaiters();
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#isRetired && this.#instances.size === 0 && this.#starting === 0) this.#didDrain.resolve();
  }
}

function unreached(error: CallError, queueMs: number): GroupReply {
  const nothing = { stdout: '', stderr: '', cpu_ms: null, peak_rss_bytes: null, stack: undefined, metadata: undefined };
  return { kind: 'replied', reply: { ok: false, error, ...nothing }, sandbox: undefined, queueMs };
}

function overloaded(allowed: number): CallError {
  return callError('HOST_OVERLOADED', {
    message: `${allowed} calls wait for this plugin already`,
    limit: { name: 'queue_length', allowed, observed: allowed + 1, unit: 'calls' },
  });
}

function timedOutWaiting(allowed: number): CallError {
  return callError('CALL_TIMEOUT', {
    message: `the call waited for an instance of the plugin until its ${allowed} ms were over`,
    limit: { name: 'timeout_ms', allowed, observed: allowed, unit: 'ms' },
  });
}
