/**
 * Public surface of the store: a database on either engine, and its migrations.
 */
export { openDatabase, type Database, type DatabaseOptions, type DatabasePlace } from './engine/database.ts';
export type { Heard, Listener } from './engine/listeners.ts';
export type { Maintenance } from './engine/maintain.ts';
export { isUnavailable, toStorageFault } from './engine/unavailable.ts';
export {
  migrateDown,
  migrateUp,
  migrationStatus,
  type Downwards,
  type MigrationStatus,
  type Migrations,
} from './migrate.ts';
export {
  hasStore,
  openStore,
  openStoreDatabase,
  openStoreWithTasks,
  type StorePlace,
  type StoreWithTasks,
} from './open-store.ts';
export { openTaskQueue, type TaskQueueOptions } from './tasks/open-task-queue.ts';
