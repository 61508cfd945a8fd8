/**
 * pg-boss on this package's own connections, in its own schema. It has a job for each task, in a queue for each canonical set of tags and
 * one for the dead letters, and maintains their tables. Whose turn it is, and when a task is tried again, is decided here (take-task.ts,
 * moves.ts), so that its own polling, waits and expiry are not used.
 */
import type { Log } from '@bulkhead/host';
import { CompiledQuery, type PostgresPool, type Transaction } from 'kysely';
import { PgBoss, systemClock, type Db } from 'pg-boss';
import type { Database } from '../engine/database.ts';
import { isUnavailable, toStorageFault } from '../engine/unavailable.ts';
import type { Tables } from '../schema.ts';

/** The queue of dead letters (CONTRACTS, decision 7). */
export const DEAD_QUEUE = 'dead';

const SCHEMA = 'pgboss';

/**
 * How each queue is made. What becomes of a task is in our own table, so a job is never given up: its most are a year in which it waits and
 * a day with one worker, after which it waits again, and nobody is told. Jobs that have ended are of no use; results are kept apart.
 */
const QUEUE = {
  ...{ retryLimit: 2_000_000_000, retryDelay: 0, retentionSeconds: 364 * 86_400 },
  ...{ expireInSeconds: 86_400, deleteAfterSeconds: 3_600 },
} as const;

/** Timers of pg-boss never keep a process. */
const UNHELD_CLOCK = {
  ...systemClock,
  setTimeout: (run: () => void, ms: number) => setTimeout(run, ms).unref(),
  setInterval: (run: () => void, ms: number) => setInterval(run, ms).unref(),
};

/**
 * Starts pg-boss; its tables are made or brought up to date first, by one process at a time.
 *
 * @returns pg-boss, started; whoever opens it stops it, before the database is closed.
 * @throws {HostError} `STORAGE_UNAVAILABLE`.
 */
export async function openBoss(database: Database, log: Pick<Log, 'warn'> | undefined): Promise<PgBoss> {
  const { engine, patientPool } = database;
  const boss = new PgBoss({
    ...{ db: ownDb(patientPool), schema: SCHEMA, backend: engine, clock: UNHELD_CLOCK },
    // What is done by schedule has a planner of its own, and nobody reads the registry of instances.
    ...{ schedule: false, registerInstance: false, openTelemetry: { enabled: false } },
    // On PGlite vacuum is ours (engine/maintain.ts), and a rebuild would hold up the only session there is.
    ...{ supervise: true, monitorVacuum: engine === 'postgres', reindex: engine === 'postgres' },
  });
  boss.on('error', (error) => {
    if (!isUnavailable(error)) log?.warn({ err: error }, 'the queue of tasks was not maintained; it is tried again');
  });
  try {
    await boss.start();
    await createQueue(boss, DEAD_QUEUE);
    return boss;
  } catch (error) {
    await closeBoss(boss);
    throw toStorageFault(error);
  }
}

/** Makes a queue where there is none. */
export async function createQueue(boss: PgBoss, name: string): Promise<void> {
  await boss.createQueue(name, QUEUE);
}

/** Stops pg-boss without a wait for anybody: it works on no task itself. */
export async function closeBoss(boss: PgBoss): Promise<void> {
  await boss.stop({ graceful: false, close: false });
}

/** pg-boss inside a transaction of ours: what it does is done or undone with the rest. */
export function dbOf({ trx }: { readonly trx: Transaction<Tables> }): Db {
  return {
    executeSql: async (text, values = []) => {
      const { rows } = await trx.executeQuery(CompiledQuery.raw(text, [...values]));
      return { rows };
    },
  };
}

/** What pg answers to several statements at once. */
type Answer = { readonly rows: readonly unknown[] };

/** pg-boss on its own: it sends whole transactions as one text, of which all rows are its answer. */
function ownDb(pool: PostgresPool): Db {
  return {
    executeSql: async (text, values = []) => {
      const client = await pool.connect();
      try {
        // Kysely's type knows one statement at a time.
        const answer: unknown = await client.query(text, values);
        const answers = (Array.isArray(answer) ? answer : [answer]) as readonly Answer[];
        return { rows: answers.flatMap(({ rows }) => rows) };
      } catch (error) {
        // One that failed halfway leaves its transaction open, and on PGlite everybody would be in it.
        await client.query('rollback', []).catch(() => undefined);
        throw error;
      } finally {
        client.release();
      }
    },
  };
}
