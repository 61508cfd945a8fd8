/**
 * What this instance can see by itself: its own memory and threads, and how long the host takes to answer it. Of other plugins and of
 * the host it sees nothing, by design.
 */
import type { Memory, PluginContext } from '@bulkhead/sdk';
import { percentOf, type Reading } from './diagnosis.ts';

/** Readings of this instance, and what became of asking the host. */
export type SelfReading = { readonly readings: readonly Reading[]; readonly failure: string | undefined };

type Context = Pick<PluginContext, 'resources' | 'threads' | 'memory'>;

/** Measures; never rejects. */
export async function measureSelf({ resources, threads, memory }: Context): Promise<SelfReading> {
  const { memoryBytes, memoryLimitBytes } = resources();
  const dead = threads.list().filter(({ state }) => state === 'dead').length;
  const { responseMs, failure } = await timeAnswer(memory);
  const of = 'self';
  return {
    failure,
    readings: [
      { measure: 'memory_percent', of, value: percentOf(memoryBytes, memoryLimitBytes) },
      { measure: 'dead_threads', of, value: dead },
      { measure: 'response_ms', of, value: responseMs },
    ],
  };
}

/** One ask of the least that the host's memory service answers, there and back. */
async function timeAnswer(
  memory: Memory,
): Promise<{ readonly responseMs: number; readonly failure: string | undefined }> {
  const startedAt = performance.now();
  const failure = await memory.query('', { limit: 1 }).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  return { responseMs: Math.round((performance.now() - startedAt) * 100) / 100, failure };
}
