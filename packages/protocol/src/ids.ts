/**
 * Identifiers that cross a wall, branded so that one cannot be passed for another.
 * Each has exactly one parser; nothing else may make one.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/**
 * Unique on the platform: `^[a-z][a-z0-9_-]{0,63}$` without `__` (DESIGN 5).
 *
 * @public
 */
export type PluginName = Branded<'PluginName'>;
/**
 * Tool of a plugin: `^[a-z][a-z0-9_]{0,63}$` without `__` (DESIGN 8).
 *
 * @public
 */
export type ToolName = Branded<'ToolName'>;
/**
 * SHA-256 of an artifact as 64 lower-case hex digits.
 *
 * @public
 */
export type Digest = Branded<'Digest'>;
/**
 * Strict semantic version (semver.org 2.0.0, CONTRACTS decision 9).
 *
 * @public
 */
export type Version = Branded<'Version'>;
/**
 * A tenant: the built-in `default`, or the id that the store gave it.
 *
 * @public
 */
export type TenantId = Branded<'TenantId'>;

/**
 * Plugin names; "__" is kept for the flat tool names of MCP.
 *
 * @public
 */
export const PLUGIN_NAME_PATTERN = '^(?!.*__)[a-z][a-z0-9_-]{0,63}$';
/**
 * Tool names; "__" is kept for the flat tool names of MCP.
 *
 * @public
 */
export const TOOL_NAME_PATTERN = '^(?!.*__)[a-z][a-z0-9_]{0,63}$';
/**
 * Tags that a plugin advertises.
 *
 * @public
 */
export const CAPABILITY_PATTERN = '^[a-z0-9][a-z0-9_.-]{0,63}$';
/**
 * The grammar of semver.org: `1.0.0` and `1.0.0-rc.1+b` match; `1.0`, `v1.0.0` and `1.0.0junk` do not.
 *
 * @public
 */
export const VERSION_PATTERN =
  '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$';
const DIGEST_PATTERN = '^[0-9a-f]{64}$';
const TENANT_PATTERN = '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$';
/** Longer than any version that a person writes; stops a hostile manifest from filling labels and logs. */
const VERSION_LENGTH_MAX = 64;

/**
 * The tenant that exists without being made; `serve` enables the plugins of `--plugins` for it.
 *
 * @public
 */
export const DEFAULT_TENANT = 'default' as TenantId;

const pluginName = new RegExp(PLUGIN_NAME_PATTERN);
const toolName = new RegExp(TOOL_NAME_PATTERN);
const version = new RegExp(VERSION_PATTERN);
const digest = new RegExp(DIGEST_PATTERN);
const tenantId = new RegExp(TENANT_PATTERN);

/**
 * Returns the name, or undefined where the text is no plugin name.
 *
 * @public
 */
export function parsePluginName(text: unknown): PluginName | undefined {
  return typeof text === 'string' && pluginName.test(text) ? (text as PluginName) : undefined;
}

/**
 * Returns the name, or undefined where the text is no tool name.
 *
 * @public
 */
export function parseToolName(text: unknown): ToolName | undefined {
  return typeof text === 'string' && toolName.test(text) ? (text as ToolName) : undefined;
}

/**
 * Returns the version, or undefined where the text is not strict semver of at most 64 characters.
 *
 * @public
 */
export function parseVersion(text: unknown): Version | undefined {
  if (typeof text !== 'string' || text.length > VERSION_LENGTH_MAX) return undefined;
  return version.test(text) ? (text as Version) : undefined;
}

/**
 * Returns the digest, or undefined where the text is not 64 lower-case hex digits.
 *
 * @public
 */
export function parseDigest(text: unknown): Digest | undefined {
  return typeof text === 'string' && digest.test(text) ? (text as Digest) : undefined;
}

/**
 * Returns the tenant id, or undefined where the text cannot be one.
 *
 * @public
 */
export function parseTenantId(text: unknown): TenantId | undefined {
  return typeof text === 'string' && tenantId.test(text) ? (text as TenantId) : undefined;
}
