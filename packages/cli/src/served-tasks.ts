/**
 * The queue of tasks of a server that the command line started: on the database of its storage, or in memory as that is; opened with it and
 * closed before it.
 */
import {
  createMemoryStorage,
  createMemoryTaskQueue,
  tendQueue,
  type Log,
  type Storage,
  type TaskQueue,
} from '@bulkhead/host';
import { openStoreWithTasks, type StorePlace } from '@bulkhead/store';

/** The queue of one server. */
export type ServedTasks = {
  /** Opens the store, once the host holds the data directory, and answers its storage. */
  readonly openStore: (place: StorePlace) => Promise<Storage>;
  /** The same for both in memory, which end with the process. */
  readonly openInMemory: () => Promise<Storage>;
  /** The queue, once the store is open. */
  readonly queue: () => TaskQueue;
  /** Begins its upkeep; to dispose of it ends that, and closes the queue. Safe to do twice. */
  readonly tend: () => AsyncDisposable;
};

/** Makes it; nothing is open yet. */
export function createServedTasks(log: Log): ServedTasks {
  let opened: TaskQueue | undefined;

  function queue(): TaskQueue {
    if (opened === undefined) throw new Error('the queue of tasks is used before the store is open');
    return opened;
  }

  return {
    openStore: async (place) => {
      const { storage, tasks } = await openStoreWithTasks(place);
      opened = tasks;
      return storage;
    },
    openInMemory: async () => {
      const storage = createMemoryStorage();
      opened = createMemoryTaskQueue({ catalogue: storage });
      return storage;
    },
    queue,
    tend: () => {
      const tasks = queue();
      const tending = tendQueue(tasks, { log });
      const end = async (): Promise<void> => {
        await tending.stop();
        await tasks.close();
      };
      return { [Symbol.asyncDispose]: end };
    },
  };
}
