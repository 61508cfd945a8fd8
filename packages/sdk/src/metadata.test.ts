import { expect, expectTypeOf, test } from 'vitest';
import { PluginMetadata, type PluginMetadataFields } from './index.ts';

const fields = { name: 'p', version: '1.0.0', author: 'A', description: 'D.' };

test('metadata holds what it was given, and nothing else of a manifest [F003-6] [F003-17]', () => {
  const manifest = { ...fields, required_permissions: ['a:b'], compatible_versions: '>=1', config: { enabled: true } };
  expect(Object.fromEntries(Object.entries(new PluginMetadata(manifest)))).toEqual({
    ...fields,
    required_permissions: ['a:b'],
    compatible_versions: '>=1',
  });
});

test('required_permissions and compatible_versions are optional [F003-6] [F003-17]', () => {
  const metadata = new PluginMetadata(fields);
  expect(metadata.required_permissions).toEqual([]);
  expect(metadata.compatible_versions).toBeUndefined();
});

test.for(['name', 'version', 'author', 'description'])('an empty %s throws [X003-1]', (field) => {
  for (const empty of ['', '  ', '\n', undefined, null, 5]) {
    expect(() => new PluginMetadata({ ...fields, [field]: empty })).toThrow(
      new TypeError(`Plugin ${field} cannot be empty`),
    );
  }
});

test('metadata is read-only [F003-2]', () => {
  expectTypeOf<PluginMetadata>().toExtend<Readonly<PluginMetadataFields>>();
  const metadata = new PluginMetadata(fields);
  // @ts-expect-error -- a plugin's name is fixed
  expectTypeOf(() => (metadata.name = 'other')).toBeFunction();
});
