/**
 * A monitor that is a file, run in a guest of its own: what its operator wrote, or was given, reaches nothing of the evaluation
 * (F002-29, X002-11).
 */
import { basename } from 'node:path';
import type { Harness, Host } from '@bulkhead/host';
import type { JsonObject, JsonValue, Outcome } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import type { Monitor } from './monitor.ts';
import { createRemoteMonitor } from './remote-monitor.ts';
import { assertVersionPins } from './version-pins.ts';

/**
 * The file, and what it is started with.
 *
 * @public
 */
export type SandboxedMonitorOptions = {
  readonly host: Pick<Host, 'openHarness'>;
  readonly file: string;
  /** The second argument of its `start`. */
  readonly options?: JsonObject;
  /** Milliseconds of one call; 5,000 where not said. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 5_000;

/**
 * Opens a file as a monitor. Its module exports functions: `start(context, options)`, `record(record)`, `finalize()`, and if it likes
 * `identifier()`, which else is the file's name, and `metadata()`, which gives what an entry point has as PLUGIN_METADATA. What it keeps
 * between calls is in variables of the module. One guest takes one call at a time, in the order of the records.
 *
 * @returns A monitor; whoever opened it disposes it, which ends its guest.
 * @throws {GuardError} `MONITOR_INVALID` where the file is refused, with why, or it is for another version of guard (F002-32).
 * @public
 */
export async function createSandboxedMonitor(options: SandboxedMonitorOptions): Promise<Monitor & AsyncDisposable> {
  const { host, file, options: settings = {}, timeoutMs = TIMEOUT_MS } = options;
  const harness = await openedHarness(host, file, timeoutMs);
  const call = (fn: string, args: readonly JsonValue[]): Promise<Outcome> =>
    harness.run({ fn, args: fn === 'start' ? [...args, settings] : args });
  try {
    assertVersionPins(file, await saidBy(file, call, 'metadata'));
    const said = await saidBy(file, call, 'identifier');
    const id = typeof said === 'string' && said !== '' ? said : basename(file).replace(/\.[^.]*$/, '');
    return { ...createRemoteMonitor({ id, call }), [Symbol.asyncDispose]: () => harness.close() };
  } catch (error) {
    await harness.close();
    throw error;
  }
}

async function openedHarness(host: SandboxedMonitorOptions['host'], file: string, timeoutMs: number): Promise<Harness> {
  try {
    return await host.openHarness({ file, limits: { timeout_ms: timeoutMs } });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GuardError('MONITOR_INVALID', `the monitor "${file}" cannot be opened: ${why}`, { cause });
  }
}

/** What an export that need not be there answers. */
async function saidBy(
  file: string,
  call: (fn: string, args: readonly JsonValue[]) => Promise<Outcome>,
  fn: string,
): Promise<JsonValue | undefined> {
  const outcome = await call(fn, []);
  if (outcome.ok) return outcome.value;
  if (outcome.error.kind === 'not_found') return undefined;
  const { code, message } = outcome.error;
  throw new GuardError('MONITOR_INVALID', `the monitor "${file}" did not answer ${fn}(): ${code}: ${message}`);
}
