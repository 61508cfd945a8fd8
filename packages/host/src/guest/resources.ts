/**
 * `context.resources()` (F004-28): what the instance uses of what it may, as it sees itself. What binds is the host's watch and
 * the kernel; this is for a plugin that wants to stay below.
 */
import { LIMITS } from '@bulkhead/protocol';
import { getHeapStatistics } from 'node:v8';

/** Bytes of the plugin's memory and their bound, its threads and theirs. */
export type PluginResources = {
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  readonly threadsMax: number;
  /** Both are below their bounds. */
  readonly ok: boolean;
};

/** Reads them; the memory is the heap and what lies beside it, such as buffers. */
export function readResources(memoryLimitBytes: number, threads: number): PluginResources {
  const { used_heap_size, external_memory } = getHeapStatistics();
  const memoryBytes = used_heap_size + external_memory;
  const threadsMax = LIMITS.threads.value;
  return {
    memoryBytes,
    memoryLimitBytes,
    threads,
    threadsMax,
    ok: memoryBytes < memoryLimitBytes && threads < threadsMax,
  };
}
