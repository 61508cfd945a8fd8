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
 * S4: an instance whose memory has worn out takes calls until another one is there to take them, and no call fails of
 *     the change (FAULTS 9).
 * S5: at most `instances` take calls, and at most as many more are worn and end what they have in flight.
 * S6: an instance that takes a call has the newest configuration of its scope.
 * S7: where it serves every tenant, their waiting calls take turns, and each tenant has a queue of its own to fill.
 */
import { callError, type CallError, type JsonObject } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { WaitingCall } from '../base/waiting-calls.ts';
import { createWaitingLanes } from '../base/waiting-lanes.ts';
import type { Sandbox, SandboxCall, SandboxDeath, SandboxOpening, SandboxReply } from './sandbox.ts';

/** Bounds of a group, how it opens an instance, and who is told of a death. */
export type InstanceGroupOptions = {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly instances: number;
  readonly queueLengthMax: number;
  readonly idleTimeoutMs: number;
  /** Scope `call`: an instance serves one call and is closed. */
  readonly isSingleUse: boolean;
  /** What the plugin is configured with at first; {@link InstanceGroup.configure} replaces it. */
  readonly config: JsonObject;
  readonly open: (config: JsonObject) => Promise<SandboxOpening>;
  /** Tells whether an instance that nobody calls is to live on. */
  readonly isKept: (sandbox: Sandbox) => boolean;
  readonly onDeath: (sandbox: Sandbox, death: SandboxDeath) => void;
};

/**
 * A reply with where it came from (the sandbox is undefined where none was reached); or word that the group was retired
 * before the call began, so that the caller resolves the release again.
 */
export type GroupReply =
  | {
      readonly kind: 'replied';
      readonly reply: SandboxReply;
      readonly sandbox: Sandbox | undefined;
      readonly queueMs: number;
    }
  | { readonly kind: 'retired' };

type Instance = {
  readonly sandbox: Sandbox;
  inFlight: number;
  idleTimer: NodeJS.Timeout | undefined;
  isUsed: boolean;
  isWorn: boolean;
  /** Takes no more calls, and is closed when those in flight have ended. */
  isLeaving: boolean;
};

/** The instances of one release for one scope. */
export class InstanceGroup {
  readonly #options: InstanceGroupOptions;
  readonly #instances = new Set<Instance>();
  readonly #waiting = createWaitingLanes<SandboxCall, GroupReply>(laneOf);
  readonly #didDrain = Promise.withResolvers<void>();
  /** Worn instances whose successor is being opened. */
  readonly #replacing = new Set<Instance>();
  #starting = 0;
  #isRetired = false;
  #config: JsonObject;

  constructor(options: InstanceGroupOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Runs a call on an instance; never rejects. */
  run(call: SandboxCall): Promise<GroupReply> {
    const instance = this.#roomy();
    if (instance !== undefined) return this.#runOn(instance, call, 0);
    if (this.#isRetired) return Promise.resolve({ kind: 'retired' });
    const refusal = this.#refusalToQueue(call);
    if (refusal !== undefined) return Promise.resolve(unreached(refusal, 0));
    const reply = this.#enqueue(call);
    this.#startMore();
    return reply;
  }

  /** Starts an instance where there is none, and none is being started; resolves when that has gone well or badly. */
  async start(): Promise<void> {
    if (this.#isRetired || this.isInhabited()) return;
    this.#starting += 1;
    await this.#start();
  }

  /** Tells whether there is an instance, or one is being started. */
  isInhabited(): boolean {
    return this.#instances.size + this.#starting > 0;
  }

  /** Gives every instance a new configuration, those too that are being opened (S6); nothing where it is the same object. */
  configure(config: JsonObject): void {
    if (config === this.#config) return;
    this.#config = config;
    for (const { sandbox } of this.#instances) sandbox.configure(config);
  }

  /** Instances that are alive, for the operator. */
  sandboxes(): readonly Sandbox[] {
    return [...this.#instances].map((instance) => instance.sandbox);
  }

  /** Calls that wait for an instance. */
  waitingCount(): number {
    return this.#waiting.size();
  }

  /** The same of one tenant, where the instances serve every tenant. */
  waitingCountOf(tenant: string): number {
    return this.#waiting.sizeOf(tenant);
  }

  /** Takes no more calls, lets those in flight end, and closes the instances; resolves when all is gone (S3). */
  async retire(): Promise<void> {
    this.#isRetired = true;
    this.#waiting.answerAll(() => ({ kind: 'retired' }));
    for (const instance of this.#instances) if (instance.inFlight === 0) void instance.sandbox.close();
    this.#checkDrained();
    await this.#didDrain.promise;
  }

  /** Ends everything now; calls in flight and waiting are answered with HOST_CLOSED. */
  async close(): Promise<void> {
    this.#isRetired = true;
    this.#waiting.answerAll(() => unreached(callError('HOST_CLOSED'), 0));
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
    if (this.#isRetired || instance.isLeaving) return false;
    if (this.#options.isSingleUse && instance.isUsed) return false;
    return instance.sandbox.isServing();
  }

  async #runOn(instance: Instance, call: SandboxCall, queueMs: number): Promise<GroupReply> {
    instance.inFlight += 1;
    instance.isUsed = true;
    const reply = await instance.sandbox.run(call);
    instance.inFlight -= 1;
    this.#afterCall(instance);
    return { kind: 'replied', reply, sandbox: instance.sandbox, queueMs };
  }

  #afterCall(instance: Instance): void {
    if (this.#waiting.size() > 0) this.#serveWaiting();
    if (!instance.sandbox.isServing()) this.#serveOnceServing(instance);
    if (instance.inFlight > 0) return;
    if (this.#isRetired || this.#options.isSingleUse || instance.isLeaving) return void instance.sandbox.close();
    this.#closeOnceIdle(instance);
  }

  /** One timer for the life of the instance, moved on by each call: to make one for each costs a call more than to find its plugin. */
  #closeOnceIdle(instance: Instance): void {
    const { isKept, idleTimeoutMs } = this.#options;
    if (instance.idleTimer !== undefined) return void instance.idleTimer.refresh();
    instance.idleTimer = setTimeout(() => {
      if (instance.inFlight > 0) return; // The last call's end moves it on.
      if (isKept(instance.sandbox)) this.#closeOnceIdle(instance);
      else void instance.sandbox.close();
    }, idleTimeoutMs).unref();
  }

  #refusalToQueue(call: SandboxCall): CallError | undefined {
    if (call.signal?.aborted === true) return callError('CALL_CANCELLED');
    const { queueLengthMax } = this.#options;
    return this.#waiting.sizeOf(laneOf(call)) >= queueLengthMax ? overloaded(queueLengthMax) : undefined;
  }

  #enqueue(call: SandboxCall): Promise<GroupReply> {
    const queuedAt = this.#options.clock.now();
    return this.#waiting.add(call, {
      queuedAt,
      onLate: () => unreached(timedOutWaiting(call.timeoutMs), this.#options.clock.now() - queuedAt),
      onAbort: () => unreached(callError('CALL_CANCELLED'), this.#options.clock.now() - queuedAt),
    });
  }

  #serveWaiting(): void {
    for (let instance = this.#roomy(); instance !== undefined; instance = this.#roomy()) {
      const waiter = this.#waiting.takeFirst();
      if (waiter === undefined) return;
      this.#serve(instance, waiter);
    }
    this.#startMore();
  }

  /** One with a call past its deadline takes no calls until it has answered, or died. */
  #serveOnceServing({ sandbox }: Instance): void {
    void sandbox.whenServing().then((isServing) => {
      if (isServing && this.#waiting.size() > 0) this.#serveWaiting();
    });
  }

  #serve(instance: Instance, { call, queuedAt, resolve }: WaitingCall<SandboxCall, GroupReply>): void {
    void this.#runOn(instance, call, this.#options.clock.now() - queuedAt).then(resolve);
  }

  /** One start serves `concurrency` waiting calls, so no more are begun than the queue needs. */
  #startMore(): void {
    const { instances, concurrency, isSingleUse } = this.#options;
    const served = isSingleUse ? 1 : concurrency;
    const expected = this.#count(({ isLeaving }) => !isLeaving) + this.#orphanedSuccessors();
    while (
      !this.#isRetired &&
      expected + this.#starting < instances &&
      this.#starting * served < this.#waiting.size()
    ) {
      this.#starting += 1;
      void this.#start();
    }
  }

  #count(isCounted: (instance: Instance) => boolean): number {
    let count = 0;
    for (const instance of this.#instances) if (isCounted(instance)) count += 1;
    return count;
  }

  /** Successors on their way to a place that is free already, as the worn instance has died. */
  #orphanedSuccessors(): number {
    let count = 0;
    for (const worn of this.#replacing) if (!this.#instances.has(worn)) count += 1;
    return count;
  }

  async #start(): Promise<void> {
    const opening = await this.#open();
    this.#starting -= 1;
    if (!opening.ok) return this.#onStartFailed(opening.error);
    this.#take(opening.sandbox);
  }

  /** The opening is another part's code; a start that it loses would be counted as starting for ever. */
  async #open(): Promise<SandboxOpening> {
    const config = this.#config;
    try {
      const opening = await this.#options.open(config);
      if (opening.ok && config !== this.#config) opening.sandbox.configure(this.#config);
      return opening;
    } catch (error) {
      const message = `an instance could not be opened: ${String(error)}`;
      return { ok: false, error: callError('HOST_FAULT', { message }), stack: undefined };
    }
  }

  #take(sandbox: Sandbox): void {
    const instance: Instance = {
      sandbox,
      inFlight: 0,
      idleTimer: undefined,
      isUsed: false,
      isWorn: false,
      isLeaving: false,
    };
    this.#instances.add(instance);
    void sandbox.died.then((death) => this.#onDied(instance, death));
    if (this.#isRetired) return void sandbox.close();
    if (!this.#options.isSingleUse) void sandbox.worn.then(() => this.#onWorn(instance));
    this.#serveWaiting();
    if (instance.inFlight === 0) this.#afterCall(instance);
  }

  #onWorn(instance: Instance): void {
    instance.isWorn = true;
    this.#replaceWorn();
  }

  /** Replaces what is worn while S5 allows it; what has to wait is replaced when another one has gone. */
  #replaceWorn(): void {
    for (const instance of this.#instances) {
      const leaving = this.#count(({ isLeaving }) => isLeaving) + this.#replacing.size;
      if (this.#isRetired || leaving >= this.#options.instances) return;
      const isDue = instance.isWorn && !instance.isLeaving && !this.#replacing.has(instance);
      if (isDue) void this.#replace(instance);
    }
  }

  /** Opens the successor first (S4). */
  async #replace(worn: Instance): Promise<void> {
    this.#replacing.add(worn);
    const opening = await this.#open();
    this.#replacing.delete(worn);
    // Without a successor the worn one goes on: its limits still hold.
    if (!opening.ok) return this.#onStartFailed(opening.error);
    worn.isLeaving = true;
    this.#take(opening.sandbox);
    if (worn.inFlight === 0) void worn.sandbox.close();
  }

  /** Where other instances live they serve the queue; where none does, whoever waits is told why. */
  #onStartFailed(error: CallError): void {
    if (this.#instances.size === 0 && this.#starting === 0 && this.#replacing.size === 0) {
      this.#waiting.answerAll(({ queuedAt }) => unstarted(error, this.#options.clock.now() - queuedAt));
    }
    this.#checkDrained();
  }

  #onDied(instance: Instance, death: SandboxDeath): void {
    clearTimeout(instance.idleTimer);
    this.#instances.delete(instance);
    this.#options.onDeath(instance.sandbox, death);
    this.#replaceWorn();
    if (this.#waiting.size() > 0) this.#serveWaiting();
    this.#checkDrained();
  }

  #checkDrained(): void {
    const isEmpty = this.#instances.size === 0 && this.#starting === 0 && this.#replacing.size === 0;
    if (this.#isRetired && isEmpty) this.#didDrain.resolve();
  }
}

function laneOf({ caller }: SandboxCall): string {
  return caller?.tenant ?? '';
}

/** The end of a call for which nothing of the plugin ran. */
function unreached(error: CallError, queueMs: number): GroupReply {
  return withoutSandbox({ error, didRun: false }, queueMs);
}

/** The end of a call whose instance could not start: the plugin's import or init ran, or was about to. */
function unstarted(error: CallError, queueMs: number): GroupReply {
  return withoutSandbox({ error, didRun: true }, queueMs);
}

function withoutSandbox(end: { readonly error: CallError; readonly didRun: boolean }, queueMs: number): GroupReply {
  const nothing = { stdout: '', stderr: '', cpu_ms: null, peak_rss_bytes: null, stack: undefined, metadata: undefined };
  return { kind: 'replied', reply: { ok: false, ...end, ...nothing }, sandbox: undefined, queueMs };
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
