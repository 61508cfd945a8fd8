/**
 * An executor that a plugin offers, run in the plugin's own sandbox: guard adds no way into it, and believes nothing that it answers
 * before it was read (F002-2 to F002-6).
 */
import type { Host } from '@bulkhead/host';
import type { CallError, JsonObject, Outcome } from '@bulkhead/protocol';
import { failed, type Execution, type Executor } from './executor.ts';
import { normalizeExecution } from './normalize.ts';
import { typeOfOutcome } from './outcome-types.ts';
import { settledRun, type RunClock, type RunRequest } from './settled-run.ts';
import { cleanText, ERROR_CHARACTERS_MAX, OUTPUT_BYTES_MAX } from './texts.ts';

/**
 * Which executor of which plugin, and through what it is reached.
 *
 * @public
 */
export type PluginExecutorOptions = {
  readonly host: Pick<Host, 'callEntry'>;
  readonly clock: RunClock;
  readonly plugin: string;
  /** Of the group `executors`. */
  readonly entry: string;
  /** The host's `default` where not said. */
  readonly tenant?: string;
  /** Milliseconds beyond a run's own that the plugin has to end it and say so; 2,000 where not said. */
  readonly graceMs?: number;
  /** Whoever opens it says that the same code answers the same to the same; false where not said. */
  readonly isDeterministic?: boolean;
  /** The plugin's version or configuration, where answers are kept: those of another are not given. */
  readonly config?: JsonObject;
};

/** Ending a process and starting the next takes a plugin some 200 ms. */
const GRACE_MS = 2_000;

/**
 * Opens a plugin's executor. The plugin has the run's seconds and `graceMs` to answer; its manifest's `limits.timeout_ms` must allow
 * for both.
 *
 * Who is blamed: for `success: false` whom its `error_type` says, as the plugin tells it; for no answer in time the implementation,
 * unless the plugin's own limit is below the run's (`infrastructure`); for an answer that is no execution, no JSON or too large the
 * implementation (`parse_error`); for whatever else befalls the plugin, the executor.
 *
 * @returns An executor that may run any number of cases at once, as far as the plugin's `limits.concurrency` lets it; it holds nothing.
 * @public
 */
export function createPluginExecutor(options: PluginExecutorOptions): Executor {
  const { plugin, entry, config = {}, isDeterministic = false } = options;
  return {
    about: { name: `plugin:${plugin}/${entry}`, config, isDeterministic },
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: (filePath, funcName, args, timeoutS, memMb, { signal } = {}) => {
      const request = { filePath, funcName, args, timeoutS, memMb, signal };
      return settledRun(options.clock, request, () => callPlugin(options, request));
    },
  };
}

async function callPlugin(options: PluginExecutorOptions, request: RunRequest): Promise<Execution> {
  const { host, clock, plugin, entry, tenant, graceMs = GRACE_MS } = options;
  const { filePath, funcName, args, timeoutS, memMb, signal } = request;
  const startedAt = clock.now();
  const outcome = await host.callEntry({
    ...{ plugin, group: 'executors', name: entry, method: 'execute', tenant, signal },
    args: [filePath, funcName, args, timeoutS, memMb],
    timeoutMs: Math.ceil(timeoutS * 1_000 + graceMs),
  });
  const durationMs = clock.now() - startedAt;
  return outcome.ok ? answered(outcome, durationMs) : unanswered(outcome, timeoutS, durationMs);
}

type Answered = Extract<Outcome, { readonly ok: true }>;
type Unanswered = Extract<Outcome, { readonly ok: false }>;

/** The plugin's answer, with what the host measured where the plugin measured nothing. */
function answered({ value, call }: Answered, durationMs: number): Execution {
  const execution = normalizeExecution(value, { durationMs });
  return {
    ...(call.cpu_ms !== null && { cpu_ms: call.cpu_ms }),
    ...(call.peak_rss_bytes !== null && { peak_rss_bytes: call.peak_rss_bytes }),
    ...execution,
  };
}

function unanswered({ error, call }: Unanswered, timeoutS: number, durationMs: number): Execution {
  const isEarly = error.kind === 'timeout' && call.duration_ms < timeoutS * 1_000;
  return failed(isEarly ? 'infrastructure' : typeOfOutcome(error.kind), messageOf(error, isEarly), {
    durationMs,
    stdout: cleanText(call.stdout, OUTPUT_BYTES_MAX),
    stderr: cleanText(call.stderr, OUTPUT_BYTES_MAX),
  });
}

function messageOf({ code, message, hint }: CallError, isEarly: boolean): string {
  const cure = isEarly ? "Raise limits.timeout_ms in the plugin's manifest above the run's timeout." : hint;
  return cleanText(`${code}: ${message}. ${cure}`, ERROR_CHARACTERS_MAX);
}
