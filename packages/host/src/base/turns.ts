/**
 * Work that must not overlap, one piece after another.
 */

/** Runs work after all that was given before it has ended; a failure is the giver's alone. */
export type Turns = <Answer>(work: () => Promise<Answer>) => Promise<Answer>;

/** Creates an empty line. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined); // The giver hears of it; the next one starts anew.
    return turn;
  };
}
