/**
 * A health check that hangs is answered for here, so that it costs its report and not its instance; one that blocks the event
 * loop is the host's to end.
 */

// Taken before any plugin code can replace them.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/**
 * Resolves with the check's answer.
 *
 * @param timeoutMs - Milliseconds, from the host; without it there is no end but the call's own.
 * @throws {Error} where it does not answer in time.
 */
export function answerInTime(answer: unknown, timeoutMs: unknown): unknown {
  if (typeof timeoutMs !== 'number' || !(answer instanceof Promise)) return answer;
  const late = Promise.withResolvers<never>();
  const timer = startTimer(
    () => late.reject(new Error(`healthCheck did not answer within ${timeoutMs} ms`)),
    timeoutMs,
  ).unref();
  return Promise.race([answer, late.promise]).finally(() => stopTimer(timer));
}
