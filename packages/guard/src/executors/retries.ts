/**
 * When a request is sent again, and how long one waits before (X002-12). Pure but for {@link pause}, which is given its timer.
 */
import type { StartTimer } from '@bulkhead/host';
import { calledOff } from './settled-run.ts';

/** Requests beyond the first. */
export const RETRIES_MAX = 3;

const FIRST_WAIT_MS = 500;
const WAIT_MS_MAX = 8_000;
const JITTER = 0.1;
/** What asks for a longer wait is asked again after this. */
export const RETRY_AFTER_MS_MAX = 60_000;

/**
 * Milliseconds before retry `n`, 0 for the first: 0.5 · 2^n seconds, at most 8, up to a tenth more or less so that those who failed
 * together do not come again together.
 *
 * @param random - From 0 to below 1.
 */
export function backoffMs(n: number, random: number): number {
  return Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** n) * (1 + JITTER * (2 * random - 1));
}

/**
 * Milliseconds that a `Retry-After` asks for, at most {@link RETRY_AFTER_MS_MAX}: whole seconds, or an HTTP date, which is compared with
 * the wall clock.
 *
 * @returns Undefined where there is none, or what is there is neither.
 * @see RFC 9110 §10.2.3.
 */
export function retryAfterMs(header: string | null, wallTime: number): number | undefined {
  const text = header?.trim() ?? '';
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : undefined;
  const untilMs = HTTP_DATE.test(text) ? Date.parse(text) - wallTime : Number.NaN;
  const askedMs = seconds ?? untilMs;
  return Number.isNaN(askedMs) ? undefined : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, askedMs));
}

/** The one form that may be written today; `Date.parse` alone takes much else. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Waits. @throws {RunEnd} `cancelled` where it is called off. */
export async function pause(startTimer: StartTimer, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) throw calledOff();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = startTimer(waitMs, resolve);
  const onAbort = (): void => reject(calledOff());
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
