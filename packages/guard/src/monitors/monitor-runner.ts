/**
 * Drives monitors over the records of a run. A monitor is foreign code: one that throws, rejects, hangs or answers nonsense costs its
 * own summary and nothing else.
 *
 *   start ─▶ record, once a batch ─▶ finalize        a fault in any of them: failed, for good, with the first reason
 *
 * R1: no method here throws or rejects for what a monitor does. R2: a failed monitor is never called again. R3: reports stand in the
 * order of the monitors. One that blocks the thread is not stopped here; that takes a process of its own (F002-29).
 */
import type { StartTimer } from '@bulkhead/host';
import type { JsonObject, JsonValue, MonitorContext, MonitorRecord, MonitorSummary } from '@bulkhead/protocol';
import { isMonitor, type Monitor } from './monitor.ts';

/**
 * In place of a summary: why there is none.
 *
 * @public
 */
export type MonitorFailure = { readonly id: string; readonly failed: string };

/**
 * What came of a monitor. `id` is its identifier, with `#2` behind it where another before it has the same; `monitor-<n>`, from 1, where
 * it could not say it.
 *
 * @public
 */
export type MonitorReport = MonitorSummary | MonitorFailure;

/**
 * What a runner is given. `stepMs` is how long a start, a batch of records or a finalize of one monitor may take before it is failed
 * (default 10,000).
 *
 * @public
 */
export type MonitorRunnerOptions = { readonly startTimer: StartTimer; readonly stepMs?: number };

/**
 * Monitors over one run. Its owner awaits each call before the next; they settle when all monitors have, or have failed.
 *
 * @public
 */
export interface MonitorRunner {
  readonly start: (context: MonitorContext) => Promise<void>;
  /** Gives each monitor the records one after another. */
  readonly record: (batch: readonly MonitorRecord[]) => Promise<void>;
  readonly finalize: () => Promise<readonly MonitorReport[]>;
}

const STEP_MS = 10_000;

/**
 * Seats monitors; none is called before `start` but for its name. What is no monitor at all (`isMonitor`) has failed from the beginning.
 *
 * @public
 */
export function createMonitorRunner(
  monitors: readonly unknown[],
  { startTimer, stepMs = STEP_MS }: MonitorRunnerOptions,
): MonitorRunner {
  const inTime: InTime = (pending) => settledInTime(pending, { startTimer, stepMs });
  const ids = distinct(monitors.map(idOf));
  const seats = monitors.map((monitor, at) => createSeat(monitor, ids[at] ?? nameless(at), inTime));
  return {
    start: async (context) => {
      await Promise.all(seats.map((seat) => seat.start(context)));
    },
    record: async (batch) => {
      await Promise.all(seats.map((seat) => seat.record(batch)));
    },
    finalize: () => Promise.all(seats.map((seat) => seat.finalize())),
  };
}

type Seat = {
  readonly start: (context: MonitorContext) => Promise<void>;
  readonly record: (batch: readonly MonitorRecord[]) => Promise<void>;
  readonly finalize: () => Promise<MonitorReport>;
};

function createSeat(monitor: unknown, { id, failed }: Named, inTime: InTime): Seat {
  let reason = failed;
  const attempt = async (step: (live: Monitor) => unknown): Promise<unknown> => {
    if (reason !== undefined || !isMonitor(monitor)) return undefined;
    try {
      return await inTime(step(monitor));
    } catch (error) {
      reason = messageOf(error);
      return undefined;
    }
  };
  return {
    start: async (context) => {
      await attempt((live) => live.start(context));
    },
    record: async (batch) => {
      await attempt((live) => recordAll(live, batch.values(), () => reason !== undefined));
    },
    finalize: async () => {
      const answer = await attempt((live) => live.finalize());
      if (reason !== undefined) return { id, failed: reason };
      const summary = parseSummary(answer);
      return typeof summary === 'string' ? { id, failed: summary } : { ...summary, id };
    },
  };
}

/** As long as a monitor answers at once nothing is awaited: a million records take a million calls, and no promise. */
function recordAll(
  monitor: Monitor,
  records: IterableIterator<MonitorRecord>,
  hasFailed: () => boolean,
): Promise<void> | undefined {
  for (const record of records) {
    const pending: unknown = monitor.record(record);
    if (isThenable(pending)) return Promise.resolve(pending).then(() => recordRest(monitor, records, hasFailed));
  }
  return undefined;
}

async function recordRest(
  monitor: Monitor,
  records: IterableIterator<MonitorRecord>,
  hasFailed: () => boolean,
): Promise<void> {
  for (const record of records) {
    // One whose time was up meanwhile is not called again.
    if (hasFailed()) return;
    await monitor.record(record);
  }
}

type InTime = (pending: unknown) => unknown;

/** What a step answers; rejects where that does not settle in time. An answer at once costs no timer. */
function settledInTime(pending: unknown, { startTimer, stepMs }: Required<MonitorRunnerOptions>): unknown {
  if (!isThenable(pending)) return pending;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const cancel = startTimer(stepMs, () => reject(new Error(`it did not answer within ${stepMs} ms`)));
  Promise.resolve(pending).then(resolve, reject);
  return promise.finally(cancel);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return 'then' in value && typeof value.then === 'function';
}

/** Longer names are cut. */
const ID_MAX = 100;

type Named = { readonly id: string; readonly failed: string | undefined };

function idOf(monitor: unknown, at: number): Named {
  if (!isMonitor(monitor)) {
    return { ...nameless(at), failed: 'it is no monitor: expected methods start, record, finalize and identifier' };
  }
  try {
    const id: unknown = monitor.identifier();
    const failed = asksForProcess(monitor) ? ASKS_FOR_PROCESS : undefined;
    if (typeof id === 'string' && id !== '') return { id: id.slice(0, ID_MAX), failed };
    return { ...nameless(at), failed: 'identifier() gave no name; expected a text that is not empty' };
  } catch (error) {
    return { ...nameless(at), failed: messageOf(error) };
  }
}

const ASKS_FOR_PROCESS =
  'it asks for a process of its own (PLUGIN_METADATA.sandbox), and was given as an object of this one; give it as file:PATH or plugin:NAME/ENTRY';

/** Of the object, or of its class (F002-26, F002-29). Throws what its getters throw. */
function asksForProcess(monitor: Monitor): boolean {
  const of = (holder: unknown): unknown => (isObjectLike(holder) ? Reflect.get(holder, 'PLUGIN_METADATA') : undefined);
  return [of(monitor), of(Reflect.get(monitor, 'constructor'))].some(
    (metadata) => isObjectLike(metadata) && Reflect.get(metadata, 'sandbox') === true,
  );
}

function isObjectLike(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function nameless(at: number): Named {
  return { id: `monitor-${at + 1}`, failed: undefined };
}

/** No two reports have the same id. */
function distinct(named: readonly Named[]): readonly Named[] {
  const taken = new Set<string>();
  return named.map(({ id, failed }) => {
    let free = id;
    for (let number = 2; taken.has(free); number += 1) free = `${id}#${number}`;
    taken.add(free);
    return { id: free, failed };
  });
}

/** Characters of a summary as JSON: a report holds those of all monitors. */
const SUMMARY_MAX = 1_000_000;

/** A summary as JSON, of which the monitor keeps no hold, or what is wrong with it. */
function parseSummary(answer: unknown): MonitorSummary | string {
  const copy = jsonCopy(answer);
  if (!isObject(copy))
    return `finalize() gave no summary; expected an object with id, summary and alerts, as JSON of at most ${SUMMARY_MAX} characters`;
  const { id, summary, alerts } = copy;
  if (typeof id !== 'string') return 'finalize() gave no text as id';
  if (!isObject(summary)) return 'finalize() gave no object as summary';
  if (!Array.isArray(alerts) || !alerts.every(isAlert))
    return 'finalize() gave alerts that are no list of objects with a type';
  return { id, summary, alerts };
}

function jsonCopy(answer: unknown): JsonValue | undefined {
  try {
    const text = JSON.stringify(answer) as string | undefined; // The library's type denies it, but a function has no JSON.
    if (text === undefined || text.length > SUMMARY_MAX) return undefined;
    const copy: JsonValue = JSON.parse(text);
    return copy;
  } catch {
    // A cycle, a bigint or a getter that throws: no JSON.
    return undefined;
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAlert(value: JsonValue): value is JsonObject & { readonly type: string } {
  return isObject(value) && typeof value['type'] === 'string';
}

/** Longer reasons are cut: they are foreign text, and stand in every report. */
const REASON_MAX = 500;

function messageOf(error: unknown): string {
  try {
    const message = error instanceof Error ? error.message : String(error);
    return message === '' ? 'it threw an error without a message' : message.slice(0, REASON_MAX);
  } catch {
    // Something thrown that has no text.
    return 'it threw something that has no text';
  }
}
