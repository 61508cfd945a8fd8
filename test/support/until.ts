/**
 * Waits for something that has no event of its own, such as the end of a process that is not our child.
 */

const POLL_MS = 10;

/**
 * Looks until the predicate holds, at most `patienceMs`.
 *
 * @returns the last value seen; whoever asked judges it.
 */
export async function until<Value>(
  look: () => Value | Promise<Value>,
  holds: (value: Value) => boolean,
  patienceMs = 2_000,
): Promise<Value> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const value = await look();
    if (holds(value) || performance.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
