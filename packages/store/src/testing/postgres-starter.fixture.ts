/**
 * For postgres-server.test.ts: a process that starts a PostgreSQL, sends its address and waits to be killed.
 */
import { startPostgres } from './postgres-server.ts';

const { url } = await startPostgres();
process.send?.(url);
setInterval(() => undefined, 1_000);
