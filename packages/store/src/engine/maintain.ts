/**
 * What background processes do in a PostgreSQL server and nobody does in PGlite, which has none: without checkpoints its log
 * grows without end, and without vacuum its tables do. Each step is one statement, and others take turns in between.
 */
import { sql, type Kysely } from 'kysely';

/**
 * What was done.
 *
 * @internal
 */
export type Maintenance = { readonly vacuumed: readonly string[]; readonly isCheckpointed: boolean };

/**
 * As autovacuum decides by default: a fifth of the table, and so many rows more.
 *
 * @see https://www.postgresql.org/docs/18/runtime-config-vacuum.html
 */
const DEAD_ROWS_MIN = 50;
const DEAD_ROWS_SHARE = 0.2;

/** Log since the last checkpoint: recovery after a crash reads it, and the disk holds it. */
const LOG_BYTES_MAX = 16 * 2 ** 20;

/** Vacuums the tables that need it and writes a checkpoint where the log has grown. */
export async function maintain(db: Kysely<never>): Promise<Maintenance> {
  // A session tells its counters when it has been idle for a while, and this one never is.
  await sql`select pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ name: string }>`
    select quote_ident(schemaname) || '.' || quote_ident(relname) as name from pg_stat_user_tables
    where n_dead_tup > ${DEAD_ROWS_MIN}::float8 + ${DEAD_ROWS_SHARE}::float8 * n_live_tup`.execute(db);
  for (const { name } of rows) await sql`vacuum (analyze) ${sql.raw(name)}`.execute(db);
  const isCheckpointed = await hasGrown(db);
  if (isCheckpointed) await sql`checkpoint`.execute(db);
  return { vacuumed: rows.map(({ name }) => name), isCheckpointed };
}

async function hasGrown(db: Kysely<never>): Promise<boolean> {
  const { rows } = await sql<{ grown: number }>`
    select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::bigint as grown from pg_control_checkpoint()`.execute(db);
  return (rows[0]?.grown ?? 0) > LOG_BYTES_MAX;
}
