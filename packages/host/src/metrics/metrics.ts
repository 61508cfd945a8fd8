/**
 * The series of DESIGN 12 for one host. Parts tell it what happened by cheap synchronous calls; prom-client writes the
 * page when it is asked for, and is never on the call path. Labels are bounded and hold no text of a plugin; tenants are named
 * where the page is asked for by tenant, and nowhere else.
 */
import { OUTCOME_KINDS, type OutcomeKind } from '@bulkhead/protocol';
import { createSeriesMetric, renderPage, type Sample } from './prometheus.ts';
import { createAgentSeries, type AgentCounts } from './agent-series.ts';
import { createRecordingSeries, type RecordingCounts } from './recording-series.ts';
import { createSecondChanceSeries, type SecondChanceCounts } from './second-chance-series.ts';
import { createServiceMetrics, type ServiceCounts } from './service-metrics.ts';
import { createFamily, createHistogram, observe, OTHER, type Family, type Histogram } from './series.ts';

/** How a handler ended; `skip` is a task that it handed on. */
export type HandlerStatus = 'ok' | 'error' | 'skip';
/** How a guest came to be: taken from the warm pool, or started for its call. */
export type StartKind = 'pool' | 'cold';
/** What may fail beside a call without changing its answer. */
export type RecordPart = 'registry' | 'ledger' | 'transitions' | 'keys' | 'metrics' | 'events' | 'usage' | 'agents';
/** What became of an event that one instance was to hear. */
export type EventOutcome = 'delivered' | 'late' | 'dropped';

/** The series of one host; every method but `renderMetrics` is synchronous, O(1) and never throws. Durations are milliseconds. */
export type Metrics = ServiceCounts &
  AgentCounts &
  RecordingCounts &
  SecondChanceCounts & {
    /** Gives a plugin its own label; calls of plugins without one count as `other`, so that made-up names cost nothing. */
    readonly addPlugin: (plugin: string) => void;
    /** Takes the label away; what it counted goes too. */
    readonly removePlugin: (plugin: string) => void;
    /** Every call, also one that did not run. O(1), allocates nothing. */
    readonly observeCall: (plugin: string, outcome: 'ok' | OutcomeKind, durationMs: number) => void;
    /** A task or tool handler; `reason` is an error code, for a status that is not ok. */
    readonly observeHandler: (
      handler: string,
      run: { readonly status: HandlerStatus; readonly durationMs: number; readonly reason?: string | undefined },
    ) => void;
    readonly observeStart: (kind: StartKind, durationMs: number) => void;
    /** `reason` is an error code, or a word of the host such as `idle`. */
    readonly countKill: (reason: string) => void;
    /** An attempt of a language model's backend; `code` is `ok` or of the error table, `tokens` those that it read and wrote. */
    readonly observeLlm: (attempt: LlmAttempt) => void;
    readonly countRecordFailure: (part: RecordPart) => void;
    readonly countEvent: (outcome: EventOutcome) => void;
    readonly countDroppedFrames: (frames: number) => void;
    /** The whole page in the text format of Prometheus 0.0.4. Never rejects for what a guest did. */
    readonly renderMetrics: (options?: MetricsPage) => Promise<string>;
  };

/** How the page is written: `byTenant` says of bytes on the network whose they were, which names tenants. */
export type MetricsPage = { readonly byTenant?: boolean };

/** How a backend answered. */
export type LlmAttempt = {
  readonly backend: string;
  readonly code: string;
  readonly durationMs: number;
  readonly tokens: number;
};

/** What is read when the page is rendered, in place of being counted. */
export type MetricsOptions = {
  /** Guests by state at this moment, such as `{ spare: 2, idle: 1, busy: 3 }`; asked for when the page is rendered. */
  readonly guests: () => Readonly<Record<string, number>>;
};

/** Calls take from 0.1 ms to minutes; 14 buckets tell p50 and p99 apart on both ends. */
const CALL_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30] as const;
/** From the pool a start is an import; without it a whole Node in a jail. */
const START_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;
const PLUGIN_LABELS_MAX = 1_000;
const HANDLER_LABELS_MAX = 1_000;
const REASON_LABELS_MAX = 64;

const OUTCOMES = ['ok', ...OUTCOME_KINDS] as const;
const OUTCOME_SLOT: ReadonlyMap<string, number> = new Map(OUTCOMES.map((outcome, slot) => [outcome, slot]));

type PluginSeries = { readonly outcomes: Float64Array; readonly duration: Histogram };
type HandlerSeries = { readonly byStatus: Family<Histogram>; readonly failures: Family<Count> };
type Count = { value: number };

/** Creates the metrics of one host; nothing is shared between hosts of one process. */
export function createMetrics(options: MetricsOptions): Metrics {
  const others = createPluginSeries();
  const plugins = new Map<string, PluginSeries>();
  const handlers = createFamily(HANDLER_LABELS_MAX, createHandlerSeries);
  const starts = createFamily<Histogram>(REASON_LABELS_MAX, () => createHistogram(START_SECONDS));
  const kills = createFamily(REASON_LABELS_MAX, createCount);
  const recordFailures = createFamily(REASON_LABELS_MAX, createCount);
  const events = createFamily(REASON_LABELS_MAX, createCount);
  const droppedFrames = createCount();
  const llm = createLlmSeries();
  const services = createServiceMetrics();
  const parts = createPartSeries();
  const page = [
    counterOf('plugin_calls_total', 'Calls by how they ended.', () => callSamples(plugins, others)),
    histogramOf('plugin_call_duration_seconds', 'Time from admission to outcome.', () =>
      durationSamples(plugins, others),
    ),
    histogramOf('handler_duration_seconds', 'Time in a handler.', () => handlerSamples(handlers)),
    counterOf('handler_fail_total', 'Handlers that failed, by code.', () => handlerFailures(handlers)),
    gaugeOf('sandbox_guests', 'Guests by state.', () => gauges('state', options.guests())),
    histogramOf('sandbox_start_seconds', 'Time until a guest could serve.', () => histograms('kind', starts)),
    counterOf('sandbox_kills_total', 'Guests that were killed, by reason.', () => counts('reason', kills)),
    counterOf('sandbox_dropped_frames_total', 'Late replies that were dropped.', () => [unlabelled(droppedFrames)]),
    counterOf('plugin_events_total', 'Events for instances, by what became of them.', () => counts('outcome', events)),
    counterOf('record_failures_total', 'Records that were lost; no answer changed.', () =>
      counts('part', recordFailures),
    ),
    ...llm.series,
    ...parts.series,
  ];

  function addPlugin(plugin: string): void {
    if (!plugins.has(plugin) && plugins.size < PLUGIN_LABELS_MAX) plugins.set(plugin, createPluginSeries());
  }

  function observeCall(plugin: string, outcome: 'ok' | OutcomeKind, durationMs: number): void {
    const series = plugins.get(plugin) ?? others;
    const slot = OUTCOME_SLOT.get(outcome) ?? 0;
    series.outcomes[slot] = (series.outcomes[slot] ?? 0) + 1;
    observe(series.duration, durationMs / 1_000);
  }

  return {
    ...services.counts,
    ...parts.counts,
    addPlugin,
    removePlugin: (plugin) => void plugins.delete(plugin),
    observeCall,
    observeHandler: (handler, run) => {
      const series = handlers.of(handler);
      observe(series.byStatus.of(run.status), run.durationMs / 1_000);
      if (run.status === 'error') series.failures.of(run.reason ?? OTHER).value += 1;
    },
    observeStart: (kind, durationMs) => observe(starts.of(kind), durationMs / 1_000),
    observeLlm: llm.observe,
    countKill: (reason) => void (kills.of(reason).value += 1),
    countRecordFailure: (part) => void (recordFailures.of(part).value += 1),
    countEvent: (outcome) => void (events.of(outcome).value += 1),
    countDroppedFrames: (frames) => void (droppedFrames.value += frames),
    renderMetrics: ({ byTenant = false } = {}) => renderPage([...page, ...services.series(byTenant)]),
  };
}

/** Series that are told of elsewhere. */
function createPartSeries() {
  const [agents, recordings, chances] = [createAgentSeries(), createRecordingSeries(), createSecondChanceSeries()];
  return {
    counts: { ...agents.counts, ...recordings.counts, ...chances.counts },
    series: [agents, recordings, chances].flatMap(({ series }) => series),
  };
}

/** A model takes from a tenth of a second to minutes for its whole answer. */
const LLM_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300] as const;

/** F000-18: the label is the backend's name. */
function createLlmSeries() {
  const tokens = createFamily(HANDLER_LABELS_MAX, createCount);
  const latency = createFamily(HANDLER_LABELS_MAX, () => createHistogram(LLM_SECONDS));
  const outcomes = createFamily(HANDLER_LABELS_MAX, () => createFamily(REASON_LABELS_MAX, createCount));
  const outcomeSamples = (): readonly Sample[] =>
    [...outcomes.entries()].flatMap(([backend, codes]) =>
      [...codes.entries()].map(([outcome, { value }]) => ({ labels: { backend, outcome }, value })),
    );
  return {
    observe: ({ backend, code, durationMs, tokens: used }: LlmAttempt): void => {
      tokens.of(backend).value += used;
      observe(latency.of(backend), durationMs / 1_000);
      outcomes.of(backend).of(code).value += 1;
    },
    series: [
      counterOf('llm_tokens_total', 'Tokens that language models read and wrote.', () => counts('backend', tokens)),
      histogramOf('llm_latency_seconds', 'Time of an attempt, to the end of the answer.', () =>
        histograms('backend', latency),
      ),
      counterOf('llm_requests_total', 'Attempts of language models, by how they ended.', outcomeSamples),
    ],
  };
}

type Read = () => readonly Sample[];
const counterOf = (name: string, help: string, read: Read) => createSeriesMetric({ type: 'counter', name, help }, read);
const gaugeOf = (name: string, help: string, read: Read) => createSeriesMetric({ type: 'gauge', name, help }, read);
const histogramOf = (name: string, help: string, read: Read) =>
  createSeriesMetric({ type: 'histogram', name, help }, read);

function createPluginSeries(): PluginSeries {
  return { outcomes: new Float64Array(OUTCOMES.length), duration: createHistogram(CALL_SECONDS) };
}

function createHandlerSeries(): HandlerSeries {
  return {
    byStatus: createFamily(REASON_LABELS_MAX, () => createHistogram(CALL_SECONDS)),
    failures: createFamily(REASON_LABELS_MAX, createCount),
  };
}

function createCount(): Count {
  return { value: 0 };
}

type Plugins = ReadonlyMap<string, PluginSeries>;

/** Outcomes that never happened are left out: 18 zeros for each plugin would drown the page. */
function callSamples(plugins: Plugins, others: PluginSeries): readonly Sample[] {
  return [...plugins, [OTHER, others] as const].flatMap(([plugin, series]) =>
    OUTCOMES.flatMap((outcome, slot) => {
      const value = series.outcomes[slot] ?? 0;
      return value === 0 ? [] : [{ labels: { plugin, outcome }, value }];
    }),
  );
}

function durationSamples(plugins: Plugins, others: PluginSeries): readonly Sample[] {
  const used = [...plugins, [OTHER, others] as const].filter(([, series]) =>
    series.outcomes.some((count) => count > 0),
  );
  return used.map(([plugin, series]) => ({ labels: { plugin }, histogram: series.duration }));
}

function handlerSamples(handlers: Family<HandlerSeries>): readonly Sample[] {
  return [...handlers.entries()].flatMap(([handler, series]) =>
    [...series.byStatus.entries()].map(([status, histogram]) => ({ labels: { handler, status }, histogram })),
  );
}

function handlerFailures(handlers: Family<HandlerSeries>): readonly Sample[] {
  return [...handlers.entries()].flatMap(([handler, series]) =>
    [...series.failures.entries()].map(([reason, { value }]) => ({ labels: { handler, reason }, value })),
  );
}

function histograms(label: string, family: Family<Histogram>): readonly Sample[] {
  return [...family.entries()].map(([name, histogram]) => ({ labels: { [label]: name }, histogram }));
}

function counts(label: string, family: Family<Count>): readonly Sample[] {
  return [...family.entries()].map(([name, { value }]) => ({ labels: { [label]: name }, value }));
}

function unlabelled(count: Count): Sample {
  return { labels: {}, value: count.value };
}

function gauges(label: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
