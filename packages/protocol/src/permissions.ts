/**
 * The two kinds of permission words (DESIGN 5): host capabilities, a closed list granted per registration; and every
 * other word with ":", a scope of the caller's token. Nothing is ever implied by another word.
 */

/** Capabilities without a parameter. */
const PLAIN_CAPABILITIES = ['internet', 'temp_dir', 'secrets', 'llm', 'events', 'threads', 'children', 'gate'] as const;
/** Capabilities that name a plugin after the colon. */
const NAMED_CAPABILITIES = ['memory.read', 'call'] as const;
/** Names an environment variable of the server: of the plugins, only MCP servers have an environment (ADR 28). */
const ENV_PREFIX = 'env:';

/**
 * The closed list, as documentation and error messages show it.
 *
 * @public
 */
export const HOST_CAPABILITIES: readonly string[] = [
  ...PLAIN_CAPABILITIES,
  ...NAMED_CAPABILITIES.map((word) => `${word}:<plugin>`),
];

const NAMED = `(?:${NAMED_CAPABILITIES.map((word) => word.replace('.', '\\.')).join('|')}):`;
const NAMED_CAPABILITY_PATTERN = `(?:${NAMED}[a-z][a-z0-9_-]{0,63}|${ENV_PREFIX}[A-Za-z_][A-Za-z0-9_]{0,127})`;
/** A misspelt capability must not pass for a scope: nobody would ever be asked to grant it. */
const SCOPE_PATTERN = `(?!${NAMED}|${ENV_PREFIX})[a-z][a-z0-9_.-]{0,63}(?::[a-z0-9][a-z0-9_.-]{0,63})+`;

/** What `required_permissions` and `optional_permissions` may hold: a capability of the closed list, or a scope with ":". */
export const PERMISSION_PATTERN = `^(?:${PLAIN_CAPABILITIES.join('|')}|${NAMED_CAPABILITY_PATTERN}|${SCOPE_PATTERN})$`;

const capability = new RegExp(`^(?:${PLAIN_CAPABILITIES.join('|')}|${NAMED_CAPABILITY_PATTERN})$`);
const permission = new RegExp(PERMISSION_PATTERN);

/**
 * What grants a permission word: the operator, or the caller’s token.
 *
 * @public
 */
export type PermissionKind = 'capability' | 'scope';

/**
 * Returns the kind of a permission word, or undefined where it is none.
 *
 * @public
 */
export function permissionKindOf(word: string): PermissionKind | undefined {
  if (!permission.test(word)) return undefined;
  return capability.test(word) ? 'capability' : 'scope';
}

/**
 * Keeps the words that an operator must grant to a registration.
 *
 * @public
 */
export function capabilitiesOf(words: readonly string[]): readonly string[] {
  return words.filter((word) => permissionKindOf(word) === 'capability');
}

/**
 * Keeps the words that a caller's token must carry.
 *
 * @public
 */
export function scopesOf(words: readonly string[]): readonly string[] {
  return words.filter((word) => permissionKindOf(word) === 'scope');
}

/**
 * Returns the environment variable that a permission word gives, or undefined where it gives none.
 *
 * @internal
 */
export function envNameOf(word: string): string | undefined {
  return word.startsWith(ENV_PREFIX) ? word.slice(ENV_PREFIX.length) : undefined;
}
