import type { ListedTool } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { findNamed, listedUri, nameAll, ownUri } from './names.ts';

const tool = (plugin: string, name: string): ListedTool => ({
  ...{ plugin, name, description: '', parameters: { type: 'object' } },
  ...{ idempotent: false, needs_approval: false, required_permissions: [] },
});
const LONG = 'a'.repeat(60);
const TOOLS = [tool('calculator', 'add'), tool('units', 'add'), tool(LONG, 'convert'), tool(LONG, 'compare')];

test('each tool is listed once, with its plugin ahead; of one plugin under its own name [DESIGN 15]', () => {
  const names = nameAll(TOOLS, undefined).map(({ name }) => name);
  expect(names.slice(0, 2)).toEqual(['calculator__add', 'units__add']);
  expect(nameAll(TOOLS, 'units')).toEqual([{ name: 'add', item: TOOLS[1] }]);
  expect(nameAll(TOOLS, 'nothing')).toEqual([]);
});

test('a name above 64 characters is its first 55, and 8 digits by which it differs [DESIGN 15]', () => {
  const [, , one, other] = nameAll(TOOLS, undefined).map(({ name }) => name);
  // printf %s "$(printf 'a%.0s' {1..60})__convert" | sha256sum
  expect(one).toBe(`${'a'.repeat(55)}_a923feca`);
  expect(other).toMatch(/^a{55}_[0-9a-f]{8}$/);
  expect(other).not.toBe(one);
});

test('a tool is found by the name that is listed, and by plugin.tool', () => {
  const named = nameAll(TOOLS, undefined);
  expect(findNamed(named, 'units__add')).toBe(TOOLS[1]);
  expect(findNamed(named, 'units.add')).toBe(TOOLS[1]);
  expect(findNamed(named, named[2]?.name ?? '')).toBe(TOOLS[2]);
  for (const wrong of ['add', 'units', 'units__sub', 'units.', '', '__proto__'])
    expect(findNamed(named, wrong)).toBeUndefined();
});

test.each([
  ['notes', 'note://today', 'notes+note://today'],
  ['memory_analyzer', 'a:b+c', 'memory.analyzer+a:b+c'],
])('a URI of %s is listed with its plugin, and found again', (plugin, uri, listed) => {
  expect(listedUri(undefined, plugin, uri)).toBe(listed);
  expect(URL.canParse(listed)).toBe(true);
  expect(ownUri(undefined, ['other', plugin], listed)).toEqual({ plugin, uri });
  expect(ownUri(undefined, ['other'], listed)).toBeUndefined();
});

test('of one plugin a URI is its own', () => {
  expect(listedUri('notes', 'notes', 'note://today')).toBe('note://today');
  expect(ownUri('notes', [], 'note://today')).toEqual({ plugin: 'notes', uri: 'note://today' });
});
