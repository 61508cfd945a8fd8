/**
 * Writes rows behind the calls that made them: adding is synchronous and cheap, one write at a time follows. A write that
 * may go well later is tried again; what cannot be written is counted and gone. It never changes an answer, holds a call up,
 * or grows without bound.
 *
 * B1: At most `rowsMax` rows are held, those under way included; a row beyond it is lost and counted.
 * B2: At most one write is under way, of at most `writeRowsMax` rows, in the order in which they were added.
 * B3: Rows wait for the timer, or until there are `flushAtRows` of them; after a write that is to be tried again, for that.
 */
import type { StartTimer } from '../base/timer.ts';

/** `write` gets at least one row; the numbers have defaults. */
export type BatchOptions<Row> = {
  readonly write: (rows: readonly Row[]) => Promise<void>;
  /** Told of rows that were lost, with why where there is an error; it must not throw. */
  readonly didLose: (rows: number, cause: unknown) => void;
  readonly startTimer: StartTimer;
  /** Tells whether a write that failed with this may go well later; none where it is left out. */
  readonly mayRetry?: (cause: unknown) => boolean;
  readonly flushAfterMs?: number;
  readonly flushAtRows?: number;
  readonly rowsMax?: number;
};

/** Rows on their way to the storage. */
export type Batch<Row> = {
  /** Adds a row; O(1), never throws. */
  readonly add: (row: Row) => void;
  /** Writes what waits; resolves when it is written, lost, or to be tried again, and never rejects. */
  readonly flush: () => Promise<void>;
  /** Writes what waits, now or never, and takes no more rows. */
  readonly close: () => Promise<void>;
};

/**
 * What a killed host may lose is what is younger than 50 ms (DESIGN 10): this long it waits, and the rest of the time is for
 * the write before it and its own, of 2 to 10 ms each.
 */
const FLUSH_AFTER_MS = 20;
/**
 * Enough for a database to take them at once. Ten times as many outlive the young generation of a busy host, whose
 * garbage collector then takes a fifth of its time.
 */
const FLUSH_AT_ROWS = 500;
/** A second of the fastest host there is, at a few hundred bytes each. */
const ROWS_MAX = 100_000;

/** What waits after a while without the storage, in bites that it takes within a query's time. */
const WRITE_ROWS_MAX = 5_000;
/** A storage that is away is asked again so soon, and not by each row. */
const RETRY_AFTER_MS = 500;

/** Creates an empty batch; its first row starts the timer. */
export function createBatch<Row>(options: BatchOptions<Row>): Batch<Row> {
  const { write, didLose, startTimer, mayRetry = () => false } = options;
  const { flushAfterMs = FLUSH_AFTER_MS, flushAtRows = FLUSH_AT_ROWS, rowsMax = ROWS_MAX } = options;
  let waiting: Row[] = [];
  let underWay = 0;
  let cancelTimer: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isAway = false;
  let isClosed = false;

  function add(row: Row): void {
    if (isClosed || waiting.length + underWay >= rowsMax) return didLose(1, undefined);
    waiting.push(row);
    if (isAway) return;
    if (waiting.length === flushAtRows) return void flush();
    cancelTimer ??= startTimer(flushAfterMs, () => void flush());
  }

  function flush(): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    // Rows that come while a write is under way wait for the next one (B2).
    writing = writing.then(writeWaiting);
    return writing;
  }

  async function writeWaiting(): Promise<void> {
    do await writeSome();
    while (!isAway && waiting.length >= flushAtRows);
    if (waiting.length > 0) cancelTimer ??= startTimer(isAway ? RETRY_AFTER_MS : flushAfterMs, () => void flush());
  }

  async function writeSome(): Promise<void> {
    if (waiting.length === 0) return;
    const rows = waiting.length <= WRITE_ROWS_MAX ? waiting : waiting.slice(0, WRITE_ROWS_MAX);
    waiting = waiting.slice(rows.length);
    underWay = rows.length;
    isAway = await isToBeRetried(rows);
    underWay = 0;
    if (isAway) waiting = [...rows, ...waiting];
  }

  /** Writes rows, or loses them; true where they are neither written nor lost. */
  async function isToBeRetried(rows: readonly Row[]): Promise<boolean> {
    try {
      await write(rows);
      return false;
    } catch (error) {
      if (!isClosed && mayRetry(error)) return true;
      didLose(rows.length, error);
      return false;
    }
  }

  async function close(): Promise<void> {
    isClosed = true;
    do await flush();
    while (waiting.length > 0);
    cancelTimer?.();
  }

  return { add, flush, close };
}
