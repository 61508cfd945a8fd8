/**
 * The tasks of a queue in memory and their moves, all of them synchronous, so that none can come between the steps of another.
 *
 *   enqueue -> queued <-----------------------------+---- retryDead
 *              |    ^ wait over, skip, lease ended  |
 *              v    |                               |
 *              active --- ok ------> done           |
 *              |  `------ error ---> dead ----------'      (also from queued, by the deadline)
 *              `-- cancel ---------> cancelled             (also from queued and dead)
 *
 * T1: An entry counts in a line exactly while it is queued or active; in a lane exactly while it may be claimed.
 * T2: A lease is in the table until it is ended, reclaimed, or its task is cancelled and the worker has been told.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Clock } from '../base/clock.ts';
import { assertNewTasks, tooManySets } from './check-new-tasks.ts';
import { requiresKey } from './capability-tags.ts';
import { createHeap, type Heap } from './heap.ts';
import {
  frozenCopy,
  newEntry,
  type Due,
  type HeldLease,
  type Moment,
  type TaskEntry,
  type TenantTurn,
} from './task-entry.ts';
import { retryWaitMs } from './retry-wait.ts';
import { createTaskLines, type TaskLine, type TaskLines, type WorkerProfile } from './task-lines.ts';
import { TASK_QUEUE_BOUNDS, type AuditedResult, type NewTask } from './task-queue.ts';

/** What a table is made with; see MemoryTaskQueueOptions. */
export type TaskTableOptions = {
  readonly clock: Clock;
  readonly newLease: () => string;
  readonly retryMs: number;
  readonly openMax: number;
  readonly endedMax: number;
  /** Something in a line may be claimed now. */
  readonly mayBeClaimed: (line: TaskLine) => void;
  readonly didEnd: (entry: TaskEntry) => void;
};

/** The table. Whoever reads it settles what is due first. */
export class TaskTable {
  readonly #options: TaskTableOptions;
  readonly #entries = new Map<string, TaskEntry>();
  readonly #leases = new Map<string, HeldLease>();
  readonly #tenants = new Map<string, TenantTurn>();
  readonly #lines: TaskLines = createTaskLines();
  readonly #leaseEnds: Heap<HeldLease> = createHeap((a, b) => a.until.at < b.until.at);
  readonly #delays: Heap<Due> = createHeap((a, b) => a.at < b.at);
  readonly #deadlines: Heap<Due> = createHeap((a, b) => a.at < b.at);
  /** Those that ended, in the order in which they did. */
  readonly #ended = { dead: new Map<string, TaskEntry>(), others: new Map<string, TaskEntry>() };
  readonly #counts = { done: 0, buried: 0 };
  #order = 0;
  #turn = 0;
  #open = 0;

  constructor(options: TaskTableOptions) {
    this.#options = options;
  }

  /** @throws {HostError} `VALIDATION_FAILED` as the port says, `HOST_OVERLOADED` where the queue is full; nothing is taken then. */
  enqueue(tasks: readonly NewTask[]): void {
    assertNewTasks(tasks);
    // Copied first: what cannot be copied is refused with all that came with it.
    const added = this.#unknownOf(tasks).map((one) => ({ ...one, task: frozenCopy(one.task) }));
    this.#insistOnRoom(added);
    for (const task of added) {
      const tenant = this.#tenantOf(task.tenant_id);
      const entry = newEntry(task, { tenant, sequence: (this.#order += 1), available: this.#momentIn(0) });
      this.#entries.set(entry.task.id, entry);
      this.#enter(entry);
      this.#offer(entry, 'back');
      this.#watchDeadline(entry);
    }
  }

  get(id: string): TaskEntry | undefined {
    return this.#entries.get(id);
  }

  all(): readonly TaskEntry[] {
    return [...this.#entries.values()];
  }

  lines(): Iterable<TaskLine> {
    return this.#lines.all();
  }

  /** Gives a worker the task that it is to have next. */
  take(worker: WorkerProfile, not: ReadonlySet<string>, leaseMs: number): HeldLease | undefined {
    const entry = this.#lines.best(worker, not);
    if (entry === undefined) return undefined;
    this.#lines.activate(entry);
    entry.state = 'active';
    entry.tenant.turn = this.#turn += 1;
    const until = this.#momentIn(leaseMs);
    const lease: HeldLease = { id: this.#options.newLease(), entry, worker, until, place: -1 };
    entry.lease = lease;
    this.#leases.set(lease.id, lease);
    this.#leaseEnds.add(lease);
    return lease;
  }

  lease(id: string): HeldLease | undefined {
    return this.#leases.get(id);
  }

  hold(lease: HeldLease, leaseMs: number): void {
    lease.until = this.#momentIn(leaseMs);
    this.#leaseEnds.moved(lease);
  }

  /** Ends a claim by its result; the task is the lease's, and active. */
  settle(lease: HeldLease, result: AuditedResult): void {
    const { entry, worker } = lease;
    const kept = frozenCopy(result);
    this.forget(lease);
    if (kept.status === 'ok') this.#end(entry, 'done', { reason: null, result: kept });
    else if (kept.status === 'skip') this.#skip(entry, worker.workerId);
    else this.#fail(entry, kept);
  }

  /** Drops a lease; its task is for the caller to move. */
  forget(lease: HeldLease): void {
    this.#leases.delete(lease.id);
    this.#leaseEnds.remove(lease);
    lease.entry.lease = undefined;
  }

  /** Gives a task that is active back, as if nobody had taken it. */
  release(lease: HeldLease): void {
    this.forget(lease);
    this.#leave(lease.entry);
    if (this.#isLate(lease.entry)) return this.#die(lease.entry, lateReason(lease.entry));
    this.#enter(lease.entry);
    this.#offer(lease.entry, 'front');
  }

  cancel(entry: TaskEntry): void {
    if (entry.state === 'done' || entry.state === 'cancelled') return;
    if (entry.state === 'dead') this.#ended.dead.delete(entry.task.id);
    this.#end(entry, 'cancelled', { reason: null, result: null });
  }

  /** Sends tasks back that are dead; answers how many. */
  retry(entries: Iterable<TaskEntry>): number {
    const dead = [...entries].filter(({ state }) => state === 'dead');
    for (const entry of dead) {
      this.#ended.dead.delete(entry.task.id);
      if (this.#isLate(entry)) entry.deadline = null;
      Object.assign(entry, { reason: null, result: null, leasesLost: 0, skippedBy: [] } satisfies Partial<TaskEntry>);
      entry.task = Object.freeze({ ...entry.task, attempts: 0 });
      entry.tenant = this.#tenantOf(entry.tenant.id);
      this.#requeueIn(0, entry);
      this.#watchDeadline(entry);
    }
    return dead.length;
  }

  countOpen(tenant: string): number {
    return this.#tenants.get(tenant)?.open ?? 0;
  }

  /** How many were done, and how many went to the dead letters, since the table began. */
  counts(): { readonly done: number; readonly buried: number } {
    return { ...this.#counts };
  }

  /** Removes all tasks of a tenant; answers how many. */
  removeTenant(tenant: string): number {
    const entries = this.all().filter((entry) => entry.tenant.id === tenant);
    for (const entry of entries) {
      if (entry.lease !== undefined) this.forget(entry.lease);
      this.cancel(entry);
      for (const ended of [this.#ended.others, this.#ended.dead]) ended.delete(entry.task.id);
      this.#entries.delete(entry.task.id);
    }
    return entries.length;
  }

  dead(): Iterable<TaskEntry> {
    return this.#ended.dead.values();
  }

  /** Returns leases that have ended to the front of their lines; answers how many. */
  reclaim(max: number): number {
    const { at } = this.#momentIn(0);
    let count = 0;
    while (count < max) {
      const lease = this.#leaseEnds.first();
      if (lease === undefined || lease.until.at > at) break;
      const { entry } = lease;
      this.forget(lease);
      if (entry.state !== 'active') continue;
      count += 1;
      this.#lose(entry);
    }
    return count;
  }

  /** Removes tasks that ended before a time, in milliseconds since the epoch; answers how many. */
  prune(before: { readonly ended: number; readonly dead: number }): number {
    return this.#pruneOf(this.#ended.others, before.ended) + this.#pruneOf(this.#ended.dead, before.dead);
  }

  /** Lets tasks be claimed whose wait is over, and ends those whose deadline is. */
  settleDue(): void {
    const { at } = this.#momentIn(0);
    for (let due = this.#deadlines.first(); due !== undefined && due.at <= at; due = this.#deadlines.first()) {
      this.#deadlines.remove(due);
      due.entry.end = undefined;
      if (due.entry.state === 'queued') this.#die(due.entry, lateReason(due.entry));
    }
    for (let due = this.#delays.first(); due !== undefined && due.at <= at; due = this.#delays.first()) {
      this.#delays.remove(due);
      due.entry.delay = undefined;
      due.entry.order = this.#order += 1;
      this.#offer(due.entry, 'back');
    }
  }

  /** In how many milliseconds something is due; undefined where nothing is. */
  untilDue(): number | undefined {
    const next = Math.min(this.#delays.first()?.at ?? Infinity, this.#deadlines.first()?.at ?? Infinity);
    return next === Infinity ? undefined : Math.max(0, next - this.#options.clock.now());
  }

  #unknownOf(tasks: readonly NewTask[]): readonly NewTask[] {
    const seen = new Set<string>();
    return tasks.filter(({ task: { id } }) => !this.#entries.has(id) && seen.size < seen.add(id).size);
  }

  #insistOnRoom(tasks: readonly NewTask[]): void {
    const { openMax } = this.#options;
    if (this.#open + tasks.length > openMax) {
      const message = `${this.#open} tasks are queued or active and ${tasks.length} more would come; at most ${openMax} are kept in memory`;
      const limit = { name: 'open_tasks', allowed: openMax, observed: this.#open + tasks.length, unit: 'tasks' };
      throw new HostError('HOST_OVERLOADED', { message, hint: 'Wait until workers have done some.', limit });
    }
    const known = this.#lines.sets();
    const added = new Set<string>();
    for (const { task } of tasks) {
      const key = requiresKey(task.requires);
      if (!known.has(key)) added.add(key);
      if (known.size + added.size > TASK_QUEUE_BOUNDS.sets) throw tooManySets(task.requires);
    }
  }

  #tenantOf(id: string): TenantTurn {
    const there = this.#tenants.get(id);
    if (there !== undefined) return there;
    // Behind all that wait already: who comes and goes is not served more often than who stays.
    const tenant: TenantTurn = { id, turn: this.#turn, open: 0 };
    this.#tenants.set(id, tenant);
    return tenant;
  }

  #momentIn(ms: number): Moment {
    const { clock } = this.#options;
    return { at: clock.now() + ms, time: clock.wallTime() + ms };
  }

  #watchDeadline(entry: TaskEntry): void {
    if (entry.deadline === null) return;
    const at = this.#options.clock.now() + Date.parse(entry.deadline) - this.#options.clock.wallTime();
    entry.end = { at, entry, place: -1 };
    this.#deadlines.add(entry.end);
  }

  /** Counts a task, which was in no line, as queued. */
  #enter(entry: TaskEntry): void {
    this.#open += 1;
    entry.tenant.open += 1;
    entry.state = 'queued';
    this.#lines.enter(entry);
  }

  /** Lets a queued task be claimed. */
  #offer(entry: TaskEntry, from: 'front' | 'back'): void {
    this.#lines.link(entry, from);
    if (entry.line !== undefined) this.#options.mayBeClaimed(entry.line);
  }

  /** Puts a task at the end of its line, at once or after a wait. */
  #requeueIn(waitMs: number, entry: TaskEntry): void {
    this.#enter(entry);
    entry.order = this.#order += 1;
    entry.available = this.#momentIn(waitMs);
    if (waitMs === 0) return this.#offer(entry, 'back');
    entry.delay = { at: entry.available.at, entry, place: -1 };
    this.#delays.add(entry.delay);
  }

  /** Takes a task out of wherever it waits or is worked on; nothing where it is in no line. */
  #leave(entry: TaskEntry): void {
    if (entry.line === undefined) return;
    this.#lines.leave(entry);
    if (entry.delay !== undefined) this.#delays.remove(entry.delay);
    entry.delay = undefined;
    this.#open -= 1;
    entry.tenant.open -= 1;
  }

  #end(entry: TaskEntry, state: 'done' | 'dead' | 'cancelled', why: Pick<TaskEntry, 'reason' | 'result'>): void {
    this.#leave(entry);
    if (entry.tenant.open === 0) this.#tenants.delete(entry.tenant.id);
    if (entry.end !== undefined) this.#deadlines.remove(entry.end);
    Object.assign(entry, { state, ...why, end: undefined } satisfies Partial<TaskEntry>);
    entry.endedTime = this.#options.clock.wallTime();
    if (state === 'done') this.#counts.done += 1;
    else if (state === 'dead') this.#counts.buried += 1;
    const ended = state === 'dead' ? this.#ended.dead : this.#ended.others;
    ended.set(entry.task.id, entry);
    this.#options.didEnd(entry);
    if (ended.size > this.#options.endedMax) this.#removeFirst(ended);
  }

  #skip(entry: TaskEntry, workerId: string): void {
    this.#leave(entry);
    entry.skippedBy = [...new Set([...entry.skippedBy, workerId])].toSorted();
    const { skips } = TASK_QUEUE_BOUNDS;
    if (entry.skippedBy.length >= skips) return this.#die(entry, `${skips} workers have skipped it`);
    if (this.#isLate(entry)) return this.#die(entry, lateReason(entry));
    this.#enter(entry);
    this.#offer(entry, 'back');
  }

  #fail(entry: TaskEntry, result: AuditedResult): void {
    this.#leave(entry);
    const attempts = entry.task.attempts + 1;
    entry.task = Object.freeze({ ...entry.task, attempts });
    const isWorthIt = result.data['retryable'] === true && attempts <= entry.maxRetry && !this.#isLate(entry);
    if (isWorthIt) this.#requeueIn(retryWaitMs(attempts, result.data, this.#options.retryMs), entry);
    else this.#end(entry, 'dead', { reason: reasonOf(result.data), result });
  }

  /** The worker of a task was silent for too long. */
  #lose(entry: TaskEntry): void {
    this.#leave(entry);
    entry.leasesLost += 1;
    const { leasesLost } = TASK_QUEUE_BOUNDS;
    if (entry.leasesLost >= leasesLost) return this.#die(entry, `${leasesLost} leases on it ended without a result`);
    if (this.#isLate(entry)) return this.#die(entry, lateReason(entry));
    this.#enter(entry);
    this.#offer(entry, 'front');
  }

  #die(entry: TaskEntry, reason: string): void {
    this.#end(entry, 'dead', { reason, result: null });
  }

  #isLate({ deadline }: TaskEntry): boolean {
    return deadline !== null && Date.parse(deadline) <= this.#options.clock.wallTime();
  }

  #pruneOf(ended: Map<string, TaskEntry>, before: number): number {
    let count = 0;
    for (const entry of ended.values()) {
      if (entry.endedTime >= before) break;
      this.#removeFirst(ended);
      count += 1;
    }
    return count;
  }

  #removeFirst(ended: Map<string, TaskEntry>): void {
    const [id] = ended.keys();
    if (id === undefined) return;
    ended.delete(id);
    this.#entries.delete(id);
  }
}

function lateReason({ deadline }: TaskEntry): string {
  return `its deadline, ${deadline ?? ''}, is over`;
}

const REASON_CHARACTERS = 500;

function reasonOf({ message, error }: JsonObject): string {
  const text = [message, error].find((one) => typeof one === 'string' && one !== '');
  return typeof text === 'string'
    ? text.slice(0, REASON_CHARACTERS)
    : 'the handler ended it by an error without a message';
}
