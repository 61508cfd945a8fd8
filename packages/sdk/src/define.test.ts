import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  definePlugin,
  defineTool,
  type JsonObject,
  type JsonValue,
  type ParamsOf,
  type Plugin,
  type ToolDefinition,
} from './index.ts';

const base = { name: 'echo', description: 'Echoes.' };
const jsonSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };

test('definePlugin and defineTool return their very argument', () => {
  const tool = { ...base, parameters: jsonSchema, execute: (params: JsonObject) => params };
  const plugin = { tools: [tool] };
  expect(defineTool(tool)).toBe(tool);
  expect(definePlugin(plugin)).toBe(plugin);
});

test('definePlugin keeps the exact type of what it is given', () => {
  const plugin = definePlugin({ onLoad: async () => undefined });
  expectTypeOf(plugin.onLoad).toEqualTypeOf<() => Promise<undefined>>();
  expectTypeOf(plugin).not.toHaveProperty('tools');
});

test('a JSON Schema gives a JSON object as params [F003-9]', () => {
  defineTool({
    ...base,
    parameters: jsonSchema,
    execute: (params, context) => {
      expectTypeOf(params).toEqualTypeOf<JsonObject>();
      expectTypeOf(context.tenantId).toEqualTypeOf<string>();
      expectTypeOf(context.userId).toEqualTypeOf<string | undefined>();
      expectTypeOf(context.conversationId).toEqualTypeOf<string | undefined>();
      expectTypeOf(context.traceId).toEqualTypeOf<string | undefined>();
      return params;
    },
  });
  expectTypeOf<Parameters<ToolDefinition['execute']>[0]>().toEqualTypeOf<JsonObject>();
});

test('a JSON Schema literal types the fields of params', () => {
  const parameters = {
    type: 'object',
    properties: {
      text: { type: 'string' },
      times: { type: 'integer' },
      mode: { enum: ['upper', 'lower'] },
      tags: { type: 'array', items: { type: 'string' } },
      at: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
      any: {},
    },
    required: ['text', 'at'],
  } as const;
  type Expected = {
    readonly text: string;
    readonly times?: number;
    readonly mode?: 'upper' | 'lower';
    readonly tags?: readonly string[];
    readonly at: { readonly x: number };
    readonly any?: JsonValue;
  };
  expectTypeOf<ParamsOf<typeof parameters>>().toEqualTypeOf<Expected>();
  const tool = defineTool({ ...base, parameters, execute: ({ text, times }) => text.repeat(times ?? 1) });
  expectTypeOf(definePlugin({ tools: [tool] })).toExtend<Plugin>();
});

test('a schema of zod, valibot or arktype gives its output as params', () => {
  const zod = z.object({ word: z.string(), times: z.number().default(2), at: z.string().transform(Number) });
  const valibot = toStandardJsonSchema(v.object({ word: v.string(), times: v.optional(v.number(), 2) }));
  const arktype = type({ word: 'string', times: 'number = 2' });
  expectTypeOf<ParamsOf<typeof zod>>().toEqualTypeOf<{ word: string; times: number; at: number }>();
  expectTypeOf<ParamsOf<typeof valibot>>().toEqualTypeOf<{ word: string; times: number }>();
  expectTypeOf<ParamsOf<typeof arktype>>().toEqualTypeOf<{ word: string; times: number }>();
  const tools = [
    defineTool({ ...base, parameters: zod, execute: ({ word, at }) => word.repeat(at) }),
    defineTool({ ...base, parameters: valibot, execute: ({ word, times }) => word.repeat(times) }),
    defineTool({ ...base, parameters: arktype, execute: ({ word, times }) => word.repeat(times) }),
  ] as const;
  expectTypeOf(definePlugin({ tools })).toExtend<Plugin>();
});

test('a schema that yields no JSON Schema does not compile', () => {
  // @ts-expect-error -- valibot's own schema is a Standard Schema without JSON Schema
  defineTool({ ...base, parameters: v.object({ word: v.string() }), execute: () => null });
  expect.assertions(0);
});

test('a misspelt member does not compile', () => {
  // @ts-expect-error -- required_permissions is the wire's spelling
  defineTool({ ...base, parameters: jsonSchema, required_permissions: ['a:b'], execute: () => null });
  // @ts-expect-error -- there is no such hook
  const plugin: Plugin = { hooks: { before_toolcall: (data) => data } };
  expectTypeOf(plugin).toEqualTypeOf<Plugin>();
});

test('a hook’s handler sees data and context [F003-5]', () => {
  definePlugin({
    hooks: {
      before_tool_call: (data, context) => {
        expectTypeOf(data).toEqualTypeOf<JsonObject>();
        expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
        return { ...data, seen: true };
      },
      on_error: () => undefined,
    },
  });
});
