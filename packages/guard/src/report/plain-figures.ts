/**
 * Figures of a report in words that a reader takes in, the same in the page, the comment and the terminal.
 */
import { policyFromJson } from '../policy/policy-files.ts';
import type { Interval } from '../statistics/interval.ts';
import type { MonitorReport } from '../monitors/monitor-runner.ts';
import { alertsOf } from './evidence-of.ts';
import type { Report, RoleTotals } from './report.ts';

/** Where there is no figure. */
export const NO_FIGURE = '–';

const VERDICTS = {
  adopt: { word: 'Adopt', sign: '✓', meaning: 'The candidate is shown to be good enough.' },
  reject: {
    word: 'Reject',
    sign: '✕',
    meaning: 'The candidate is shown not to be good enough, or breaks what it may not.',
  },
  inconclusive: { word: 'Inconclusive', sign: '?', meaning: 'What was seen does not settle it.' },
} as const;

/** A verdict as a word, a sign and a sentence: never by colour alone. */
export function verdictWords(verdict: Report['decision']['verdict']): (typeof VERDICTS)[typeof verdict] {
  return VERDICTS[verdict];
}

/**
 * A whole number with separators.
 *
 * @internal
 */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

/**
 * A share as a percentage; 1 only where nothing is missing, 0 only where nothing is there.
 *
 * @internal
 */
export function percentText(share: number | null, digits = 2): string {
  if (share === null) return NO_FIGURE;
  const rounded = Number((share * 100).toFixed(digits));
  if (rounded === 100 && share < 1) return `>${(100 - 10 ** -digits).toFixed(digits)} %`;
  if (rounded === 0 && share > 0) return `<${(10 ** -digits).toFixed(digits)} %`;
  return `${rounded} %`;
}

/** A difference of shares in points of a hundred, with its sign. */
export function pointsText(difference: number | null): string {
  if (difference === null) return NO_FIGURE;
  return `${signed(Number((difference * 100).toFixed(2)))} points`;
}

/** Both ends of an interval of shares, in points. */
export function pointsIntervalText(interval: Interval | null): string {
  if (interval === null) return NO_FIGURE;
  const [lower, upper] = interval.map((end) => signed(Number((end * 100).toFixed(2))));
  return `${lower} to ${upper} points`;
}

/** Both ends of an interval of plain numbers. */
export function intervalText(interval: Interval | null): string {
  return interval === null ? NO_FIGURE : `${numberText(interval[0])} to ${numberText(interval[1])}`;
}

/**
 * Four digits that mean something.
 *
 * @internal
 */
export function numberText(value: number | null): string {
  if (value === null) return NO_FIGURE;
  const rounded = Number(value.toPrecision(4));
  const isPlain = rounded === 0 || (Math.abs(rounded) >= 1e-4 && Math.abs(rounded) < 1e9);
  const text = isPlain ? rounded.toLocaleString('en-US', { maximumSignificantDigits: 4 }) : rounded.toExponential();
  return text.replaceAll('-', '−');
}

/**
 * A time with a unit that fits it.
 *
 * @internal
 */
export function durationText(durationMs: number | null): string {
  if (durationMs === null) return NO_FIGURE;
  if (durationMs < 1) return `${numberText(durationMs * 1_000)} µs`;
  if (durationMs < 1_000) return `${numberText(durationMs)} ms`;
  if (durationMs < 120_000) return `${numberText(durationMs / 1_000)} s`;
  return `${numberText(durationMs / 60_000)} min`;
}

/** A pass rate with what it is worth: its interval, or the bound on failures where none was seen. */
export function passRateText({ pass_rate, pass_interval, failure_bound }: RoleTotals): string {
  if (pass_rate === null || pass_interval === null) return NO_FIGURE;
  if (failure_bound !== null) return `100 % (failures below ${percentText(failure_bound)} at 95 %)`;
  return `${percentText(pass_rate)} (${percentText(pass_interval[0])} to ${percentText(pass_interval[1])})`;
}

/** A p or q value; what rounds to 0 is told as below. */
export function probabilityText(p: number | null): string {
  if (p === null) return NO_FIGURE;
  return p < 0.0001 ? '< 0.0001' : String(Number(p.toPrecision(3)));
}

/** The difference that the policy asks for; undefined where its JSON is no policy. */
export function barOf({ policy }: Pick<Report, 'policy'>): number | undefined {
  try {
    const read = policyFromJson(policy);
    return read.kind === 'evidence' ? read.bar : read.minDelta;
  } catch {
    return undefined; // What is lost is a line in a picture; whoever replays the report is told what is wrong.
  }
}

/** What a monitor comes to, in one word, and why. */
export function monitorWords(monitor: MonitorReport): { readonly status: string; readonly lines: readonly string[] } {
  if ('failed' in monitor) return { status: 'failed', lines: [`it stopped working: ${monitor.failed}`] };
  const { status } = monitor.summary;
  const lines = alertsOf(monitor).map(({ severity, message }) => `${severity}: ${message}`);
  const fallback = lines.length > 0 ? 'alert' : 'ok';
  return { status: typeof status === 'string' ? status : fallback, lines };
}

/** How many cases count for nobody. */
export function excludedCount({ pairs }: Pick<Report, 'pairs'>): number {
  return Object.values(pairs.excluded).reduce((sum, count) => sum + count, 0);
}

/** How many count. */
export function countedCases({ pairs }: Pick<Report, 'pairs'>): number {
  return pairs.both + pairs.only_candidate + pairs.only_baseline + pairs.neither;
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value).replace('-', '−');
}
