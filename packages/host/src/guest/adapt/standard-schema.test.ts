import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { readTool } from './tool.ts';

const tool = (parameters: unknown, more: object = {}) =>
  readTool(
    { name: 'count', description: 'Counts.', parameters, execute: (params: unknown) => params, ...more },
    'tools[0]',
  );

const schemas = {
  zod: z.object({ word: z.string(), times: z.number().default(2) }),
  valibot: toStandardJsonSchema(v.object({ word: v.string(), times: v.optional(v.number(), 2) })),
  arktype: type({ word: 'string', times: 'number = 2' }),
};

test.for(Object.entries(schemas))('%s: the schema is written as JSON Schema of what a caller sends', ([, schema]) => {
  expect(tool(schema).wire.parameters).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { word: { type: 'string' }, times: { type: 'number' } },
    required: ['word'],
  });
});

test.for(Object.entries(schemas))('%s: the tool is given the parsed value, with its defaults', async ([, schema]) => {
  expect(await tool(schema).run({ word: 'a' }, {})).toEqual({ value: { word: 'a', times: 2 } });
});

test.for(Object.entries(schemas))('%s: as `returns` it is written as JSON Schema of what comes out', ([, schema]) => {
  const { returns } = tool({ type: 'object' }, { returns: schema }).wire;
  expect(returns).toMatchObject({ type: 'object', required: expect.arrayContaining(['word']) as unknown });
});

test('a transform reaches the tool', async () => {
  const schema = z.object({ word: z.string().transform((word) => word.length) });
  expect(await tool(schema).run({ word: 'four' }, {})).toEqual({ value: { word: 4 } });
});

test.for(Object.entries(schemas))(
  '%s: what its parser refuses is the tool’s own refusal, with the path',
  ([, schema]) => {
    const message = expect.stringMatching(/^the parameters do not match: word: .*string/) as unknown;
    expect(() => tool(schema).run({ word: 5 }, {})).toThrow(
      expect.objectContaining({ code: 'TOOL_REPORTED_ERROR', message }),
    );
  },
);

test('a rule that JSON Schema cannot say is the tool’s own refusal, with its path', async () => {
  const schema = z.object({ word: z.string().refine((word) => word !== 'no', 'must not be no') });
  expect(() => tool(schema).run({ word: 'no' }, {})).toThrow(
    expect.objectContaining({
      code: 'TOOL_REPORTED_ERROR',
      message: 'the parameters do not match: word: must not be no',
    }),
  );
});

test('an asynchronous rule is awaited', async () => {
  const schema = z.object({ word: z.string().refine(async (word) => word === 'yes', 'must be yes') });
  await expect(tool(schema).run({ word: 'yes' }, {})).resolves.toEqual({ value: { word: 'yes' } });
  await expect(tool(schema).run({ word: 'no' }, {})).rejects.toMatchObject({ code: 'TOOL_REPORTED_ERROR' });
});

test('a valibot schema that is not wrapped is told how', () => {
  expect(() => tool(v.object({}))).toThrow(
    'the parameters schema of the tool "count" is a Standard Schema of "valibot" that yields no JSON Schema; ' +
      'wrap it in toStandardJsonSchema of @valibot/to-json-schema',
  );
});

test('a type that JSON Schema cannot say is refused with the library’s own words', () => {
  expect(() => tool(z.object({ at: z.date() }))).toThrow(
    /^the parameters schema of the tool "count" cannot be written as JSON Schema: Error: Date cannot be represented/,
  );
});

test.for([
  [{ '~standard': 5 }, 'has a "~standard" that is 5'],
  [
    { '~standard': { vendor: 'mine', validate: () => ({}) } },
    'is a Standard Schema of "mine" that yields no JSON Schema; write JSON Schema',
  ],
  [{ '~standard': { vendor: 'mine', jsonSchema: { input: () => 5 } } }, 'is 5; expected an object'],
] as const)('a schema that only looks like one is named: %j', ([schema, text]) => {
  expect(() => tool(schema)).toThrow(`the parameters schema of the tool "count" ${text}`);
});

test('a parser that answers nonsense is the plugin’s fault', async () => {
  const jsonSchema = { input: () => ({ type: 'object' }) };
  const schema = { '~standard': { vendor: 'mine', jsonSchema, validate: () => 5 } };
  expect(() => tool(schema).run({}, {})).toThrow('the parameters’ Standard Schema answered 5');
});

test('zod, valibot and arktype parse in a process that may make no code and read no file', async () => {
  const program = `
    import { toStandardJsonSchema } from '@valibot/to-json-schema';
    import { type } from 'arktype';
    import * as v from 'valibot';
    import { z } from 'zod';
    import { readTool } from './tool.ts';
    const schemas = [
      z.object({ times: z.number().default(2) }),
      toStandardJsonSchema(v.object({ times: v.optional(v.number(), 2) })),
      type({ times: 'number = 2' }),
    ];
    for (const parameters of schemas) {
      const tool = readTool({ name: 'count', description: 'Counts.', parameters, execute: (params) => params }, 'it');
      console.log(tool.wire.parameters.properties.times.type, JSON.stringify(await tool.run({}, {})));
    }`;
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
  });
  const flags = ['--permission', '--disallow-code-generation-from-strings', '--input-type=module', '-'];
  const guest = spawnSync(process.execPath, flags, { input: outputFiles[0]?.text ?? '', encoding: 'utf8' });
  expect(guest.stderr).toBe('');
  expect(guest.stdout).toBe('number {"value":{"times":2}}\n'.repeat(3));
});
