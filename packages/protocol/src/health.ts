/**
 * What a plugin's own health check says, read as hostile. The words `disabled` and `unknown` are the host's alone.
 */
import { isJsonObject, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';

/**
 * Words that a plugin may say of itself (F004-12).
 *
 * @public
 */
export const HEALTH_STATUSES = ['healthy', 'warning', 'error'] as const;
/**
 * A word of {@link HEALTH_STATUSES}.
 *
 * @public
 */
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/**
 * Answer of a health check; `metrics` are the author's own figures.
 *
 * @public
 */
export type HealthReport = {
  readonly status: HealthStatus;
  readonly message?: string;
  readonly metrics?: JsonObject;
};

/**
 * What the host says, with the word `unknown`, of a plugin that has no health check (X004-2).
 *
 * @public
 */
export const HEALTH_NOT_IMPLEMENTED = 'Health check not implemented';

/**
 * Reads what a health check answered; never throws on JSON.
 *
 * @param value - Any JSON value.
 * @returns the report with every field; an answer of another shape is a report with status `error` that says so.
 * @public
 */
export function parseHealthReport(value: unknown): Required<HealthReport> {
  if (!isJsonObject(value)) return malformed(`healthCheck answered ${shown(value)}`);
  const { status, message = '', metrics = {} } = value;
  const known = HEALTH_STATUSES.find((word) => word === status);
  if (known === undefined) return malformed(`healthCheck answered the status ${shown(status)}`);
  if (typeof message !== 'string') return malformed(`healthCheck answered the message ${shown(message)}`);
  if (!isJsonObject(metrics)) return malformed(`healthCheck answered the metrics ${shown(metrics)}`);
  return { status: known, message: message.slice(0, LIMITS.reason_characters.value), metrics };
}

/**
 * Tells whether an answer is a report as it should be (X004-2): what is none counts as a check that failed.
 *
 * @public
 */
export function isHealthReport(value: unknown): value is HealthReport {
  if (!isJsonObject(value)) return false;
  const { status, message = '', metrics = {} } = value;
  return HEALTH_STATUSES.some((word) => word === status) && typeof message === 'string' && isJsonObject(metrics);
}

function malformed(what: string): Required<HealthReport> {
  const expected = `expected { status: ${HEALTH_STATUSES.map((word) => `"${word}"`).join(' | ')}, message, metrics }`;
  return { status: 'error', message: `${what}; ${expected}`, metrics: {} };
}

const SHOWN_CHARACTERS = 80;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return JSON.stringify(value);
}
