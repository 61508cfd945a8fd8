import type { PluginName } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { declaredHook, type HookingPlugin } from './declared-hook.ts';

const asked = (options: object = {}, granted: readonly string[] = []): HookingPlugin => ({
  manifest: {
    name: 'p' as PluginName,
    hooks: ['before_tool_call'],
    hook_options: { priority: 0, failure: undefined, timeout_ms: 2_000, modes: {}, ...options },
  },
  granted,
  tenant: undefined,
  order: 3,
});

test.for([
  ['an observer that asks for nothing', {}, [], undefined, 'fail_open'],
  ['a gate that asks for nothing', {}, ['gate'], undefined, 'fail_closed'],
  ['a gate that would rather not stop anything', { failure: 'fail_open' }, ['gate'], undefined, 'fail_open'],
  ['an observer that asks to stop things', { failure: 'fail_closed' }, [], undefined, 'fail_open'],
  ['an observer that the operator needs', {}, [], 'fail_closed', 'fail_closed'],
  ['a gate that the operator can do without', { failure: 'fail_closed' }, ['gate'], 'fail_open', 'fail_open'],
] as const)('a failure of %s', ([, options, granted, failure, policy]) => {
  expect(declaredHook(asked(options, granted), failure && { failure })).toMatchObject({
    policy,
    mayVeto: granted.length > 0,
  });
});

test('order, time and modes are the manifest’s unless the operator says otherwise, and time is bounded', () => {
  const own = asked({ priority: 5, timeout_ms: 100, modes: { before_tool_call: 'observe' } });
  expect(declaredHook(own)).toMatchObject({
    priority: 5,
    order: 3,
    timeoutMs: 100,
    modes: { before_tool_call: 'observe' },
  });
  expect(declaredHook(own, { priority: -1, timeoutMs: 700 })).toMatchObject({ priority: -1, timeoutMs: 700 });
  expect(declaredHook(own, { timeoutMs: 60_000 })).toMatchObject({ timeoutMs: 2_000 });
});
