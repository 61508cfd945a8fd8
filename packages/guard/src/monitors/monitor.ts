/**
 * What a monitor is: it sees every result of an evaluation and says at the end whether one should look (F002-18). A plugin's
 * monitor and one of ours take the same records.
 */
import type { JsonObject, MonitorAlert, MonitorContext, MonitorRecord, MonitorSummary } from '@bulkhead/protocol';

/**
 * A monitor; any object with these methods is one (F002-20). `start` begins anew, each result comes to `record`, and `finalize` says
 * what was found. A method may return a promise; the next is called when it has settled.
 *
 * @public
 */
export interface Monitor {
  readonly start: (context: MonitorContext) => void | Promise<void>;
  readonly record: (record: MonitorRecord) => void | Promise<void>;
  readonly finalize: () => MonitorSummary | Promise<MonitorSummary>;
  /** Name of its figures in a report (F002-25). */
  readonly identifier: () => string;
}

/**
 * A monitor of ours: it never waits.
 *
 * @public
 */
export interface BuiltInMonitor extends Monitor {
  readonly start: (context: MonitorContext) => void;
  /** @throws {GuardError} `MONITOR_RECORD_INVALID` where `case_index` is no index of a case. */
  readonly record: (record: MonitorRecord) => void;
  readonly finalize: () => BuiltInSummary;
}

/**
 * How a monitor of ours ends. `alert`: shown to be worse than its bound. `warn`: shown to be worse, by less than that or where the
 * baseline is the same. `nodata`: too little was seen to say anything, which is not ok.
 *
 * @public
 */
export type MonitorStatus = 'ok' | 'warn' | 'alert' | 'nodata';

/**
 * What an alert is for: only `block` stops a candidate.
 *
 * @public
 */
export type Severity = 'info' | 'warn' | 'block';

/**
 * An alert of ours: why in a sentence, on how many pairs, records or blocks (`n`), and how sure. `p` bounds the chance of such an
 * alert where nothing is worse, over all that this monitor tested; where an e-value `e` stands beside it, it is 1/e.
 *
 * @public
 */
export type BuiltInAlert = MonitorAlert & {
  readonly severity: Severity;
  readonly message: string;
  readonly n: number;
  readonly p: number;
  readonly e?: number;
  readonly interval: readonly [number, number];
};

/**
 * What a monitor of ours found.
 *
 * @public
 */
export type BuiltInSummary = {
  readonly id: string;
  readonly summary: JsonObject & { readonly status: MonitorStatus };
  readonly alerts: readonly BuiltInAlert[];
};

const METHODS = ['start', 'record', 'finalize', 'identifier'] as const;

/**
 * Tells whether something has what a monitor needs, its own or inherited (F002-20). Never throws.
 *
 * @public
 */
export function isMonitor(value: unknown): value is Monitor {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return METHODS.every((method) => typeof Reflect.get(value, method) === 'function');
  } catch {
    // A getter that throws is no method.
    return false;
  }
}
