/**
 * Processor time, which says what our own code takes even where a busy machine lets it wait.
 */

/** Milliseconds that this process was busy, all threads together, since `process.cpuUsage()` was asked. */
export function busyMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}
