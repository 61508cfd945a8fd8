/**
 * For tests: one in-memory storage that several hosts of this process use as nodes use a database, notices included.
 */
import { HostError } from './base/host-error.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

/** A storage of several nodes. */
export type SharedStorage = {
  /** The storage as one node has it: closing it ends its watch alone. */
  readonly ofNode: () => Storage;
  /** From now on nobody gets an artifact until the gate is opened. */
  readonly holdArtifacts: () => { readonly open: () => void };
  /** Makes getting an artifact fail, as it does while the database is away. */
  readonly failArtifacts: (isFailing: boolean) => void;
};

/** Creates one that is new. */
export function createSharedStorage(): SharedStorage {
  const memory = createMemoryStorage();
  const listeners = new Set<() => void>();
  let held: Promise<void> = Promise.resolve();
  let isFailing = false;
  const commit: Storage['commit'] = async (write) => {
    const committed = await memory.commit(write);
    for (const tell of listeners) setImmediate(tell);
    return committed;
  };
  const getArtifact: Storage['getArtifact'] = async (digest) => {
    await held;
    if (isFailing) throw new HostError('STORAGE_UNAVAILABLE', { message: 'artifacts were made to fail' });
    return memory.getArtifact(digest);
  };
  const watch: Storage['watch'] = (didCommit) => {
    listeners.add(didCommit);
    return () => void listeners.delete(didCommit);
  };
  return {
    ofNode: () => ({ ...memory, commit, getArtifact, watch, isShared: true, close: async () => undefined }),
    holdArtifacts: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return { open: gate.resolve };
    },
    failArtifacts: (value) => void (isFailing = value),
  };
}
