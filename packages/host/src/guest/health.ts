/**
 * A health check that hangs is answered for here, so that it costs its report and not its instance; one that blocks the event
 * loop is the host's to end.
 */

// Taken before any plugin code can replace them.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/** Asks the plugin how it is, within milliseconds. */
export type HealthAsking = (timeoutMs: unknown) => unknown;

/**
 * A health check that runs once at a time: who asks while it runs gets the answer of that run, so that a check which hangs is
 * not begun again at every interval.
 *
 * @returns a function that answers with the check's answer, within the milliseconds that the host gives; without them there is
 * no end but the call's own. It throws an Error where the check does not answer in time.
 */
export function createHealthAsking(healthCheck: (() => unknown) | undefined): HealthAsking {
  let running: Promise<unknown> | undefined;

  function begin(): unknown {
    const answer = healthCheck === undefined ? null : healthCheck();
    if (!(answer instanceof Promise)) return answer;
    const ended = (): void => void (running = undefined);
    answer.then(ended, ended);
    return (running = answer);
  }

  return (timeoutMs) => answerInTime(running ?? begin(), timeoutMs);
}

function answerInTime(answer: unknown, timeoutMs: unknown): unknown {
  if (typeof timeoutMs !== 'number' || !(answer instanceof Promise)) return answer;
  const late = Promise.withResolvers<never>();
  const timer = startTimer(
    () => late.reject(new Error(`healthCheck did not answer within ${timeoutMs} ms`)),
    timeoutMs,
  ).unref();
  return Promise.race([answer, late.promise]).finally(() => stopTimer(timer));
}
