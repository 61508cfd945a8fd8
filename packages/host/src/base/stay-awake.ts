/**
 * Keeps the process awake while it waits for an answer that is due in microseconds. A process that sleeps meanwhile is woken
 * by an interrupt to a processor that has halted: 20 to 50 µs on a virtual machine, more than a short answer takes.
 *
 *   one waits ──▶ turn ──▶ turn ──▶ … until it is answered, the time is over, or a second one waits
 *
 * K1: A wait costs at most {@link AWAKE_MS_MAX} of a processor, and nothing where there is one alone, on which the answer would be made.
 * K2: Where several wait the process is busy, and what they wait for needs the processor more: nobody is kept awake for.
 */
const AWAKE_MS_MAX = 0.2;

/** What it needs of the machine. */
export type StayAwakeOptions = {
  /** Processors that this process may run on. */
  readonly processors: number;
  /** Monotonic milliseconds, with fractions. */
  readonly now: () => number;
  /** Runs work in the next turn of the event loop, which looks for answers before it and does not sleep. */
  readonly nextTurn: (work: () => void) => void;
};

/** Waits for an answer; returns it as it is. */
export type StayAwake = <Answer>(answer: Promise<Answer>) => Promise<Answer>;

/** Creates the wait of one process. */
export function createStayAwake({ processors, now, nextTurn }: StayAwakeOptions): StayAwake {
  if (processors < 2) return (answer) => answer;
  let waiting = 0;
  let until = 0;
  let isTurning = false;

  function turn(): void {
    isTurning = waiting === 1 && now() < until;
    if (isTurning) nextTurn(turn);
  }
  const didAnswer = (): void => void (waiting -= 1);

  return (answer) => {
    waiting += 1;
    until = now() + AWAKE_MS_MAX;
    if (!isTurning) nextTurn(turn);
    isTurning = true;
    answer.then(didAnswer, didAnswer);
    return answer;
  };
}
