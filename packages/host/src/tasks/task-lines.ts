/**
 * The lines in which tasks wait in memory: one for each kind, set of required tags and set of workers that have skipped, so that a worker
 * can do either all of a line or nothing of it, and no task waits behind one that the worker cannot do.
 *
 *   line "execute cpu+docker"         lanes, by priority and tenant        entries, by order
 *     heap: priority, tenant's turn -> [ 7 acme ] [ 0 other ] [ 0 acme ]   first <-> … <-> last
 *
 * L1: A line's heap has just the lanes that are not empty, and a lane's entries are sorted by `order`.
 * L2: `turn` of a tenant only grows, so a lane may stand too far in front, never too far behind: the first is put right when looked at.
 */
import type { TaskKind } from '@bulkhead/protocol';
import { createHeap, type Heap, type Heaped } from './heap.ts';
import { requiresKey } from './capability-tags.ts';
import type { TaskEntry, TenantTurn } from './task-entry.ts';

/** Tasks of one line, tenant and priority. */
export type Lane = Heaped & {
  readonly key: string;
  readonly line: TaskLine;
  readonly priority: number;
  readonly tenant: TenantTurn;
  /** The tenant's turn when the lane was last put into its place. */
  turn: number;
  first: TaskEntry | undefined;
  last: TaskEntry | undefined;
};

/** A line; `queued` counts those that wait for another attempt, too, which are in no lane. */
export type TaskLine = {
  readonly key: string;
  readonly kind: TaskKind;
  readonly setKey: string;
  /** Sorted. */
  readonly requires: readonly string[];
  readonly skippedBy: readonly string[];
  readonly lanes: Map<string, Lane>;
  readonly heap: Heap<Lane>;
  /** How many are queued of each tenant; none has 0. */
  readonly queuedOf: Map<string, number>;
  queued: number;
  active: number;
};

/** Who claims. Workers of two tenants may have the same id. */
export type WorkerName = {
  readonly workerId: string;
  /** Of which tenant it is given tasks; of all where it is undefined. */
  readonly tenant: string | undefined;
};

/** The same, as far as lines ask. */
export type WorkerProfile = WorkerName & {
  readonly tags: ReadonlySet<string>;
  readonly kinds: readonly TaskKind[] | undefined;
};

/** Tells whether a worker can do what waits in a line, as far as it is of its tenant. */
export function canDo({ workerId, tags, kinds }: WorkerProfile, line: TaskLine): boolean {
  if (kinds !== undefined && !kinds.includes(line.kind)) return false;
  for (const tag of line.requires) if (!tags.has(tag)) return false;
  return !line.skippedBy.includes(workerId);
}

/** All lines. */
export type TaskLines = {
  readonly all: () => Iterable<TaskLine>;
  /** How many tasks each set of tags has, by its key; none has 0. */
  readonly sets: () => ReadonlyMap<string, number>;
  /** Counts a task as queued in its line, which is made where it is not there. */
  readonly enter: (entry: TaskEntry) => void;
  /** Counts a task that was queued as active, and takes it out of its lane. */
  readonly activate: (entry: TaskEntry) => void;
  /** Takes a task out of its line, and out of the lane that it may wait in. */
  readonly leave: (entry: TaskEntry) => void;
  /** Puts a task of a line where it can be claimed. */
  readonly link: (entry: TaskEntry, from: 'front' | 'back') => void;
  /** The task that a worker is to have next. */
  readonly best: (worker: WorkerProfile, not: ReadonlySet<string>) => TaskEntry | undefined;
};

/** Makes no lines; each comes with its first task, and goes with its last. */
export function createTaskLines(): TaskLines {
  const lines = new Map<string, TaskLine>();
  const sets = new Map<string, number>();

  function lineOf(entry: TaskEntry): TaskLine {
    const setKey = requiresKey(entry.task.requires);
    const key = `${entry.task.kind} ${setKey} ${JSON.stringify(entry.skippedBy)}`;
    const there = lines.get(key);
    if (there !== undefined) return there;
    const line = newLine(entry, { key, setKey });
    lines.set(key, line);
    return line;
  }

  function enter(entry: TaskEntry): void {
    const line = lineOf(entry);
    count(line, entry, 1);
    sets.set(line.setKey, (sets.get(line.setKey) ?? 0) + 1);
    entry.line = line;
  }

  function activate(entry: TaskEntry): void {
    const { line } = entry;
    if (line === undefined) return;
    unlink(entry);
    count(line, entry, -1);
    line.active += 1;
  }

  function leave(entry: TaskEntry): void {
    const { line } = entry;
    if (line === undefined) return;
    unlink(entry);
    entry.line = undefined;
    if (entry.state === 'active') line.active -= 1;
    else count(line, entry, -1);
    const left = (sets.get(line.setKey) ?? 1) - 1;
    if (left === 0) sets.delete(line.setKey);
    else sets.set(line.setKey, left);
    if (line.queued === 0 && line.active === 0) lines.delete(line.key);
  }

  function best(worker: WorkerProfile, not: ReadonlySet<string>): TaskEntry | undefined {
    let found: TaskEntry | undefined;
    for (const line of lines.values()) {
      if (line.heap.size() === 0 || !canDo(worker, line)) continue;
      const isAny = not.size === 0 && worker.tenant === undefined;
      const entry = isAny ? firstOf(line)?.first : firstAllowed(line, not, worker.tenant);
      if (entry !== undefined && (found === undefined || goesBefore(entry, found))) found = entry;
    }
    return found;
  }

  return { all: () => lines.values(), sets: () => sets, enter, activate, leave, link, best };
}

function newLine({ task, skippedBy }: TaskEntry, keys: Pick<TaskLine, 'key' | 'setKey'>): TaskLine {
  return {
    ...keys,
    kind: task.kind,
    requires: task.requires.toSorted(),
    skippedBy,
    lanes: new Map(),
    heap: createHeap<Lane>((a, b) => a.priority > b.priority || (a.priority === b.priority && a.turn < b.turn)),
    queuedOf: new Map(),
    queued: 0,
    active: 0,
  };
}

/** Counts a task as queued in its line, or as queued no more. */
function count(line: TaskLine, { tenant }: TaskEntry, change: 1 | -1): void {
  line.queued += change;
  const left = (line.queuedOf.get(tenant.id) ?? 0) + change;
  if (left === 0) line.queuedOf.delete(tenant.id);
  else line.queuedOf.set(tenant.id, left);
}

/** Returns the lane whose turn it is, having put right what stood too far in front (L2). */
function firstOf({ heap }: TaskLine): Lane | undefined {
  for (;;) {
    const lane = heap.first();
    if (lane === undefined || lane.turn === lane.tenant.turn) return lane;
    lane.turn = lane.tenant.turn;
    heap.moved(lane);
  }
}

/** Looks past tasks that the worker does not want, which are few, and past lanes of other tenants. */
function firstAllowed({ heap }: TaskLine, not: ReadonlySet<string>, tenant: string | undefined): TaskEntry | undefined {
  let found: TaskEntry | undefined;
  for (const lane of heap.items()) {
    if (tenant !== undefined && lane.tenant.id !== tenant) continue;
    let entry = lane.first;
    while (entry !== undefined && not.has(entry.task.id)) entry = entry.next;
    if (entry !== undefined && (found === undefined || goesBefore(entry, found))) found = entry;
  }
  return found;
}

function goesBefore(a: TaskEntry, b: TaskEntry): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.tenant.turn !== b.tenant.turn) return a.tenant.turn < b.tenant.turn;
  return a.order < b.order;
}

function link(entry: TaskEntry, from: 'front' | 'back'): void {
  const { line } = entry;
  if (line === undefined) return;
  const lane = laneOf(line, entry);
  const after = from === 'back' ? lastBefore(lane, entry.order) : lastBeforeFromFront(lane, entry.order);
  const next = after === undefined ? lane.first : after.next;
  entry.lane = lane;
  entry.previous = after;
  entry.next = next;
  if (after === undefined) lane.first = entry;
  else after.next = entry;
  if (next === undefined) lane.last = entry;
  else next.previous = entry;
}

function laneOf(line: TaskLine, { priority, tenant }: TaskEntry): Lane {
  const key = `${priority} ${tenant.id}`;
  const there = line.lanes.get(key);
  if (there !== undefined) return there;
  const lane: Lane = { key, line, priority, tenant, turn: tenant.turn, first: undefined, last: undefined, place: -1 };
  line.lanes.set(key, lane);
  line.heap.add(lane);
  return lane;
}

function lastBefore(lane: Lane, order: number): TaskEntry | undefined {
  let entry = lane.last;
  while (entry !== undefined && entry.order > order) entry = entry.previous;
  return entry;
}

function lastBeforeFromFront(lane: Lane, order: number): TaskEntry | undefined {
  let before: TaskEntry | undefined;
  for (let entry = lane.first; entry !== undefined && entry.order < order; entry = entry.next) before = entry;
  return before;
}

function unlink(entry: TaskEntry): void {
  const { lane, previous, next } = entry;
  if (lane === undefined) return;
  if (previous === undefined) lane.first = next;
  else previous.next = next;
  if (next === undefined) lane.last = previous;
  else next.previous = previous;
  entry.lane = undefined;
  entry.previous = undefined;
  entry.next = undefined;
  if (lane.first !== undefined) return;
  lane.line.heap.remove(lane);
  lane.line.lanes.delete(lane.key);
}
