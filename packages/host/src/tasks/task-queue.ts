/**
 * The queue of tasks, as the host has it: whoever makes tasks gives them to it, and workers claim those that they are able to do.
 *
 * TQ1: A task is done at least once, and exactly one result of it is kept: the first that a worker completes while it has the lease.
 * TQ2: A task is claimed only by a worker that has every tag of `requires`, and no task waits behind one that this worker cannot do.
 * TQ3: What is acknowledged is durable, and what a worker has not completed when its lease ends goes back to the front of its line.
 */
import type { JsonObject, Result, Task, TaskKind } from '@bulkhead/protocol';

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
 * A task as it is kept. `available_at` is when it may be claimed next; `lease_until` is null where nobody has it.
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
  readonly result: AuditedResult | null;
};

/**
 * Who claims: its tags, and for how long it may be silent. `wait_ms` is how long to wait where nothing is to be done, 0 for not at all.
 * `kinds`: only these. `not`: ids that this worker has skipped.
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
  readonly rowsMax: number;
};

/**
 * How many wait or are worked on, by kind and required tags; `oldest_ms` is how long the oldest has waited.
 *
 * @public
 */
export type TaskBacklog = {
  readonly kind: TaskKind;
  readonly requires: readonly string[];
  readonly queued: number;
  readonly active: number;
  readonly oldest_ms: number;
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
   * @throws {HostError} `VALIDATION_FAILED` for more than 16 tags, a tag that is none, or one set of tags too many (1,000).
   */
  enqueue(tasks: readonly NewTask[]): Promise<void>;
  /** Claims one task, or undefined where none came in time. Tenants that wait take turns. */
  claim(claim: TaskClaim): Promise<TaskLease | undefined>;
  /** Holds a lease for as long again. */
  heartbeat(lease: string, lease_ms: number): Promise<LeaseAnswer>;
  /**
   * Ends a claim by its result. `ok` is kept and the task is done; `error` with `data.retryable` true is tried again after a wait that
   * doubles, with its attempts one higher, until `max_retry`; any other error is dead at once; `skip` leaves it to another worker, its
   * attempts unchanged, and is never given to the same worker again while another could do it.
   */
  complete(lease: string, result: AuditedResult): Promise<LeaseAnswer>;
  /** Ends a task that is not done; undefined where there is none. A worker that has it learns of it by its next heartbeat. */
  cancel(id: string): Promise<QueuedTask | undefined>;
  get(id: string): Promise<QueuedTask | undefined>;
  /** Waits for the end of a task; answers it as it is once the time is over. */
  waitFor(id: string, wait_ms: number, signal?: AbortSignal): Promise<QueuedTask | undefined>;
  list(query: TaskQuery): Promise<readonly QueuedTask[]>;
  backlog(): Promise<readonly TaskBacklog[]>;
  /** Sends dead tasks back, with attempts 0: these ids, or all of a kind. Answers how many. */
  retryDead(which: { readonly ids: readonly string[] } | { readonly kind: TaskKind }): Promise<number>;
  /** Returns leases that have ended, at most `max`; 50 where it is left out. Answers how many. */
  reclaim(max?: number): Promise<number>;
  /** Removes tasks that ended before a time, with their results. */
  prune(before: { readonly ended: string; readonly dead: string }): Promise<number>;
  close(): Promise<void>;
}

/** What a worker says of itself; workers are listed for as long as they are heard. */
export type WorkerReport = {
  readonly worker_id: string;
  readonly tags: readonly string[];
  readonly started_at: string;
  readonly seen_at: string;
  readonly task_id: string | null;
  readonly details: JsonObject;
};
