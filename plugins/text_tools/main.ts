/**
 * Text tools: the `definePlugin` style. Each tool is a definition around one pure function of `text.ts`.
 */
import { definePlugin, defineTool } from '@bulkhead/sdk';
import { countText, extractUrls, normalizeWhitespace, slugify, truncate } from './text.ts';

/** Longer texts belong in files; this one still takes well under a second to segment. */
const TEXT_CHARACTERS_MAX = 200_000;

const text = { type: 'string', maxLength: TEXT_CHARACTERS_MAX } as const;
const count = { type: 'integer', minimum: 0 } as const;

const wordCount = defineTool({
  name: 'word_count',
  description: 'Counts the words, characters (as a reader sees them), sentences and lines of a text.',
  parameters: {
    type: 'object',
    properties: { text },
    required: ['text'],
    additionalProperties: false,
  },
  returns: {
    type: 'object',
    properties: { words: count, characters: count, sentences: count, lines: count },
    required: ['words', 'characters', 'sentences', 'lines'],
    additionalProperties: false,
  },
  idempotent: true,
  execute: (params) => countText(params.text),
});

const slug = defineTool({
  name: 'slugify',
  description: 'Makes a slug for a URL or a file name: lower case a-z and 0-9, joined by hyphens.',
  parameters: {
    type: 'object',
    properties: { text, max_characters: { type: 'integer', minimum: 1, maximum: 1024, default: 80 } },
    required: ['text'],
    additionalProperties: false,
  },
  returns: {
    type: 'object',
    properties: { slug: { type: 'string', pattern: '^([a-z0-9]+(-[a-z0-9]+)*)?$' } },
    required: ['slug'],
    additionalProperties: false,
  },
  idempotent: true,
  execute: (params) => ({ slug: slugify(params.text, params.max_characters ?? 80) }),
});

const shorten = defineTool({
  name: 'truncate',
  description:
    'Shortens a text to a number of characters, at the end of a word where there is one, and adds an ellipsis.',
  parameters: {
    type: 'object',
    properties: {
      text,
      max_characters: { type: 'integer', minimum: 1, maximum: TEXT_CHARACTERS_MAX },
      ellipsis: { type: 'string', maxLength: 16, default: '…' },
    },
    required: ['text', 'max_characters'],
    additionalProperties: false,
  },
  returns: {
    type: 'object',
    properties: { text: { type: 'string' }, truncated: { type: 'boolean' } },
    required: ['text', 'truncated'],
    additionalProperties: false,
  },
  idempotent: true,
  execute: (params) => truncate(params.text, params.max_characters, params.ellipsis ?? '…'),
});

const urls = defineTool({
  name: 'extract_urls',
  description: 'Finds the http and https URLs in a text, in order, each once.',
  parameters: {
    type: 'object',
    properties: { text },
    required: ['text'],
    additionalProperties: false,
  },
  returns: {
    type: 'object',
    properties: { urls: { type: 'array', items: { type: 'string' }, uniqueItems: true } },
    required: ['urls'],
    additionalProperties: false,
  },
  idempotent: true,
  execute: (params) => ({ urls: extractUrls(params.text) }),
});

const whitespace = defineTool({
  name: 'normalize_whitespace',
  description:
    'Joins runs of spaces, ends lines with one newline, and leaves at most one empty line between paragraphs.',
  parameters: {
    type: 'object',
    properties: { text },
    required: ['text'],
    additionalProperties: false,
  },
  returns: {
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  },
  idempotent: true,
  execute: (params) => ({ text: normalizeWhitespace(params.text) }),
});

export default definePlugin({
  tools: [wordCount, slug, shorten, urls, whitespace],
  healthCheck: () => ({ status: 'healthy', message: 'Five tools, no state.' }),
});
