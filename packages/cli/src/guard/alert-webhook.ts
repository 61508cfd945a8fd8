/**
 * `--alert-webhook`: what monitors alerted of is sent to an address, once, when the evaluation has ended (X002-10).
 */
import type { Report } from '@bulkhead/guard';
import { UsageError } from '../usage-error.ts';

const TIMEOUT_MS = 10_000;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Reads the address. @throws {UsageError} where others could read on the way. */
export function parseWebhook(typed: string): URL {
  const url = URL.parse(typed);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (url !== null && isSafe) return url;
  throw new UsageError(
    '--alert-webhook is no address that may be used',
    'Expected https://..., or http to this machine.',
  );
}

/** What is sent. */
function alertsBody({ task, decision, job_metadata, monitors }: Report): string {
  const alerts = monitors.flatMap((monitor) =>
    'failed' in monitor ? [] : monitor.alerts.map((alert) => ({ monitor: monitor.id, ...alert })),
  );
  return JSON.stringify({ task, run_id: job_metadata.run_id, verdict: decision.verdict, alerts });
}

/** Sends it where there is an alert; answers a warning where it did not arrive, and never with the address, which may hold a token. */
export async function sendAlerts(url: URL, report: Report): Promise<string | undefined> {
  if (!report.monitors.some((monitor) => !('failed' in monitor) && monitor.alerts.length > 0)) return undefined;
  try {
    const { ok, status } = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: alertsBody(report),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return ok ? undefined : `the alert webhook at ${url.host} answered ${status}; the alerts are in the report`;
  } catch {
    return `the alert webhook at ${url.host} could not be reached; the alerts are in the report`;
  }
}
