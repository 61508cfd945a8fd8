import { parseManifest, type WireTool } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { compileTool, recallTool } from './compile-tool.ts';

const parsed = parseManifest({ name: 'a', version: '1.0.0', description: 'A.', author: 'a' });
if (!parsed.ok) throw new Error('the manifest of this test is valid');
const plugin = { name: 'a', manifest: parsed.manifest };
const wire: WireTool = {
  name: 'add',
  description: 'Adds.',
  parameters: { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] },
  returns: { type: 'array', items: { type: 'number' }, minItems: 2 },
  idempotent: true,
  needs_approval: false,
  required_permissions: ['math:add'],
};

test('a tool that is recalled judges as one that was compiled', () => {
  const [compiled, recalled] = [compileTool(plugin, wire), recallTool(plugin, wire)];
  if (typeof compiled === 'string') throw new Error(compiled);
  for (const value of [{ a: 1 }, {}, { a: 'x' }]) expect(recalled.checkParams(value)).toBe(compiled.checkParams(value));
  for (const value of [[1, 2], [1], ['x', 'y']])
    expect(recalled.checkResult?.(value)).toBe(compiled.checkResult?.(value));
  expect(recalled.checkChunk?.(1)).toBe(compiled.checkChunk?.(1));
  expect(recalled).toMatchObject({ handler: compiled.handler, needs: compiled.needs, wire });
});

test('a tool that no longer compiles says so to whoever calls it', () => {
  const odd = recallTool(plugin, { ...wire, parameters: { type: 'odd' } });
  expect(odd.checkParams({})).toContain('are no JSON Schema');
});
