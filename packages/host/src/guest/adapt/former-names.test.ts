import { parseManifest } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { adaptPlugin, type AdaptedPlugin } from './adapt.ts';

const sum = {
  name: 'sum',
  description: 'Adds.',
  parameters: { type: 'object' },
  execute: ({ a }: { readonly a: number }) => a + 1,
};
const FORMER = { tools: { add_up: { use: 'sum', removed_in: '1.3.0' } } };

function adapt(version: string, former: object = FORMER): Promise<AdaptedPlugin> {
  const source = { name: 'p', version, description: 'x', author: 'x', deprecated_entry_points: former };
  const parsed = parseManifest(source);
  expect(parsed).toMatchObject({ ok: true });
  return adaptPlugin({ main: { default: { tools: [sum] } }, entryPoints: {} }, source as never);
}

test('[F000-34] [F000-35] a former name leads to its replacement, and warns once with replacement and removal', async () => {
  const plugin = await adapt('1.2.0');
  const warnings: string[] = [];
  const context = { logger: { warn: (text: string) => void warnings.push(text) } };
  expect(plugin.runTool('add_up', { a: 1 }, context)).toEqual({ value: 2 });
  expect(plugin.runTool('add_up', { a: 2 }, context)).toEqual({ value: 3 });
  expect(warnings).toEqual(['the tool "add_up" is deprecated: use "sum"; it goes in version 1.3.0']);
  expect(plugin.tools.map(({ name, description }) => `${name}: ${description}`)).toEqual([
    'sum: Adds.',
    'add_up: Deprecated: use "sum"; goes in 1.3.0. Adds.',
  ]);
});

test.each(['1.3.0', '1.3.1', '2.0.0'])('in version %s the name is gone', async (version) => {
  expect((await adapt(version)).tools.map(({ name }) => name)).toEqual(['sum']);
});

test.each([
  [{ tools: { sum: { use: 'sum', removed_in: '2.0.0' } } }, 'the former name "sum" is the name of a tool'],
  [{ tools: { old: { use: 'none', removed_in: '2.0.0' } } }, 'the former name "old" leads to "none", which is no tool'],
  [{ tools: { old: { use: 'sum', removed_in: '1.2.9' } } }, 'expected a later minor version than 1.2.0'],
])('%j is refused: %s', async (former, said) => {
  await expect(adapt('1.2.0', former)).rejects.toThrow(said);
});

const HANDLER = class {
  readonly KIND = 'execute';
  readonly PROVIDES = ['cpu'];
  dispatch = (): boolean => true;
  handle = (task: unknown): unknown => task;
};

function adaptEntry(former: object): Promise<AdaptedPlugin> {
  const manifest = { name: 'p', version: '1.2.0', description: 'x', author: 'x', deprecated_entry_points: former };
  expect(parseManifest(manifest)).toMatchObject({ ok: true });
  const entryPoints = { task_handlers: { runner: HANDLER } };
  return adaptPlugin({ main: { default: {} }, entryPoints }, manifest as never);
}

test('[F000-34] [F000-35] a former name of an entry point leads to its replacement, is listed beside it, and warns once', async () => {
  const plugin = await adaptEntry({ task_handlers: { old_runner: { use: 'runner', removed_in: '1.3.0' } } });
  await plugin.load({});
  expect(plugin.entries()).toMatchObject([{ group: 'task_handlers', name: 'runner', former_names: ['old_runner'] }]);
  const warnings: string[] = [];
  const context = { logger: { warn: (text: string) => void warnings.push(text) } };
  expect(await plugin.runEntry('task_handlers/old_runner#handle', [7], context)).toBe(7);
  expect(await plugin.runEntry('task_handlers/old_runner#handle', [8], context)).toBe(8);
  expect(await plugin.runEntry('task_handlers/runner#handle', [9], context)).toBe(9);
  expect(warnings).toEqual([
    'the entry point of task_handlers "old_runner" is deprecated: use "runner"; it goes in version 1.3.0',
  ]);
});

test('a former name of an entry point that leads to none is refused', async () => {
  const former = { task_handlers: { old_runner: { use: 'none', removed_in: '2.0.0' } } };
  await expect(adaptEntry(former)).rejects.toThrow('leads to "none", which is no entry point of task_handlers');
});
