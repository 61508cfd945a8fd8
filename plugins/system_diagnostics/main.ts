/**
 * System diagnostics: measures its own instance at an interval, judges what it is told of other plugins, keeps what it found and
 * alerts. It restarts nothing and sees no other plugin: a plugin that could would be a way around the sandbox.
 */
import { BaseToolPlugin, PluginMetadata, defineTool, type HealthReport, type PluginContext } from '@bulkhead/sdk';
import { createDiagnostics, type Diagnostics } from './diagnostics.ts';
import manifest from './plugin.json' with { type: 'json' };

/** How often it is looked whether a diagnosis is due, so that a new interval is heeded at once. */
const LOOK_EVERY_MS = 1_000;
const SAMPLES_MAX = 500;

const count = { type: 'integer', minimum: 0 } as const;
const word = { type: 'string', maxLength: 32 } as const;
const bytes = { type: 'number', minimum: 0 } as const;

/** A health object of `GET /v1/plugins`, and what else is known of a plugin; other fields of it are passed over. */
const sample = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 64 },
    state: { ...word, description: 'INITIALIZED, RUNNING, LOADED, FAILED or UNAVAILABLE.' },
    success_count: count,
    error_count: count,
    avg_execution_time_ms: { type: 'number', minimum: 0 },
    health: word,
    breaker: word,
    memory_bytes: bytes,
    memory_limit_bytes: { type: 'number', exclusiveMinimum: 0 },
    dead_threads: count,
  },
  required: ['name', 'state'],
} as const;

type Loaded = () => Diagnostics;

const diagnoseTool = (loaded: Loaded) =>
  defineTool({
    name: 'diagnose',
    description:
      'Diagnoses this instance, and the plugins whose health objects (GET /v1/plugins) are given: what is above its threshold, and how far.',
    parameters: {
      type: 'object',
      properties: { samples: { type: 'array', items: sample, maxItems: SAMPLES_MAX, default: [] } },
      additionalProperties: false,
    },
    returns: {
      type: 'object',
      properties: { status: { enum: ['healthy', 'warning', 'critical'] }, anomalies: { type: 'array' } },
      required: ['at', 'status', 'self', 'plugins', 'anomaly_count', 'anomalies', 'failure'],
    },
    execute: ({ samples = [] }) => loaded().diagnose(samples),
  });

const historyTool = (loaded: Loaded) =>
  defineTool({
    name: 'history',
    description: 'Lists the diagnoses that are kept, the newest first; only those that found something, where asked.',
    parameters: {
      type: 'object',
      properties: {
        limit: { type: 'integer', minimum: 1, maximum: 100, default: 10 },
        only_alerts: { type: 'boolean', default: false },
      },
      additionalProperties: false,
    },
    returns: {
      type: 'object',
      properties: { diagnoses: { type: 'array', items: { type: 'object' }, maxItems: 100 } },
      required: ['diagnoses'],
      additionalProperties: false,
    },
    idempotent: true,
    execute: async ({ limit = 10, only_alerts = false }) => ({
      diagnoses: await loaded().history.list({ limit, onlyAlerts: only_alerts }),
    }),
  });

/** Diagnoses (X004-8). */
export default class SystemDiagnostics extends BaseToolPlugin {
  readonly metadata = new PluginMetadata(manifest);
  #diagnostics: Diagnostics | undefined;
  readonly tools = [diagnoseTool(() => this.#loaded()), historyTool(() => this.#loaded())];

  override async onLoad(context: PluginContext): Promise<void> {
    const diagnostics = createDiagnostics(context);
    this.#diagnostics = diagnostics;
    await context.threads.start('diagnosis', (scope) => diagnostics.look(scope), { intervalMs: LOOK_EVERY_MS });
  }

  override healthCheck(): HealthReport {
    return this.#loaded().health();
  }

  #loaded(): Diagnostics {
    if (this.#diagnostics === undefined) throw new Error('the plugin has not been loaded');
    return this.#diagnostics;
  }
}
