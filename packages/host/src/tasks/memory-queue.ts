/**
 * The queue of tasks that ends with its process: the default of an embedded host, and what tests start from. Nothing is polled: whoever
 * waits for a task, or for the end of one, is woken by what brings it, or by one timer for what becomes due.
 */
import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import { systemTimer, timerDelayMs, type StartTimer } from '../base/timer.ts';
import type { AuditEntry, CatalogueStorage } from '../storage/catalogue-port.ts';
import { createLivingWorkers } from './living-workers.ts';
import { cancelEntry, retryEntries, type NamedTask } from './task-deeds.ts';
import { queuedTaskOf, type HeldLease, type TaskEntry } from './task-entry.ts';
import { canDo, type TaskLine, type WorkerProfile } from './task-lines.ts';
import { backlogOf } from './task-backlog.ts';
import {
  TASK_QUEUE_BOUNDS,
  type AuditedResult,
  type DeadTasks,
  type LeaseAnswer,
  type NewTask,
  type QueuedTask,
  type TaskActor,
  type TaskBacklog,
  type TaskClaim,
  type TaskLease,
  type TaskQuery,
  type TaskQueue,
  type TaskTotals,
} from './task-queue.ts';
import { TaskTable } from './task-table.ts';
import { startWaiting, type Waiting } from './waiting.ts';

/**
 * What a queue in memory may be made with: time, the names of leases (which nobody may guess), the wait after a first failure, and most
 * tasks: of those queued or active, beyond which none is taken, and of those dead, or ended in another way, beyond which the oldest go.
 * `catalogue` is where lines of the audit log are written, just before what they tell of; none are where it is left out.
 *
 * @public
 */
export type MemoryTaskQueueOptions = {
  readonly clock?: Clock;
  readonly startTimer?: StartTimer;
  readonly newLease?: () => string;
  readonly retryMs?: number;
  readonly openMax?: number;
  readonly endedMax?: number;
  readonly catalogue?: Pick<CatalogueStorage, 'commit'>;
};

/**
 * Creates a queue that is new and empty; nothing is shared between two of them.
 *
 * @returns A queue whose `enqueue` also rejects with `HOST_OVERLOADED` where `openMax` (1,000,000) tasks are queued or active. Tasks that
 *   it answers are frozen.
 * @remarks O(lines that have tasks) a claim, a line being a kind, a set of tags and a set of workers that have skipped; O(log n) else.
 * @public
 */
export function createMemoryTaskQueue(options: MemoryTaskQueueOptions = {}): TaskQueue {
  return new MemoryTaskQueue(options);
}

type ClaimWaiting = {
  readonly worker: WorkerProfile;
  readonly not: ReadonlySet<string>;
  readonly leaseMs: number;
  readonly waiting: Waiting<TaskLease | undefined>;
};

type EndWaiting = Waiting<QueuedTask | undefined>;

/** Who says that it has a lease: of which tenant it may have it, and what it hands in. */
type Holder = { readonly tenant: string | undefined; readonly result?: AuditedResult };

class MemoryTaskQueue implements TaskQueue {
  readonly #clock: Clock;
  readonly #startTimer: StartTimer;
  readonly #table: TaskTable;
  readonly #workers = createLivingWorkers();
  /** In the order in which they came. */
  readonly #claims = new Set<ClaimWaiting>();
  readonly #ends = new Map<string, Set<EndWaiting>>();
  /** Lines in which something may be claimed that was not looked at yet. */
  readonly #stirred = new Set<TaskLine>();
  readonly #catalogue: MemoryTaskQueueOptions['catalogue'];
  #stopAlarm: (() => void) | undefined;
  #isClosed = false;

  constructor({ clock = systemClock, startTimer = systemTimer, ...options }: MemoryTaskQueueOptions) {
    this.#clock = clock;
    this.#startTimer = startTimer;
    this.#catalogue = options.catalogue;
    this.#table = new TaskTable({
      clock,
      newLease: options.newLease ?? randomUUID,
      retryMs: options.retryMs ?? TASK_QUEUE_BOUNDS.retryMs,
      openMax: options.openMax ?? OPEN_MAX,
      endedMax: options.endedMax ?? ENDED_MAX,
      mayBeClaimed: (line) => void this.#stirred.add(line),
      didEnd: (entry) => this.#didEnd(entry),
    });
  }

  async enqueue(tasks: readonly NewTask[]): Promise<void> {
    this.#step(() => this.#table.enqueue(tasks));
  }

  async claim(claim: TaskClaim): Promise<TaskLease | undefined> {
    const not = notOf(claim);
    const worker = profileOf(claim);
    const { signal, wait_ms: waitMs, lease_ms: leaseMs } = claim;
    const taken = this.#step(() => {
      if (signal?.aborted === true) return undefined;
      this.#workers.heard(worker, this.#clock.now());
      return this.#table.take(worker, not, leaseMs);
    });
    if (taken !== undefined) return leaseOf(taken);
    if (waitMs <= 0 || signal?.aborted === true) return undefined;
    return this.#waitForTask({ worker, not, leaseMs }, { waitMs, signal });
  }

  async heartbeat(lease: string, leaseMs: number, tenant?: string): Promise<LeaseAnswer> {
    return this.#step(() => {
      const held = this.#heldOf(lease, { tenant });
      if (typeof held === 'string') return held;
      this.#table.hold(held, leaseMs);
      return 'held';
    });
  }

  async complete(lease: string, result: AuditedResult, tenant?: string): Promise<LeaseAnswer> {
    return this.#step(() => {
      const held = this.#heldOf(lease, { tenant, result });
      if (typeof held === 'string') return held;
      this.#table.settle(held, result);
      return 'held';
    });
  }

  async release(id: string): Promise<boolean> {
    return this.#step(() => {
      const lease = this.#table.lease(id);
      if (lease?.entry.state !== 'active') return false;
      this.#table.release(lease);
      return true;
    });
  }

  async cancel(id: string, by?: TaskActor): Promise<QueuedTask | undefined> {
    const found = this.#step(() => this.#read(id));
    if (found !== undefined && by !== undefined && !isOver(found)) {
      await this.#write([cancelEntry({ ...namedTask(found), state: found.state }, by)]);
    }
    return this.#step(() => {
      const entry = this.#table.get(id);
      if (entry === undefined) return undefined;
      this.#table.cancel(entry);
      return queuedTaskOf(entry);
    });
  }

  async get(id: string): Promise<QueuedTask | undefined> {
    return this.#step(() => this.#read(id));
  }

  async waitFor(id: string, waitMs: number, signal?: AbortSignal): Promise<QueuedTask | undefined> {
    const now = this.#step(() => this.#read(id));
    if (now === undefined || isEnded(now) || waitMs <= 0 || signal?.aborted === true) return now;
    return this.#waitForEnd(id, { waitMs, signal });
  }

  async list({ tenant, state, kind, before, isBrief = false, rowsMax }: TaskQuery): Promise<readonly QueuedTask[]> {
    return this.#step(() => {
      const sequence = before === undefined ? Infinity : (this.#table.get(before)?.sequence ?? 0);
      const isAsked = (entry: TaskEntry): boolean =>
        entry.sequence < sequence &&
        (tenant === undefined || entry.tenant.id === tenant) &&
        (state === undefined || entry.state === state) &&
        (kind === undefined || entry.task.kind === kind);
      const told = this.#table.all().filter(isAsked).toReversed().slice(0, rowsMax).map(queuedTaskOf);
      return isBrief ? told.map(briefly) : told;
    });
  }

  async backlog(): Promise<readonly TaskBacklog[]> {
    return this.#step(() => {
      const now = this.#clock.now();
      return backlogOf(this.#table.lines(), { now, canAny: (line, tenant) => this.#workers.canAny(line, tenant, now) });
    });
  }

  async countOpen(tenant: string): Promise<number> {
    return this.#step(() => this.#table.countOpen(tenant));
  }

  async totals(): Promise<TaskTotals> {
    return this.#step(() => {
      const dead = Map.groupBy(this.#table.dead(), ({ task }) => task.kind);
      return { ...this.#table.counts(), dead: [...dead].map(([kind, { length: count }]) => ({ kind, count })) };
    });
  }

  async retryDead(which: DeadTasks, by?: TaskActor): Promise<number> {
    if (by === undefined) return this.#step(() => this.#table.retry(this.#deadOf(which)));
    const dead = this.#step(() => this.#deadOf(which).map(queuedTaskOf)).map(namedTask);
    await this.#write(retryEntries(dead, by));
    return this.#step(() => this.#table.retry(this.#deadOf({ ids: dead.map(({ id }) => id) })));
  }

  async reclaim(max: number = TASK_QUEUE_BOUNDS.reclaim): Promise<number> {
    return this.#step(() => this.#table.reclaim(max));
  }

  async prune({ ended, dead }: { readonly ended: string; readonly dead: string }): Promise<number> {
    return this.#step(() => this.#table.prune({ ended: Date.parse(ended), dead: Date.parse(dead) }));
  }

  async removeTenant(tenant: string): Promise<number> {
    return this.#step(() => this.#table.removeTenant(tenant));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopAlarm?.();
    for (const { waiting } of this.#claims) waiting.fail(closed());
    for (const ends of this.#ends.values()) for (const waiting of ends) waiting.fail(closed());
    this.#claims.clear();
    this.#ends.clear();
  }

  #deadOf({ tenant, ...which }: DeadTasks): readonly TaskEntry[] {
    const isMeant = ({ state, tenant: own }: TaskEntry): boolean => state === 'dead' && (tenant ?? own.id) === own.id;
    const entries =
      'ids' in which
        ? new Set(which.ids.flatMap((id) => this.#table.get(id) ?? []))
        : [...this.#table.dead()].filter(({ task }) => task.kind === which.kind);
    return [...entries].filter(isMeant);
  }

  async #write(lines: readonly AuditEntry[]): Promise<void> {
    for (const audit of lines) await this.#catalogue?.commit({ changes: [], audit });
  }

  /** Runs a step at once, so that it cannot interleave with another; then whoever waits for what it brought is given it. */
  #step<Answer>(run: () => Answer): Answer {
    if (this.#isClosed) throw closed();
    this.#table.settleDue();
    const answer = run();
    this.#wake();
    this.#arm();
    return answer;
  }

  #wake(): void {
    if (this.#stirred.size === 0) return;
    for (const claim of this.#claims) {
      if (!this.#stirred.values().some((line) => canDo(claim.worker, line))) continue;
      const taken = this.#table.take(claim.worker, claim.not, claim.leaseMs);
      if (taken === undefined) continue;
      this.#leave(claim);
      claim.waiting.answer(leaseOf(taken));
    }
    this.#stirred.clear();
  }

  /** One timer for whatever is due next, where somebody waits. */
  #arm(): void {
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
    const dueMs = this.#claims.size + this.#ends.size > 0 ? this.#table.untilDue() : undefined;
    if (dueMs === undefined) return;
    this.#stopAlarm = this.#startTimer(timerDelayMs(dueMs), () => this.#step(() => undefined));
  }

  #waitForTask(
    claim: Omit<ClaimWaiting, 'waiting'>,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<TaskLease | undefined> {
    const onGiveUp = (): undefined => this.#leave(entry);
    const waiting = startWaiting<TaskLease | undefined>({ waitMs, signal, startTimer: this.#startTimer, onGiveUp });
    const entry: ClaimWaiting = { ...claim, waiting };
    this.#claims.add(entry);
    this.#workers.waits(claim.worker, 1, this.#clock.now());
    this.#arm();
    return waiting.answered;
  }

  #leave(claim: ClaimWaiting): undefined {
    if (this.#claims.delete(claim)) this.#workers.waits(claim.worker, -1, this.#clock.now());
  }

  #waitForEnd(
    id: string,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<QueuedTask | undefined> {
    const ends = this.#ends.get(id) ?? new Set();
    const onGiveUp = (): QueuedTask | undefined => {
      ends.delete(waiting);
      if (ends.size === 0) this.#ends.delete(id);
      return this.#step(() => this.#read(id));
    };
    const waiting: EndWaiting = startWaiting({ waitMs, signal, startTimer: this.#startTimer, onGiveUp });
    this.#ends.set(id, ends.add(waiting));
    this.#arm();
    return waiting.answered;
  }

  #didEnd(entry: TaskEntry): void {
    const { id } = entry.task;
    const ends = this.#ends.get(id);
    this.#ends.delete(id);
    for (const waiting of ends ?? []) waiting.answer(queuedTaskOf(entry));
  }

  #read(id: string): QueuedTask | undefined {
    const entry = this.#table.get(id);
    return entry === undefined ? undefined : queuedTaskOf(entry);
  }

  /** The lease by its name, where its worker still has the task; else what it is to be told. */
  #heldOf(id: string, { tenant, result }: Holder): HeldLease | 'lost' | 'cancelled' {
    const lease = this.#table.lease(id);
    if (lease === undefined) return 'lost';
    const { entry, worker } = lease;
    if (tenant !== undefined && entry.tenant.id !== tenant) return 'lost';
    if (result !== undefined && result.task_id !== entry.task.id) {
      const message = `the result is of task "${result.task_id.slice(0, 80)}"; the lease is on "${entry.task.id}"`;
      throw new HostError('VALIDATION_FAILED', { message });
    }
    this.#workers.heardAgain(worker, this.#clock.now());
    if (entry.state === 'active') return lease;
    if (result !== undefined) this.#table.forget(lease);
    return 'cancelled';
  }
}

const OPEN_MAX = 1_000_000;
const ENDED_MAX = 100_000;

function closed(): HostError {
  return new HostError('STORAGE_UNAVAILABLE', { message: 'the queue of tasks has been closed' });
}

function notOf({ not = [] }: TaskClaim): ReadonlySet<string> {
  const { notIds } = TASK_QUEUE_BOUNDS;
  if (not.length <= notIds) return new Set(not);
  const message = `a claim names ${not.length} tasks that it does not want; at most ${notIds} are looked at`;
  throw new HostError('VALIDATION_FAILED', { message });
}

/** Copied, for whoever claims may change it while it waits. */
function profileOf({ worker_id: workerId, tags, kinds, tenant }: TaskClaim): WorkerProfile {
  return { workerId, tags: new Set(tags), kinds: kinds === undefined ? undefined : [...kinds], tenant };
}

function leaseOf({ id, entry }: HeldLease): TaskLease {
  return { task: entry.task, tenant_id: entry.tenant.id, lease: id };
}

/** What is over is not cancelled. */
function isOver({ state }: QueuedTask): boolean {
  return state === 'done' || state === 'cancelled';
}

function namedTask({ task: { id, kind }, tenant_id }: QueuedTask): NamedTask {
  return { id, kind, tenant_id };
}

function briefly({ task, result, ...rest }: QueuedTask): QueuedTask {
  return { ...rest, task: { ...task, payload: {} }, result: result === null ? null : { ...result, data: {} } };
}

function isEnded({ state }: QueuedTask): boolean {
  return state === 'done' || state === 'dead' || state === 'cancelled';
}
