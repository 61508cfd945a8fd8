/**
 * An evaluation while this node carries it on: what was stored of it last, and the only way to store more. Writes follow one another,
 * each at the revision of the one before, so that a change by anybody else ends the carrying here.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { StartTimer } from '../base/timer.ts';
import { createTurns } from '../base/turns.ts';
import type { Evaluations, EvaluationStep } from '../evaluations/evaluations.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';

/** One that is carried on. `signal` fires when it no longer is. */
export type WatchedEvaluation = {
  readonly now: () => Evaluation;
  readonly signal: AbortSignal;
  /** Stores what has come of it. @throws {HostError} as {@link Evaluations.progress} does; and the signal's reason. */
  readonly write: (step: EvaluationStep) => Promise<Evaluation>;
  /** Stores a part of its summary, beside what is there. Nothing is written where that says nothing new. */
  readonly note: (part: JsonObject) => Promise<void>;
  /** Waits, unless the signal fires. @throws the signal's reason. */
  readonly pause: (milliseconds: number) => Promise<void>;
};

/** Takes one up. */
export function watchEvaluation(
  evaluation: Evaluation,
  path: { readonly evaluations: Pick<Evaluations, 'progress'>; readonly startTimer: StartTimer },
  signal: AbortSignal,
): WatchedEvaluation {
  const inTurn = createTurns();
  let stored = evaluation;
  const write = (plan: () => EvaluationStep | undefined): Promise<Evaluation> =>
    inTurn(async () => {
      signal.throwIfAborted();
      const step = plan();
      if (step !== undefined) stored = await path.evaluations.progress(stored, step);
      return stored;
    });
  return {
    now: () => stored,
    signal,
    write: (step) => write(() => step),
    note: async (part) => {
      await write(() => {
        const summary = { ...stored.summary, ...part };
        return JSON.stringify(summary) === JSON.stringify(stored.summary) ? undefined : { summary };
      });
    },
    pause: (milliseconds) => pause(path.startTimer, milliseconds, signal),
  };
}

function pause(startTimer: StartTimer, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error); // Aborted with errors alone.
    const stop = (): void => {
      cancel();
      reject(signal.reason as Error); // The same.
    };
    const cancel = startTimer(milliseconds, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
