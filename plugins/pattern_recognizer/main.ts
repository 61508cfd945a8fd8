/**
 * The pattern recognizer: finds patterns in records that it is given, and keeps what it found. It looks at nothing that it is not
 * given, and keeps no record.
 */
import { BaseToolPlugin, PluginMetadata, defineTool, type HealthReport } from '@bulkhead/sdk';
import { createKeptPatterns, type KeptPatterns } from './kept-patterns.ts';
import manifest from './plugin.json' with { type: 'json' };
import { recognizePatterns } from './recognize.ts';
import { readSettings } from './settings.ts';

const RECORDS_MAX = 5_000;
const FIELDS_MAX = 64;

const name = { type: 'string', minLength: 1, maxLength: 128 } as const;

const record = {
  type: 'object',
  properties: {
    event: { ...name, description: 'What happened.' },
    source: { ...name, description: 'Who did it.' },
    target: { ...name, description: 'To whom or what.' },
    timestamp: {
      type: ['string', 'number'],
      maxLength: 64,
      description: 'When: ISO 8601, or milliseconds since 1970.',
    },
    confidence: { type: 'number', minimum: 0, maximum: 1 },
  },
  propertyNames: { maxLength: 128 },
  maxProperties: FIELDS_MAX,
} as const;

const patternList = { type: 'array', items: { type: 'object' }, maxItems: 100 } as const;

/** Finds patterns, and keeps them. */
const recognizeTool = (kept: KeptPatterns) =>
  defineTool({
    name: 'recognize_patterns',
    description:
      'Finds patterns in records: sequences of events that repeat, events at a steady pace, shapes, and links from source to target.',
    parameters: {
      type: 'object',
      properties: { data: { type: 'array', items: record, maxItems: RECORDS_MAX } },
      required: ['data'],
      additionalProperties: false,
    },
    returns: patternList,
    idempotent: true,
    execute: async ({ data }, { memory, config }) => {
      const settings = readSettings(config);
      const found = recognizePatterns(data, settings);
      if (settings.isKeeping) await kept.keep(memory, found, settings);
      return found;
    },
  });

const listTool = (kept: KeptPatterns) =>
  defineTool({
    name: 'patterns',
    description: 'Lists the patterns that were found and are kept, the most certain first.',
    parameters: {
      type: 'object',
      properties: { kind: { enum: ['behavioural', 'temporal', 'structural', 'relational'] } },
      additionalProperties: false,
    },
    returns: patternList,
    idempotent: true,
    execute: async ({ kind }, { memory, config }) => {
      const patterns = await kept.list(memory, readSettings(config));
      return patterns.filter((pattern) => kind === undefined || pattern.kind === kind);
    },
  });

/** Recognizes patterns (F004-24, X004-8). */
export default class PatternRecognizer extends BaseToolPlugin {
  readonly metadata = new PluginMetadata(manifest);
  readonly #kept = createKeptPatterns();
  readonly tools = [recognizeTool(this.#kept), listTool(this.#kept)];

  override healthCheck(): HealthReport {
    return { status: 'healthy', message: 'Recognizes what it is given.' };
  }
}
