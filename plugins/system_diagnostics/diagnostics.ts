/**
 * The diagnostics of one instance: measures itself, judges that and what it is given, keeps it, and alerts.
 *
 *   at its interval, or called ──▶ readings ──▶ anomalies ──▶ kept (internal) · a line in the log (log) · health (metrics)
 *
 * S1: The last counters of at most SAMPLED_MAX plugins are known; the one sampled longest ago leaves first.
 */
import type { HealthReport, JsonObject, PluginContext, ThreadScope } from '@bulkhead/sdk';
import {
  countsIn,
  findAnomalies,
  isUnhealthy,
  readSamples,
  statusOf,
  type Anomaly,
  type Counts,
  type Sample,
  type Status,
} from './diagnosis.ts';
import { createHistory, type History } from './history.ts';
import { measureSelf } from './measure-self.ts';
import { readSettings, type Settings } from './settings.ts';

const SAMPLED_MAX = 1_000;
/** More say no more; how many there are is told. */
const LISTED_MAX = 50;

/** What a diagnosis says; `at` is ISO 8601. */
export type Diagnosis = {
  readonly at: string;
  readonly status: Status;
  readonly self: JsonObject;
  /** `unhealthy_names` are the first fifty. */
  readonly plugins: {
    readonly sampled: number;
    readonly unhealthy: number;
    readonly unhealthy_names: readonly string[];
  };
  readonly anomaly_count: number;
  /** The fifty furthest above their threshold. */
  readonly anomalies: readonly Anomaly[];
  /** Why it was not kept, where it was not. */
  readonly failure: string | null;
};

/** The diagnostics of one instance. */
export type Diagnostics = {
  readonly diagnose: (samples: readonly Sample[]) => Promise<Diagnosis>;
  /** Diagnoses where that is due, again where it could not be kept. */
  readonly look: (scope: Pick<ThreadScope, 'signal' | 'sleep'>) => Promise<void>;
  readonly history: History;
  readonly health: () => HealthReport;
};

type Context = Pick<PluginContext, 'config' | 'logger' | 'memory' | 'resources' | 'threads'>;

/** Makes them; nothing is measured yet. */
export function createDiagnostics(context: Context): Diagnostics {
  const since = Date.now();
  const history = createHistory(context.memory);
  const counts = createLastCounts();
  let triedAt = -Infinity;
  let last: { readonly at: number; readonly diagnosis: Diagnosis } | undefined;

  async function diagnose(samples: readonly Sample[]): Promise<Diagnosis> {
    const settings = readSettings(context.config);
    const self = await measureSelf(context);
    const anomalies = findAnomalies([...self.readings, ...readSamples(samples, counts.of)], settings.thresholds);
    counts.keep(samples);
    const made = {
      at: new Date().toISOString(),
      status: statusOf(anomalies),
      self: Object.fromEntries(self.readings.map(({ measure, value }) => [measure, value])),
      plugins: pluginsOf(samples),
      anomaly_count: anomalies.length,
      anomalies: anomalies.slice(0, LISTED_MAX),
    };
    const failure = self.failure ?? (await keep(history, made, settings));
    const diagnosis = { ...made, failure: failure ?? null };
    if (settings.channels.includes('log')) log(context.logger, diagnosis);
    if (failure === undefined) last = { at: Date.now(), diagnosis };
    return diagnosis;
  }

  return {
    diagnose,
    history,
    look: async (scope) => {
      const { isEnabled, intervalMs } = readSettings(context.config);
      if (!isEnabled || Date.now() - triedAt < intervalMs) return;
      triedAt = Date.now();
      await tryOften(() => diagnose([]), readSettings(context.config), scope);
    },
    health: () => healthOf(readSettings(context.config), last, since),
  };
}

function pluginsOf(samples: readonly Sample[]): Diagnosis['plugins'] {
  const names = samples.filter(isUnhealthy).map(({ name }) => name);
  return { sampled: samples.length, unhealthy: names.length, unhealthy_names: names.slice(0, LISTED_MAX) };
}

/** Answers why it could not be kept, where it could not: a storage that is away for a moment is no end of a diagnosis. */
async function keep(
  history: History,
  made: Omit<Diagnosis, 'failure'>,
  settings: Settings,
): Promise<string | undefined> {
  const isAlert = made.anomaly_count > 0 && settings.channels.includes('internal');
  const json = made as unknown as JsonObject; // Made of numbers, texts and lists of them.
  return history.keep(json, isAlert, settings).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

async function tryOften(
  diagnose: () => Promise<Diagnosis>,
  { retriesMax, retryDelayMs }: Settings,
  { signal, sleep }: Pick<ThreadScope, 'signal' | 'sleep'>,
): Promise<void> {
  for (let retries = 0; !signal.aborted; retries += 1) {
    const { failure } = await diagnose();
    if (failure === null || retries >= retriesMax) return;
    await sleep(retryDelayMs);
  }
}

function log(logger: PluginContext['logger'], { anomalies, anomaly_count, failure }: Diagnosis): void {
  for (const { measure, of, value, threshold, deviation } of anomalies) {
    logger.warn(`${measure} of ${of} is ${value}, above ${threshold}`, { measure, of, value, threshold, deviation });
  }
  if (anomaly_count > anomalies.length) logger.warn(`and ${anomaly_count - anomalies.length} anomalies more`);
  if (failure !== null) logger.error(`the diagnosis was not kept: ${failure}`);
}

type LastCounts = {
  readonly of: (name: string) => Counts | undefined;
  readonly keep: (samples: readonly Sample[]) => void;
};

function createLastCounts(): LastCounts {
  const last = new Map<string, Counts>();
  return {
    of: (name) => last.get(name),
    keep: (samples) => {
      for (const sample of samples) {
        last.delete(sample.name); // So that it comes last.
        last.set(sample.name, countsIn(sample));
      }
      for (const name of last.keys()) {
        if (last.size <= SAMPLED_MAX) break;
        last.delete(name);
      }
    },
  };
}

type Last = { readonly at: number; readonly diagnosis: Diagnosis } | undefined;

function healthOf(settings: Settings, last: Last, since: number): HealthReport {
  const ageMs = Date.now() - (last?.at ?? since);
  const seconds = Math.round(ageMs / 1_000);
  const own = last?.diagnosis.anomalies.find(({ of }) => of === 'self');
  const metrics = settings.channels.includes('metrics') ? metricsOf(last, seconds) : {};
  if (settings.isEnabled && ageMs > 2 * settings.intervalMs) {
    const message = `the last diagnosis is ${seconds} s old; one is due every ${settings.intervalMs / 1_000} s`;
    return { status: 'warning', message, metrics };
  }
  if (own !== undefined) {
    const message = `${own.measure} of this instance is ${own.value}, above ${own.threshold}`;
    return { status: 'warning', message, metrics };
  }
  return {
    status: 'healthy',
    message: settings.isEnabled ? 'Diagnoses at its interval.' : 'Diagnoses when called.',
    metrics,
  };
}

function metricsOf(last: Last, seconds: number): JsonObject {
  if (last === undefined) return { last_diagnosis_seconds: null };
  const { self, anomaly_count, anomalies, plugins } = last.diagnosis;
  return {
    ...self,
    last_diagnosis_seconds: seconds,
    anomalies: anomaly_count,
    deviation_max: anomalies[0]?.deviation ?? 0,
    unhealthy_plugins: plugins.unhealthy,
  };
}
