import { parsePluginName, type PluginDependency } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dependencyOrder, type Dependent } from './dependency-order.ts';

function plugin(name: string, dependencies: readonly string[] = [], version = '1.0.0'): Dependent {
  return { name, version, dependencies: dependencies.map(dependency) };
}

function dependency(text: string): PluginDependency {
  const [word = '', range = '*'] = text.split(' ');
  const name = parsePluginName(word);
  if (name === undefined) throw new Error(`${word} is no plugin name`);
  return { name, range };
}

test('[F004-8] a dependency comes before what depends on it, and the rest goes by name', () => {
  const { order, leftOut } = dependencyOrder([
    plugin('z'),
    plugin('app', ['lib', 'z']),
    plugin('lib', ['core']),
    plugin('core'),
  ]);
  expect(order).toEqual(['core', 'lib', 'z', 'app']);
  expect(leftOut).toEqual([]);
});

test('a missing dependency makes the plugin UNAVAILABLE, naming what to install', () => {
  expect(dependencyOrder([plugin('app', ['lib >=1.2.0'])]).leftOut).toEqual([
    {
      name: 'app',
      state: 'UNAVAILABLE',
      code: 'PLUGIN_UNAVAILABLE',
      message: 'it depends on plugin "lib" >=1.2.0, which is not installed',
      cure: 'install lib >=1.2.0',
    },
  ]);
});

test('a version out of range is as good as missing, and both versions are named', () => {
  const { order, leftOut } = dependencyOrder([plugin('app', ['lib ^2.0.0']), plugin('lib', [], '1.9.9')]);
  expect(order).toEqual(['lib']);
  expect(leftOut[0]?.message).toBe('it depends on plugin "lib" ^2.0.0, and version 1.9.9 is installed');
});

test('a pre-release counts as a version in range', () => {
  expect(dependencyOrder([plugin('app', ['lib >=1.0.0']), plugin('lib', [], '2.0.0-rc.1')]).order).toEqual([
    'lib',
    'app',
  ]);
});

test('a cycle is named whole to each plugin on it, and plugins beside it load', () => {
  const { order, leftOut } = dependencyOrder([
    plugin('a', ['b']),
    plugin('b', ['c']),
    plugin('c', ['a']),
    plugin('other'),
  ]);
  expect(order).toEqual(['other']);
  expect(leftOut.map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual(['a FAILED', 'b FAILED', 'c FAILED']);
  expect(leftOut[0]?.message).toBe('its dependencies form a cycle: a -> b -> c -> a');
});

test('a plugin that depends on itself is a cycle of one', () => {
  expect(dependencyOrder([plugin('a', ['a'])]).leftOut[0]?.message).toBe('its dependencies form a cycle: a -> a');
});

test('what depends on a plugin that is left out is left out too, with the cure of the first', () => {
  const { order, leftOut } = dependencyOrder([plugin('top', ['middle']), plugin('middle', ['absent'])]);
  expect(order).toEqual([]);
  expect(leftOut.find(({ name }) => name === 'top')).toMatchObject({ state: 'UNAVAILABLE', cure: 'install absent' });
});

test('a chain of 20,000 plugins is ordered', () => {
  const chain = Array.from({ length: 20_000 }, (_, index) => plugin(`p${index}`, index === 0 ? [] : [`p${index - 1}`]));
  expect(dependencyOrder(chain.toReversed()).order).toHaveLength(20_000);
});

test('whatever depends on whatever, every plugin is ordered or left out, and order keeps dependencies first', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const edges = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names, 'absent')), { maxLength: 12 });
  fc.assert(
    fc.property(edges, (pairs) => {
      const plugins = names.map((name) =>
        plugin(
          name,
          pairs.filter(([from]) => from === name).map(([, to]) => to),
        ),
      );
      const { order, leftOut } = dependencyOrder(plugins);
      expect([...order, ...leftOut.map(({ name }) => name)].toSorted()).toEqual(names);
      for (const [from, to] of pairs) {
        const at = order.indexOf(from);
        expect(at === -1 || (order.includes(to) && order.indexOf(to) < at)).toBe(true);
      }
    }),
  );
});
