import { expect, expectTypeOf, test } from 'vitest';
import {
  BasePlugin,
  PluginMetadata,
  type HealthReport,
  type JsonObject,
  type PluginContext,
  type PluginHook,
} from './index.ts';
import { createTestContext } from './testing/index.ts';

class Plain extends BasePlugin {
  readonly metadata = new PluginMetadata({ name: 'plain', version: '1.0.0', author: 'A', description: 'Plain.' });
}

const context: PluginContext = createTestContext({ tenantId: 't' });

test('a subclass needs nothing but its metadata [F003-1] [F003-2]', () => {
  expect(new Plain().metadata.name).toBe('plain');
});

test('onLoad and onUnload do nothing by default, and are awaited [F003-3] [F003-4] [F003-18] [F003-20]', async () => {
  const plugin = new Plain();
  await expect(plugin.onLoad(context)).resolves.toBeUndefined();
  await expect(plugin.onUnload()).resolves.toBeUndefined();
});

test('handleHook passes the very data through by default [F003-5] [F003-19] [X003-1]', async () => {
  const data = { tool: 'add' };
  expect(await new Plain().handleHook('before_tool_call', data)).toBe(data);
});

test('there is no health check until the author writes one [F004-12] [X004-2]', () => {
  expect('healthCheck' in new Plain()).toBe(false);
});

test('the signatures are the contract’s [F003-3] [F003-4] [F003-5]', () => {
  expectTypeOf<Plain['onLoad']>().toEqualTypeOf<(context: PluginContext) => Promise<void>>();
  expectTypeOf<Plain['onUnload']>().toEqualTypeOf<() => Promise<void>>();
  expectTypeOf<Plain['handleHook']>().toEqualTypeOf<(hook: PluginHook, data: JsonObject) => Promise<JsonObject>>();
  expectTypeOf<ReturnType<NonNullable<Plain['healthCheck']>>>().toEqualTypeOf<HealthReport | Promise<HealthReport>>();
});

test('a context cannot be written to', () => {
  expectTypeOf(context.config).toEqualTypeOf<JsonObject>();
  // @ts-expect-error -- the tenant is not the plugin's to choose
  expectTypeOf(() => (context.tenantId = 'other')).toBeFunction();
});
