/**
 * Values that cost more to make than to keep.
 */

/** Returns what makes the value when it is first asked for, and then answers the same one: who never asks, never waits for it. */
export function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
