import type { CallReport, JsonValue, Outcome } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { toMcpResult, toMcpTool } from './tool-answers.ts';

const call = { call_id: 'c', tier: 'jail', duration_ms: 1 } as CallReport;
const ok = (value: JsonValue, metadata?: CallReport['metadata']): Outcome => ({
  ok: true,
  value,
  call: metadata === undefined ? call : { ...call, metadata },
});
const image = { type: 'image', data: 'AA==', mimeType: 'image/png' };
const shown = (outcome: Outcome, tool: Parameters<typeof toMcpResult>[1] = {}) =>
  toMcpResult(outcome, tool, (blocks) => blocks);

test('blocks of a server that runs as a plugin are passed on as they are, beside its structured content', () => {
  const tool = { mcp_name: 'get-image' };
  expect(shown(ok({ content: [image] }), tool)).toMatchObject({ content: [image] });
  expect(shown(ok({ content: [image] }), tool)).not.toHaveProperty('structuredContent');
  expect(shown(ok({ sum: 4 }, { content: [image] }), tool)).toMatchObject({
    content: [image],
    structuredContent: { sum: 4 },
  });
});

test('what only looks like blocks, of any other plugin, is a value like another', () => {
  const value = { content: [image] };
  expect(shown(ok(value, { content: [image] }))).toMatchObject({
    content: [{ type: 'text', text: JSON.stringify(value) }],
    structuredContent: value,
  });
});

test('hints of a server’s tool are its own', () => {
  const item = {
    ...{ plugin: 'p', name: 'get_env', description: 'd', parameters: {}, idempotent: false, needs_approval: false },
    ...{ required_permissions: [], mcp_name: 'get-env', annotations: { readOnlyHint: true, title: 'Env' } },
  };
  expect(toMcpTool({ name: 'p__get_env', item }).annotations).toEqual({
    idempotentHint: false,
    readOnlyHint: true,
    title: 'Env',
  });
});
