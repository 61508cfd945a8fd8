/**
 * The groups of entry points by name, apart from the manifest's schema: a guest needs the words, and none of what judges a
 * manifest.
 */
/**
 * Kinds of things that a plugin may offer by name, beside its tools.
 *
 * @public
 */
export const ENTRY_POINT_GROUPS = [
  'tools',
  'task_handlers',
  'llm_backends',
  'parent_selectors',
  'executors',
  'monitors',
] as const;
/**
 * A word of {@link ENTRY_POINT_GROUPS}.
 *
 * @public
 */
export type EntryPointGroup = (typeof ENTRY_POINT_GROUPS)[number];

/** Before a group's name, means the same group (CONTRACTS decision 14). */
export const GROUP_PREFIX = 'bulkhead.';
