/**
 * Names of the hooks, for authors who prefer constants; the values are the wire's (X003-1).
 */
import type { HookName } from '@bulkhead/protocol';

/**
 * Points in an agent's life that a plugin may see (F003-21 to F003-26).
 *
 * @public
 */
export const PluginHook = {
  /** Before an agent works on a prompt. */
  BEFORE_AGENT_RUN: 'before_agent_run',
  /** After an agent has completed. */
  AFTER_AGENT_RUN: 'after_agent_run',
  /** Before a tool runs; what is returned becomes its parameters and is validated again. */
  BEFORE_TOOL_CALL: 'before_tool_call',
  /** After a tool ran; what is returned becomes its result and is validated again. */
  AFTER_TOOL_CALL: 'after_tool_call',
  /** An error occurred. */
  ON_ERROR: 'on_error',
  /** During reasoning. */
  ON_REASONING_STEP: 'on_reasoning_step',
} as const satisfies Record<string, HookName>;

/** One of the hooks' wire names. */
export type PluginHook = HookName;
