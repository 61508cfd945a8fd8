import { HOOK_NAMES, type HookName } from '@bulkhead/protocol';
import { expect, expectTypeOf, test } from 'vitest';
import { PluginHook } from './index.ts';

test('the constants are the six hooks, in snake_case, as the wire spells them [F003-21] [F003-22] [F003-23] [F003-24] [F003-25] [F003-26] [X003-1]', () => {
  expect(PluginHook).toEqual({
    BEFORE_AGENT_RUN: 'before_agent_run',
    AFTER_AGENT_RUN: 'after_agent_run',
    BEFORE_TOOL_CALL: 'before_tool_call',
    AFTER_TOOL_CALL: 'after_tool_call',
    ON_ERROR: 'on_error',
    ON_REASONING_STEP: 'on_reasoning_step',
  });
  expect(Object.values(PluginHook)).toEqual(HOOK_NAMES);
});

test('as a type it is any of them', () => {
  expectTypeOf<PluginHook>().toEqualTypeOf<HookName>();
});
