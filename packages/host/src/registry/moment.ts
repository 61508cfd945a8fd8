/**
 * Monotonic times told as wall times. Records keep monotonic ones, so that a jump of the wall clock reorders nothing.
 */
import { isoTime } from '../base/clock.ts';

/** Both clocks at the moment of a question, in milliseconds. */
export type Moment = { readonly now: number; readonly wallTime: number };

/** Tells a monotonic time of the past as ISO 8601. */
export function toIso(at: number, moment: Moment): string {
  return isoTime(moment.wallTime - (moment.now - at));
}
