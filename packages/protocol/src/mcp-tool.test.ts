import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseToolName } from './ids.ts';
import { parseMcpTool, toolNamesOf, toolsDiffer, wireToolOf, type PinnedTool } from './mcp-tool.ts';

const tool = (name: string, change: Partial<PinnedTool> = {}): PinnedTool => ({
  name: name.replaceAll('-', '_'),
  mcp_name: name,
  description: `does ${name}`,
  parameters: { type: 'object', properties: { a: {}, b: {} } },
  ...change,
});

test('names of MCP servers become names of tools, each its own', () => {
  expect(toolNamesOf(['get-env', 'listFiles', 'read_file', 'API.v2/call', '2fa', 'get_env', 'GetEnv'])).toEqual([
    'get_env',
    'list_files',
    'read_file',
    'api_v2_call',
    'tool_2fa',
    'get_env_2',
    'get_env_3',
  ]);
});

test('whatever a server calls its tools, their names are allowed and distinct', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 128 }), { maxLength: 40 }), (mcpNames) => {
      const names = toolNamesOf(mcpNames);
      expect(names.filter((name) => parseToolName(name) === undefined)).toEqual([]);
      expect(new Set(names).size).toBe(mcpNames.length);
    }),
  );
});

test('a tool is read with its hints, and shown with the server’s own name beside its own', () => {
  const read = parseMcpTool({
    name: 'get-env',
    title: 'Environment',
    description: 'Prints it',
    inputSchema: { type: 'object' },
    outputSchema: { type: 'object' },
    annotations: { readOnlyHint: true },
    execution: {},
  });
  expect(wireToolOf({ name: 'get_env', ...(read ?? tool('x')) })).toEqual({
    name: 'get_env',
    mcp_name: 'get-env',
    description: 'Prints it',
    parameters: { type: 'object' },
    returns: { type: 'object' },
    annotations: { readOnlyHint: true },
    idempotent: true,
    needs_approval: false,
    required_permissions: [],
  });
});

test.each([
  [{ inputSchema: {} }],
  [{ name: '', inputSchema: {} }],
  [{ name: 'x'.repeat(129), inputSchema: {} }],
  [{ name: 'x' }],
  [{ name: 'x', inputSchema: [] }],
  [{ name: 'x', inputSchema: {}, outputSchema: 1 }],
  [{ name: 'x', inputSchema: {}, description: 'x'.repeat(10_001) }],
  [null],
])('%j is no tool', (value) => {
  expect(parseMcpTool(value)).toBeUndefined();
});

test('only what a tool says counts as a change, and not the order in which it says it', () => {
  const pinned = [tool('a'), tool('b')];
  const reordered = tool('a', { parameters: { properties: { b: {}, a: {} }, type: 'object' } });
  expect(toolsDiffer(pinned, [tool('b'), reordered])).toBeUndefined();
  const changed = [tool('a', { description: 'does other things', annotations: {} }), tool('c')];
  expect(toolsDiffer(pinned, changed)).toBe('changed: "a" (description, annotations); new: "c"; gone: "b"');
});
