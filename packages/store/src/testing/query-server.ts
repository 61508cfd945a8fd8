/**
 * Asks a PostgreSQL server as somebody who is no node of ours, for tests that look at what nodes wrote.
 */
import { Client } from 'pg';

/** A row as the driver reads it. */
export type QueriedRow = Readonly<Record<string, unknown>>;

/** Runs one statement on a connection of its own. */
export async function queryServer(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly QueriedRow[]> {
  const client = new Client({ connectionString: url, application_name: 'a test' });
  await client.connect();
  try {
    return (await client.query<QueriedRow>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
