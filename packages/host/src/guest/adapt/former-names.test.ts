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
