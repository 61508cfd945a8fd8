/**
 * A lock for a plugin's own state. One instance serves several calls at once, and they change places at every `await`;
 * what must not be interleaved runs under a lock (F004-18).
 */

/**
 * Makes a lock: a function that runs one piece of work at a time, in the order in which they came.
 *
 * What a piece of work returns or throws goes to whoever gave it, and stops nobody else. A piece that waits for another
 * one of the same lock waits for ever; the call's deadline then ends both.
 *
 * @public
 */
export function createLock(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(() => work());
    last = turn.catch(() => undefined); // Its giver hears of it; the next in line does not.
    return turn;
  };
}
