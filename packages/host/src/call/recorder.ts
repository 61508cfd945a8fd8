/**
 * Records a share of calls for evaluations, where the tenant's administrator has asked for that. It hears of a call when its plugin has
 * answered, draws whether to keep it, and does everything else behind the call: one call at a time, between what else the host does.
 *
 * R1: A call's answer never waits for it, and never changes by it.
 * R2: What is secret is taken out before anything is handed on.
 * R3: Everything is bounded: what waits, its bytes, and how many calls of a tenant and plugin are recorded in a second. What does not
 *     fit is counted and gone.
 */
import { LIMITS, canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { hash } from 'node:crypto';
import { isoTime, roundToMicroseconds, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RecordingFate } from '../metrics/recording-series.ts';
import type { Batch } from '../storage/batch.ts';
import type { RecordedCall } from '../storage/recordings-port.ts';
import { createBehindCalls } from './behind-calls.ts';
import type { CallEnd, CallRun } from './call-run.ts';
import { redactValue, type RedactText } from './redact.ts';

/** What it works with. `random` gives numbers from 0 up to, but not including, 1. */
export type RecorderOptions = {
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly random: () => number;
  readonly redact: RedactText;
  /** The share of a tenant's calls of a plugin that is recorded. O(1): every call asks. */
  readonly shareOf: (tenant: string, plugin: string) => number;
  readonly batch: Pick<Batch<RecordedCall>, 'add' | 'flush'>;
  /** `kept` was handed to the storage; `lost` found no room, or could not be redacted. */
  readonly count: (fate: RecordingFate) => void;
  /** Runs something when the host has done what is at hand. */
  readonly defer: (work: () => void) => void;
};

/** Records calls. */
export type Recorder = {
  /** Hears how a plugin ended a call; `params` are what it was given. O(1), never throws. */
  readonly note: (run: CallRun, params: JsonValue | undefined, end: CallEnd) => void;
  /** Hands everything that waits to the storage; never rejects. */
  readonly flush: () => Promise<void>;
};

const WAITING_MAX = LIMITS.recorded_waiting.value;
const PARAMS_BYTES_MAX = LIMITS.recorded_params_bytes.value;
const VALUE_BYTES_MAX = LIMITS.recorded_value_bytes.value;
const HASHED_BYTES_MAX = LIMITS.recorded_hashed_bytes.value;
const PER_SECOND_MAX = LIMITS.recorded_per_second.value;
const WINDOW_MS = 1_000;

type Drawn = {
  /** As it was then: where another release serves the call after all, it is told otherwise at its end. */
  readonly run: Pick<CallRun, 'id' | 'tenant' | 'task' | 'version' | 'hasChunks'>;
  readonly params: JsonValue;
  readonly end: CallEnd;
  readonly durationMs: number;
  readonly endedWall: number;
};

/** Creates a recorder that has heard of nothing. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { clock, log, random, shareOf, batch, count, defer } = options;
  const rate = createRate(clock);
  const behind = createBehindCalls<Drawn>({ waitingMax: WAITING_MAX, work: keep, defer });

  function note(run: CallRun, params: JsonValue | undefined, end: CallEnd): void {
    const { id, tenant, task, version, didRun, hasChunks, startedAt } = run;
    const share = shareOf(tenant, task.plugin);
    if (share === 0 || !didRun || task.target.kind !== 'tool' || random() >= share) return;
    if (rate.isOften(tenant, task.plugin)) return count('too_often');
    const times = { durationMs: roundToMicroseconds(clock.now() - startedAt), endedWall: clock.wallTime() };
    const drawn = { run: { id, tenant, task, version, hasChunks }, params: params ?? {}, end, ...times };
    if (!behind.add(drawn)) count('lost');
  }

  function keep(drawn: Drawn): void {
    try {
      const row = toRow(drawn, options.redact);
      if (row !== undefined) batch.add(row);
      count(row === undefined ? 'too_large' : 'kept');
    } catch (error) {
      // A function of the embedder's redacts; what it throws costs this recording.
      count('lost');
      log.warn({ err: error, call_id: drawn.run.id }, 'a call could not be recorded for evaluations');
    }
  }

  return {
    note,
    flush: async () => {
      behind.drain();
      await batch.flush();
    },
  };
}

/** Undefined where its parameters are too large to be kept. */
function toRow({ run, params, end, durationMs, endedWall }: Drawn, redact: RedactText): RecordedCall | undefined {
  if (Buffer.byteLength(JSON.stringify(params)) > PARAMS_BYTES_MAX) return undefined;
  return {
    ...{ id: run.id, tenant_id: run.tenant, plugin_name: run.task.plugin, plugin_version: run.version ?? '' },
    ...{ tool: run.task.target.name, params: redactValue(params, redact) },
    ...(end.ok ? { outcome: 'ok' as const, code: null } : { outcome: end.error.kind, code: end.error.code }),
    ...(end.ok && !run.hasChunks ? keptValue(end.value, redact) : NO_VALUE),
    ...{ duration_ms: durationMs, recorded_at: isoTime(endedWall) },
  };
}

type KeptValue = Pick<RecordedCall, 'value_sha256' | 'result'>;
const NO_VALUE: KeptValue = { value_sha256: null, result: null };

function keptValue(value: JsonValue, redact: RedactText): KeptValue {
  if (JSON.stringify(value).length > HASHED_BYTES_MAX) return NO_VALUE;
  const redacted = redactValue(value, redact);
  const text = canonicalJson(redacted);
  const isSmall = Buffer.byteLength(text) <= VALUE_BYTES_MAX;
  return { value_sha256: hash('sha256', text), result: isSmall ? { value: redacted } : null };
}

/** Counts the recordings of each tenant and plugin within a second, and tells which is one too many. */
function createRate(clock: Clock): { readonly isOften: (tenant: string, plugin: string) => boolean } {
  const counts = new Map<string, number>();
  let windowStart = clock.now();
  return {
    isOften: (tenant, plugin) => {
      const now = clock.now();
      if (now - windowStart >= WINDOW_MS) {
        counts.clear();
        windowStart = now;
      }
      const key = `${tenant}\0${plugin}`;
      const number = (counts.get(key) ?? 0) + 1;
      counts.set(key, number);
      return number > PER_SECOND_MAX;
    },
  };
}
