/**
 * The type check of `bulkhead dev`: after a load, behind it, and given up for the next one. It holds no load back, because types
 * are stripped and what runs is what is written.
 */
import type { DevEvent } from './dev-event.ts';
import { findTypeErrors } from '../type-errors.ts';

/** Checks that follow loads. */
export type TypeCheck = {
  /** Begins one, some time after now. */
  readonly start: () => void;
  /** Gives up the one that is under way. */
  readonly cancel: () => void;
};

/** The load's first calls are worth more than the compiler's start. */
const DELAY_MS = 250;

/** Makes the check of a folder. It tells of errors, and of their end; that there never were any is no news. */
export function createTypeCheck(dir: string, tell: (event: DevEvent) => void): TypeCheck {
  let running = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let hadErrors = false;

  async function check(signal: AbortSignal): Promise<void> {
    const findings = await findTypeErrors(dir, signal);
    if (findings === undefined || signal.aborted) return;
    if (findings.length > 0 || hadErrors) tell({ event: 'types', findings });
    hadErrors = findings.length > 0;
  }

  const cancel = (): void => {
    clearTimeout(timer);
    running.abort();
  };
  return {
    cancel,
    start: () => {
      cancel();
      running = new AbortController();
      const { signal } = running;
      timer = setTimeout(() => void check(signal), DELAY_MS);
    },
  };
}
