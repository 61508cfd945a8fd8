/**
 * Somebody who waits for an answer no longer than it wants to: until it is there, its time is over, or it gives up.
 */
import { timerDelayMs, type StartTimer } from '../base/timer.ts';

/** One who waits. What comes after the first answer is not heard. */
export type Waiting<Answer> = {
  readonly answered: Promise<Answer>;
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: Error) => void;
};

/** For how long; `onGiveUp` makes the answer where the time is over or the signal is aborted. */
export type WaitOptions<Answer> = {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly startTimer: StartTimer;
  readonly onGiveUp: () => Answer;
};

/** Begins to wait. */
export function startWaiting<Answer>({ waitMs, signal, startTimer, onGiveUp }: WaitOptions<Answer>): Waiting<Answer> {
  const { promise: answered, resolve, reject } = Promise.withResolvers<Answer>();
  const giveUp = (): void => {
    release();
    resolve(onGiveUp());
  };
  const stopTimer = startTimer(timerDelayMs(waitMs), giveUp);
  const release = (): void => {
    stopTimer();
    signal?.removeEventListener('abort', giveUp);
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  return {
    answered,
    answer: (answer) => {
      release();
      resolve(answer);
    },
    fail: (error) => {
      release();
      reject(error);
    },
  };
}
