import { expect, expectTypeOf, test } from 'vitest';
import {
  BasePlugin,
  BaseToolPlugin,
  PluginMetadata,
  ToolResult,
  defineTool,
  type JsonObject,
  type ToolContext,
  type ToolDescription,
} from './index.ts';
import { createTestContext } from './testing/index.ts';

const metadata = new PluginMetadata({ name: 'tools', version: '1.0.0', author: 'A', description: 'Tools.' });
const context = createTestContext({ tenantId: 't' });
const parameters = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;

class Listed extends BaseToolPlugin {
  readonly metadata = metadata;
  readonly tools: readonly ToolDescription[] = [{ name: 'double', description: 'Doubles n.', parameters }];

  override async execute(toolName: string, params: JsonObject, given: ToolContext): Promise<ToolResult> {
    if (toolName !== 'double') return super.execute(toolName, params, given);
    return ToolResult.ok({ n: 2 * Number(params['n']), tenant: given.tenantId });
  }
}

class SelfRunning extends BaseToolPlugin {
  readonly metadata = metadata;
  readonly tools = [
    defineTool({ name: 'half', description: 'Halves n.', parameters, execute: ({ n }) => n / 2 }),
    defineTool({ name: 'nothing', description: 'Returns nothing.', parameters, execute: async () => undefined }),
  ];
}

test('a tool plugin is a plugin [F003-7]', () => {
  expect(new Listed()).toBeInstanceOf(BasePlugin);
});

test('its tools say name, description and JSON Schema [F003-8] [F003-9]', () => {
  expect(new Listed().tools).toEqual([{ name: 'double', description: 'Doubles n.', parameters }]);
});

test('execute is given tool, parameters and context, and answers with a ToolResult [F003-10] [F003-11] [F003-19]', async () => {
  await expect(new Listed().execute('double', { n: 2 }, context)).resolves.toEqual({
    success: true,
    data: { n: 4, tenant: 't' },
  });
});

test.for([Listed, SelfRunning])('an unknown tool is success false and "Unknown tool" [F003-12]', async (Plugin) => {
  for (const name of ['triple', '', 'constructor', '__proto__']) {
    await expect(new Plugin().execute(name, {}, context)).resolves.toEqual({ success: false, error: 'Unknown tool' });
  }
});

test('a listed tool without code of its own is unknown to the default execute [F003-12]', async () => {
  class Forgotten extends BaseToolPlugin {
    readonly metadata = metadata;
    readonly tools = [{ name: 'double', description: 'Doubles n.', parameters }];
  }
  await expect(new Forgotten().execute('double', {}, context)).resolves.toMatchObject({ success: false });
});

test('tools that bring their own execute need none of the plugin', async () => {
  const plugin = new SelfRunning();
  await expect(plugin.execute('half', { n: 3 }, context)).resolves.toEqual({ success: true, data: 1.5 });
  await expect(plugin.execute('nothing', { n: 3 }, context)).resolves.toEqual({ success: true, data: null });
});

test('the signature of execute is the contract’s [F003-10]', () => {
  expectTypeOf<Listed['execute']>().toEqualTypeOf<
    (toolName: string, params: JsonObject, context: ToolContext) => Promise<ToolResult>
  >();
});

test('results carry metadata where it is given [F003-11] [X003-1]', () => {
  expect(ToolResult.ok(5)).toEqual({ success: true, data: 5 });
  expect(ToolResult.ok(5, { unit: 'ms' })).toEqual({ success: true, data: 5, metadata: { unit: 'ms' } });
  expect(ToolResult.fail('no')).toEqual({ success: false, error: 'no' });
  expect(ToolResult.fail('no', { at: 1 })).toEqual({ success: false, error: 'no', metadata: { at: 1 } });
});

test('success tells which of data and error there is [F003-11]', () => {
  const result = ToolResult.ok({ n: 1 }) as ToolResult<{ n: number }>;
  if (result.success) expectTypeOf(result.data).toEqualTypeOf<{ n: number }>();
  else expectTypeOf(result.error).toEqualTypeOf<string>();
  expect(result.success).toBe(true);
});
