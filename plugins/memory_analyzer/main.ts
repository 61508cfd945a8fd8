/**
 * The memory analyzer: what plugins remember for a tenant, measured when somebody asks and at an interval. It reads what it is
 * let read, and writes nothing but its analyses, in its own memory.
 */
import { BaseToolPlugin, PluginMetadata, defineTool, type HealthReport, type PluginContext } from '@bulkhead/sdk';
import { analyzeOnRequest } from './on-request.ts';
import manifest from './plugin.json' with { type: 'json' };
import { ANALYSIS_TAG, createRounds, type Rounds } from './rounds.ts';

/** How often it is looked whether an analysis is due, so that a new interval is heeded at once. */
const LOOK_EVERY_MS = 1_000;
const LISTED_MAX = 20;

const plugin = {
  type: 'string',
  pattern: '^[a-z][a-z0-9_-]{0,63}$',
  description: 'Whose memory; its own where it is left out. Needs memory.read:<plugin>.',
} as const;

const analyzeMemory = defineTool({
  name: 'analyze_memory',
  description:
    'Analyses one artifact by its id, or all artifacts that hold every word of a query: sources, tags, confidence, age, relations.',
  parameters: {
    type: 'object',
    properties: {
      memory_id: { type: 'string', minLength: 1, maxLength: 64 },
      query: { type: 'string', maxLength: 1024, description: 'An empty text finds all.' },
      plugin,
    },
    additionalProperties: false,
  },
  returns: {
    type: 'object',
    properties: {
      status: { enum: ['success', 'error'] },
      analysis: { type: 'object' },
      message: { type: 'string' },
    },
    required: ['status'],
    additionalProperties: false,
  },
  idempotent: true,
  execute: (params, context) => analyzeOnRequest(params, context),
});

const listAnalyses = defineTool({
  name: 'list_analyses',
  description: 'Lists the analyses that were made at the interval and are kept, the newest first.',
  parameters: {
    type: 'object',
    properties: { plugin, limit: { type: 'integer', minimum: 1, maximum: LISTED_MAX, default: 10 } },
    additionalProperties: false,
  },
  returns: {
    type: 'object',
    properties: { analyses: { type: 'array', items: { type: 'object' }, maxItems: LISTED_MAX } },
    required: ['analyses'],
    additionalProperties: false,
  },
  idempotent: true,
  execute: async ({ plugin: source, limit = 10 }, { memory }) => {
    const kept = await memory.query('', { tags: [ANALYSIS_TAG], ...(source !== undefined && { source }), limit });
    return { analyses: kept.map(({ content }) => content) };
  },
});

/** Analyses memory (F004-23, X004-8). */
export default class MemoryAnalyzer extends BaseToolPlugin {
  readonly metadata = new PluginMetadata(manifest);
  readonly tools = [analyzeMemory, listAnalyses];
  #rounds: Rounds | undefined;

  override async onLoad(context: PluginContext): Promise<void> {
    const rounds = createRounds(context, manifest.name);
    this.#rounds = rounds;
    await context.threads.start('analysis', (scope) => rounds.look(scope), { intervalMs: LOOK_EVERY_MS });
  }

  override healthCheck(): HealthReport {
    return this.#rounds?.health() ?? { status: 'error', message: 'It has not been loaded.' };
  }
}
