/**
 * What the two engines have in common, as database.ts uses them.
 */
import type { PostgresPool } from 'kysely';
import type { Listener } from './listeners.ts';

/** How long an engine waits. */
export type Patience = {
  /** A query that takes longer is given up, and its connection with it. */
  readonly queryTimeoutMs: number;
  /** The same for migrations and maintenance. */
  readonly patientTimeoutMs: number;
};

/** An opened engine. */
export type Engine = {
  readonly name: 'pglite' | 'postgres';
  readonly pool: PostgresPool;
  /** The same, for the same few statements over and over. */
  readonly preparedPool: PostgresPool;
  /** Its queries may take `patientTimeoutMs`. */
  readonly patientPool: PostgresPool;
  /**
   * Listens to a channel until the returned function is called. The listener hears a `gap` each time that listening
   * begins, the first included.
   */
  readonly listen: (channel: string, listener: Listener) => () => void;
  /** How often a disk was waited for by this process; PostgreSQL has its own. */
  readonly fsyncCount: () => number;
  readonly close: () => Promise<void>;
};
