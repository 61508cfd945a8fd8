/**
 * Events between the nodes of one storage: what plugins here publish is written behind them, and what other nodes wrote is read
 * for as long as somebody here hears anything. A notice says when to read, and so does the clock, since notices are lost with
 * the connection that they come on.
 *
 * EX1: What is written is read by every node that was hearing, once, for as long as it is kept; a node that hears nothing of the
 *     storage for longer misses some, and says so.
 * EX2: Nothing is asked of a storage that no other node uses, and nothing is read where nobody hears.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import { answerInTime } from '../storage/answer-in-time.ts';
import { createBatch } from '../storage/batch.ts';
import type { EventRow, EventStorage } from '../storage/events-port.ts';
import type { NodeStorage } from '../storage/nodes-port.ts';
import { isAway } from '../storage/port.ts';
import { eventsAt } from '../storage/retention.ts';

/** What the exchange is made of. */
export type EventExchangeOptions = {
  readonly storage: EventStorage & Pick<NodeStorage, 'isShared'>;
  /** This node's id. */
  readonly node: string;
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  readonly log: Pick<Log, 'warn'>;
  /** Takes an event of another node; it must not throw. */
  readonly deliver: (row: EventRow) => void;
  /** Told of events that other nodes will not hear of. */
  readonly didLose: (events: number) => void;
};

/** This node's end. */
export type EventExchange = {
  /** Tells the other nodes, soon. O(1). */
  readonly send: (row: EventRow) => void;
  /**
   * Begins to hear, unless it does; resolves when whatever is told from now on will be heard. A storage that is away is not
   * waited for: then that begins when it is back. Never rejects.
   */
  readonly hear: () => Promise<void>;
  /** Hears no more. */
  readonly rest: () => void;
  /** Hears no more, and tells what waits. */
  readonly close: () => Promise<void>;
};

/** An event is at most 16 KiB of data: 32 MiB while the storage is away. */
const WAITING_MAX = 2_000;
const READ_MAX = 500;
const TRIM_EVERY_ROWS = 1_000;
const LOOK_EVERY_MS = 1_000;

/** Opens this node's end. */
export function createEventExchange(options: EventExchangeOptions): EventExchange {
  const { storage, startTimer, didLose } = options;
  if (!storage.isShared) return ALONE;
  let reading: Reading | undefined;
  const written = createBatch<EventRow>({
    write: createWriter(options),
    didLose,
    mayRetry: isAway,
    startTimer,
    rowsMax: WAITING_MAX,
  });
  const rest = (): void => {
    reading?.stop();
    reading = undefined;
  };
  return {
    send: written.add,
    hear: async () => {
      reading ??= startReading(options);
      await answerInTime(reading.hasBegun, LIMITS.storage_answer_ms.value);
    },
    rest,
    close: async () => {
      rest();
      await written.close();
    },
  };
}

const ALONE: EventExchange = {
  send: () => undefined,
  hear: async () => undefined,
  rest: () => undefined,
  close: async () => undefined,
};

/** What is too old is removed now and then by whoever writes much; else by the retention of every host. */
function createWriter({ storage, node, clock }: EventExchangeOptions): (rows: readonly EventRow[]) => Promise<void> {
  let sinceTrim = 0;
  return async (rows) => {
    await storage.addEvents(node, rows);
    sinceTrim += rows.length;
    if (sinceTrim < TRIM_EVERY_ROWS) return;
    sinceTrim = 0;
    // What stays too long is removed the next time; the rows are written.
    await storage.trimEvents(eventsAt(clock.wallTime())).catch(() => undefined);
  };
}

type Reading = { readonly hasBegun: Promise<void>; readonly stop: () => void };

/** Begins at the end of what is there, once the storage says where that is. */
function startReading(options: EventExchangeOptions): Reading {
  const { storage, startTimer, log } = options;
  const begun = Promise.withResolvers<void>();
  const follow = createFollower(options);
  let cancelTimer: (() => void) | undefined;
  let isStopped = false;
  let isDue = false;
  let isReading = false;
  let wasAway = false;

  async function readDue(): Promise<void> {
    isReading = true;
    while (isDue && !isStopped) {
      isDue = false;
      try {
        await follow(() => isStopped);
        wasAway = false;
      } catch (error) {
        if (!wasAway) log.warn({ err: error }, 'events of other nodes could not be read; it is tried again');
        wasAway = true;
      }
      begun.resolve();
    }
    isReading = false;
    cancelTimer?.();
    if (!isStopped) cancelTimer = startTimer(LOOK_EVERY_MS, look);
  }

  function look(): void {
    isDue = true;
    if (!isReading) void readDue();
  }

  const unwatch = storage.watchEvents(look);
  look();
  return {
    hasBegun: begun.promise,
    stop: () => {
      isStopped = true;
      cancelTimer?.();
      unwatch();
    },
  };
}

/** Reads on from where it was; the first time it only learns where that is. */
function createFollower({ storage, node, clock, log, deliver }: EventExchangeOptions) {
  let position: number | undefined;
  let readAt = clock.now();
  return async (isStopped: () => boolean): Promise<void> => {
    if (position === undefined) {
      position = await storage.lastEvent();
      readAt = clock.now();
      return;
    }
    for (let isMore = true; isMore;) {
      const { rows, next } = await storage.readEvents({ after: position, node, rowsMax: READ_MAX });
      if (isStopped()) return;
      position = next;
      for (const row of rows) deliver(row);
      isMore = rows.length === READ_MAX;
    }
    const silentMs = clock.now() - readAt;
    readAt = clock.now();
    if (silentMs > LIMITS.event_kept_ms.value)
      log.warn({ silent_ms: silentMs }, 'events of other nodes may have been missed');
  };
}
