/**
 * Continues with a value now where it is there, and later where it is a promise. A tool that answers at once costs no
 * promise, which a call on the fast path can tell.
 */

/** Maps a value or what a thenable resolves to; a thenable's `then` is read once. */
export function settle<T>(value: unknown, map: (value: unknown) => T | Promise<T>): T | Promise<T> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return map(value);
  const then: unknown = Reflect.get(value, 'then');
  if (typeof then !== 'function') return map(value);
  return new Promise((resolve, reject) => void Reflect.apply(then, value, [resolve, reject])).then(map);
}
