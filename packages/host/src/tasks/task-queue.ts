/**
 * The queue of tasks, as the host has it: whoever makes tasks gives them to it, and workers claim those that they are able to do.
 *
 * TQ1: A task is done at least once, and exactly one result of it is kept: the first that a worker completes while it has the lease.
 * TQ2: A task is claimed only by a worker that has every tag of `requires`, and no task waits behind one that this worker cannot do.
 * TQ3: What is acknowledged is durable, and what a worker has not completed when its lease ends goes back to the front of its line.
 */
import { LIMITS, type Result, type Task, type TaskKind } from '@bulkhead/protocol';

/**
 * Bounds and defaults of every queue: tags of a task, sets of tags that tasks wait under, priorities from -`priority` to it, attempts
 * (CONTRACTS, decision 7), the wait after the first of them and the most that a result may ask for, leases that one reclaim returns (X000-10), leases that may end and workers
 * that may skip until a task is dead, ids in `TaskClaim.not`, and for how long a worker counts as there after it was last heard.
 *
 * @public
 */
export const TASK_QUEUE_BOUNDS = {
  tags: LIMITS.task_tags.value,
  sets: LIMITS.task_tag_sets.value,
  priority: 100,
  maxRetry: 3,
  maxRetryMost: 100,
  retryMs: 1_000,
  retryMsMost: 86_400_000,
  retryAfterMsMost: 600_000,
  reclaim: 50,
  leasesLost: 5,
  skips: 100,
  notIds: 1_000,
  workerSeenMs: 60_000,
} as const;

/**
 * Where a task is. `dead`: no attempt is left, or none is worth it; it waits for an administrator.
 *
 * @public
 */
export type TaskState = 'queued' | 'active' | 'done' | 'dead' | 'cancelled';

/**
 * A task that is to be done, and for whom. Higher `priority` is claimed first (0 where it is left out, -100 to 100); after `deadline`
 * (ISO 8601) it is dead, unless a worker has it. `max_retry` is 3 where it is left out (CONTRACTS, decision 7).
 *
 * @public
 */
export type NewTask = {
  readonly task: Task;
  readonly tenant_id: string;
  readonly priority?: number;
  readonly deadline?: string;
  readonly max_retry?: number;
};

/**
 * A result with who made it (X000-3).
 *
 * @public
 */
export type AuditedResult = Result & {
  readonly worker_id: string;
  /** `PLUGIN VERSION` of the handler, null where none took the task. */
  readonly handler_version: string | null;
  /** Of the worker: its Node and platform version. */
  readonly image_tag: string;
};

/**
 * A task as it is kept. `available_at` is when it may be claimed next; `worker_id` and `lease_until` are null where nobody has it.
 *
 * @public
 */
export type QueuedTask = {
  readonly task: Task;
  readonly tenant_id: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly deadline: string | null;
  readonly max_retry: number;
  readonly available_at: string;
  readonly worker_id: string | null;
  readonly lease_until: string | null;
  /** Of one that is dead: the last error, or why it cannot be done. */
  readonly reason: string | null;
  /** The one that ended it: `ok` where it is done, the last `error` where that is why it is dead. */
  readonly result: AuditedResult | null;
};

/**
 * Who claims: its tags, and for how long it may be silent. `wait_ms` is how long to wait where nothing is to be done, 0 for not at all.
 * `kinds`: only these. `not`: ids that it does not want, at most 1,000; what it has skipped by `complete` the queue knows by itself.
 *
 * @public
 */
export type TaskClaim = {
  readonly worker_id: string;
  readonly tags: readonly string[];
  readonly lease_ms: number;
  readonly wait_ms: number;
  readonly kinds?: readonly TaskKind[];
  readonly not?: readonly string[];
  /** Only tasks of this tenant; those of all where it is left out. */
  readonly tenant?: string;
  readonly signal?: AbortSignal;
};

/**
 * A claimed task; `lease` names this claim, and no other of the same task.
 *
 * @public
 */
export type TaskLease = { readonly task: Task; readonly tenant_id: string; readonly lease: string };

/**
 * What became of a heartbeat or a completion. `lost`: somebody else has, or has done, the task; `cancelled`: nobody wants it any more.
 *
 * @public
 */
export type LeaseAnswer = 'held' | 'lost' | 'cancelled';

/**
 * Which tasks, newest first; `before` is the id of the last one seen.
 *
 * @public
 */
export type TaskQuery = {
  readonly tenant?: string;
  readonly state?: TaskState;
  readonly kind?: TaskKind;
  readonly before?: string;
  /** Without payloads and the data of results, `{}` in their places: both may be large. */
  readonly isBrief?: boolean;
  readonly rowsMax: number;
};

/**
 * Which dead tasks: these ids, or all of a kind; of one tenant where it is named.
 *
 * @public
 */
export type DeadTasks = ({ readonly ids: readonly string[] } | { readonly kind: TaskKind }) & {
  readonly tenant?: string;
};

/**
 * Who does something with tasks, for the audit log, and when (ISO 8601). Where it is named, the line is written with what was done, or
 * neither is.
 *
 * @public
 */
export type TaskActor = { readonly actor: string; readonly at: string };

/**
 * What has come of all tasks. `done` and `buried` count those that were done, and that went to the dead letters, since the queue began; they
 * never fall, and may be up to 32 too high after each crash of a database. `dead` are the dead letters that there are, by kind.
 *
 * @public
 */
export type TaskTotals = {
  readonly done: number;
  readonly buried: number;
  readonly dead: readonly { readonly kind: TaskKind; readonly count: number }[];
};

/**
 * How many wait or are worked on, by kind and required tags. `requires` is sorted; `queued` counts those that wait for another attempt,
 * too; `oldest_ms` is how long the oldest that may be claimed has waited, 0 where there is none.
 *
 * @public
 */
export type TaskBacklog = {
  readonly kind: TaskKind;
  readonly requires: readonly string[];
  readonly queued: number;
  readonly active: number;
  readonly oldest_ms: number;
  /**
   * Of those queued, how many no worker that is there will be given: it lacks a tag, does not want the kind, or has skipped them. A worker
   * is there for 60 s after it last claimed, held or ended a lease, and while it waits in `claim`.
   */
  readonly unschedulable: number;
};

/**
 * The queue. Every method may reject with `STORAGE_UNAVAILABLE`; one that has resolved is durable.
 *
 * @public
 */
export interface TaskQueue {
  /**
   * Takes tasks, all or none; one whose id is there already is left as it is.
   *
   * @throws {HostError} `VALIDATION_FAILED` for more than 16 tags, a tag that is none or there twice, one set of tags too many (1,000 with
   *   tasks that are queued or active), or a priority, deadline or `max_retry` out of bounds.
   */
  enqueue(tasks: readonly NewTask[]): Promise<void>;
  /**
   * Claims one task, or undefined where none came in time or the signal was aborted. Of all that this worker can do the highest priority
   * goes first, of those the tenants take turns, and of one tenant's the one that has waited longest; a task that came back from a lease
   * that ended goes before.
   */
  claim(claim: TaskClaim): Promise<TaskLease | undefined>;
  /**
   * Holds a lease for as long again, from now on; also one that has ended, as long as it has not been reclaimed. For whoever names a
   * tenant, here as in `complete`, the lease of another tenant's task is `lost`.
   */
  heartbeat(lease: string, lease_ms: number, tenant?: string): Promise<LeaseAnswer>;
  /**
   * Ends a claim by its result. `ok` is kept and the task is done; `error` with `data.retryable` true is tried again after a wait that
   * doubles, or of its `data.retry_after_ms` where that is longer, with its attempts one higher, until they are more than `max_retry`; any other error is dead at once; `skip` leaves it to
   * another worker, its attempts unchanged, and at once: it is never given to the same `worker_id` again, before `retryDead`; one that 100 workers have skipped is
   * dead, so that it cannot keep workers busy that come and go.
   *
   * @throws {HostError} `VALIDATION_FAILED` where the result is of another task than the lease.
   */
  complete(lease: string, result: AuditedResult, tenant?: string): Promise<LeaseAnswer>;
  /**
   * Gives back a task that its worker never got, such as one that a lost connection took with it: to the front of its line, with nothing
   * counted. Answers whether anybody had it by this lease.
   */
  release(lease: string): Promise<boolean>;
  /**
   * Ends a task that is not done, also a dead one; answers it as it then is, undefined where there is none. A worker that has it learns of
   * it by its next heartbeat or completion, whose result is not kept. One that has ended already is left as it is, and nothing is written
   * of it.
   */
  cancel(id: string, by?: TaskActor): Promise<QueuedTask | undefined>;
  get(id: string): Promise<QueuedTask | undefined>;
  /** Waits for the end of a task; answers it as it is once the time is over. */
  waitFor(id: string, wait_ms: number, signal?: AbortSignal): Promise<QueuedTask | undefined>;
  /** Lists tasks in the order in which they were given, the last first. */
  list(query: TaskQuery): Promise<readonly QueuedTask[]>;
  backlog(): Promise<readonly TaskBacklog[]>;
  /** How many tasks of a tenant are queued or active. */
  countOpen(tenant: string): Promise<number>;
  totals(): Promise<TaskTotals>;
  /** Sends dead tasks back, with attempts 0, no skips, and without a deadline that is over. Answers how many. */
  retryDead(which: DeadTasks, by?: TaskActor): Promise<number>;
  /**
   * Returns leases that have ended, at most `max`; 50 where it is left out. Answers how many. Nothing else returns them: whoever runs the
   * queue calls this once a second. Attempts stay as they are (X000-10); a task on which 5 leases have ended is dead, for it may be what
   * kills its workers.
   */
  reclaim(max?: number): Promise<number>;
  /** Removes tasks that ended before a time, with their results: done and cancelled ones before `ended`, dead ones before `dead`. */
  prune(before: { readonly ended: string; readonly dead: string }): Promise<number>;
  /** Removes all tasks of a tenant, whatever their state, with their results; workers that have some learn that they are lost. */
  removeTenant(tenant: string): Promise<number>;
  close(): Promise<void>;
}
