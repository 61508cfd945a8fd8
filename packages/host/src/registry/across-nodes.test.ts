import type { PluginHealth } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { mergeNodes, toNodePlugin } from './across-nodes.ts';

const WELL: PluginHealth = {
  ...{ name: 'a', state: 'INITIALIZED', success_count: 3, error_count: 0, description: 'A plugin.', version: '1.0.0' },
  ...{ health: 'healthy', breaker: 'closed', tier: 'jail', last_used: '2026-01-01T12:00:00.000Z' },
};
const ILL: PluginHealth = {
  ...{
    name: 'a',
    state: 'FAILED',
    success_count: 1,
    error_count: 2,
    reason: 'PLUGIN_THREW: see the log',
    version: '1.0.0',
  },
  ...{ health: 'error', breaker: 'open', last_used: '2026-01-01T12:05:00.000Z' },
};
const told = (health: PluginHealth, fullReason?: string) => toNodePlugin(health, { fullReason, isReleased: true });
const PUBLIC = { showThrownText: false };

test('the worst state, word and breaker of all nodes is shown, with counters summed and the last use of any', () => {
  expect(mergeNodes(WELL, [told(ILL), told(WELL)], PUBLIC)).toEqual({
    ...WELL,
    ...{ state: 'FAILED', success_count: 7, error_count: 2, reason: 'PLUGIN_THREW: see the log' },
    ...{ health: 'error', breaker: 'open', last_used: '2026-01-01T12:05:00.000Z' },
  });
});

test('the reason is that of the node which stands worst', () => {
  const lost = { ...ILL, state: 'UNAVAILABLE', reason: 'ARTIFACT_MISSING: install it again' } as const;
  expect(mergeNodes(ILL, [told(lost)], PUBLIC)).toMatchObject({ state: 'UNAVAILABLE', reason: lost.reason });
  expect(mergeNodes(lost, [told(ILL)], PUBLIC)).toMatchObject({ state: 'UNAVAILABLE', reason: lost.reason });
});

test('a reason stays while the plugin runs on another node, and one that nobody has is absent', () => {
  const running = { ...WELL, state: 'RUNNING' } as const;
  const mended = { ...WELL, reason: 'PLUGIN_THREW: see the log' };
  expect(mergeNodes(running, [told(mended)], PUBLIC)).toMatchObject({ state: 'RUNNING', reason: mended.reason });
  expect(mergeNodes(WELL, [told(running)], PUBLIC)).not.toHaveProperty('reason');
});

test('thrown text of another node is for those who may read it alone', () => {
  const other = told(ILL, 'PLUGIN_THREW: the caller’s secret');
  expect(mergeNodes(WELL, [other], { showThrownText: true })?.reason).toContain('secret');
  expect(mergeNodes(WELL, [other], PUBLIC)?.reason).not.toContain('secret');
});

test('a plugin that only another node knows is shown as that node tells, and one that none knows is not', () => {
  expect(mergeNodes(undefined, [told(ILL)], PUBLIC)).toEqual(ILL);
  expect(mergeNodes(undefined, [], PUBLIC)).toBeUndefined();
  expect(mergeNodes(WELL, [], PUBLIC)).toBe(WELL);
});
