/**
 * Content as MCP writes it, with its names: what a tool, a resource or a prompt hands to a model beside JSON. The schemas are
 * what the host holds a plugin's answers to.
 */
import type { JsonObject } from './json.ts';

/**
 * For whom a block is, how much it matters (0 to 1), and when it was last changed (ISO 8601).
 *
 * @public
 */
export type ContentAnnotations = {
  readonly audience?: readonly ('user' | 'assistant')[];
  readonly priority?: number;
  readonly lastModified?: string;
};

/**
 * Bytes in a block: base64, or a Uint8Array, which becomes base64 on its way out.
 *
 * @public
 */
export type ContentBytes = string | Uint8Array;

/**
 * What a resource holds: text, or bytes as `blob`.
 *
 * @public
 */
export type ResourceContents = { readonly uri: string; readonly mimeType?: string } & (
  { readonly text: string } | { readonly blob: ContentBytes }
);

/**
 * One block of content, as MCP has it.
 *
 * @public
 */
export type ContentBlock = { readonly annotations?: ContentAnnotations } & (
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: ContentBytes; readonly mimeType: string }
  | { readonly type: 'resource'; readonly resource: ResourceContents }
  | {
      readonly type: 'resource_link';
      readonly uri: string;
      readonly name: string;
      readonly title?: string;
      readonly description?: string;
      readonly mimeType?: string;
      readonly size?: number;
    }
);

/**
 * What a tool answers that says `content: true`: blocks for the model, and for programs the same as JSON, where there is any.
 *
 * @public
 */
export type ToolContent = {
  readonly content: readonly ContentBlock[];
  /** `returns` is its schema. */
  readonly structuredContent?: JsonObject;
};

/**
 * One message of a prompt.
 *
 * @public
 */
export type PromptMessage = { readonly role: 'user' | 'assistant'; readonly content: ContentBlock };

const TEXT = { type: 'string' } as const;
const URI = { type: 'string', minLength: 1, maxLength: 2_048 } as const;
const BASE64 = { type: 'string', pattern: '^[A-Za-z0-9+/]*={0,2}$' } as const;
const META = { type: 'object' } as const;

const ANNOTATIONS = {
  type: 'object',
  properties: {
    audience: { type: 'array', items: { enum: ['user', 'assistant'] } },
    priority: { type: 'number', minimum: 0, maximum: 1 },
    lastModified: TEXT,
  },
} as const;

const CONTENTS = {
  type: 'object',
  properties: { uri: URI, mimeType: TEXT, text: TEXT, blob: BASE64, _meta: META },
  required: ['uri'],
  oneOf: [{ required: ['text'] }, { required: ['blob'] }],
} as const;

/** What a block of each type must have beside it. */
const BLOCKS: Readonly<Record<string, JsonObject>> = {
  text: { properties: { text: TEXT }, required: ['text'] },
  image: { properties: { data: BASE64, mimeType: TEXT }, required: ['data', 'mimeType'] },
  audio: { properties: { data: BASE64, mimeType: TEXT }, required: ['data', 'mimeType'] },
  resource: { properties: { resource: CONTENTS }, required: ['resource'] },
  resource_link: {
    properties: { uri: URI, name: TEXT, title: TEXT, description: TEXT, mimeType: TEXT, size: { type: 'number' } },
    required: ['uri', 'name'],
  },
};

const BLOCK: JsonObject = {
  type: 'object',
  properties: { type: { enum: Object.keys(BLOCKS) }, annotations: ANNOTATIONS, _meta: META },
  required: ['type'],
  allOf: Object.entries(BLOCKS).map(([type, schema]) => ({
    if: { properties: { type: { const: type } } },
    // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
    then: schema,
  })),
};

/**
 * JSON Schema of {@link ToolContent}.
 *
 * @internal
 */
export const TOOL_CONTENT_SCHEMA: JsonObject = {
  type: 'object',
  properties: { content: { type: 'array', items: BLOCK }, structuredContent: { type: 'object' } },
  required: ['content'],
  additionalProperties: false,
};

/**
 * JSON Schema of what a resource answers when it is read.
 *
 * @internal
 */
export const RESOURCE_RESULT_SCHEMA: JsonObject = {
  type: 'object',
  properties: { contents: { type: 'array', items: CONTENTS } },
  required: ['contents'],
  additionalProperties: false,
};

/**
 * JSON Schema of what a prompt answers.
 *
 * @internal
 */
export const PROMPT_RESULT_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    description: TEXT,
    messages: {
      type: 'array',
      items: {
        type: 'object',
        properties: { role: { enum: ['user', 'assistant'] }, content: BLOCK },
        required: ['role', 'content'],
      },
    },
  },
  required: ['messages'],
  additionalProperties: false,
};

/**
 * JSON Schema of what completes an argument.
 *
 * @internal
 */
export const COMPLETION_RESULT_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    values: { type: 'array', items: TEXT, maxItems: 100 },
    total: { type: 'integer', minimum: 0 },
    hasMore: { type: 'boolean' },
  },
  required: ['values'],
  additionalProperties: false,
};
