/**
 * The points at which plugins may look into an agent's life (F003-21 to F003-26), and what a plugin says of its hooks there.
 */

/**
 * Values of an agent's life that a hook may see; wire names are these, the SDK's constants are in upper case.
 *
 * @public
 */
export const HOOK_NAMES = [
  'before_agent_run',
  'after_agent_run',
  'before_tool_call',
  'after_tool_call',
  'on_error',
  'on_reasoning_step',
] as const;

/**
 * A word of {@link HOOK_NAMES}.
 *
 * @public
 */
export type HookName = (typeof HOOK_NAMES)[number];

/**
 * What a hook does at its point. `change`: it is asked in turn, and what it answers goes on. `gate`: it may veto and changes
 * nothing, so that gates in a row are asked at once. `observe`: it is told, and nobody waits for it.
 *
 * @public
 */
export const HOOK_MODES = ['change', 'gate', 'observe'] as const;

/**
 * A word of {@link HOOK_MODES}.
 *
 * @public
 */
export type HookMode = (typeof HOOK_MODES)[number];

/**
 * What a hook that fails does: `fail_open` goes on without it, `fail_closed` refuses.
 *
 * @public
 */
export const FAILURE_POLICIES = ['fail_open', 'fail_closed'] as const;

/**
 * A word of {@link FAILURE_POLICIES}.
 *
 * @public
 */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];

/**
 * How a plugin's hooks are asked. `failure` is undefined where the plugin leaves it to its grants. `timeout_ms` bounds each answer.
 *
 * @public
 */
export type HookOptions = {
  /** Lower is asked earlier. */
  readonly priority: number;
  readonly failure: FailurePolicy | undefined;
  readonly timeout_ms: number;
  /** By hook; `change` where one is left out. */
  readonly modes: Readonly<Partial<Record<HookName, HookMode>>>;
};

/** Points at which something may still be refused; at any other there is nothing left to stop. */
export const REFUSABLE_HOOKS: readonly HookName[] = ['before_agent_run', 'before_tool_call', 'on_reasoning_step'];
