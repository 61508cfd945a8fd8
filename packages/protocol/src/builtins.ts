/**
 * The built-in modules that a plugin may import: pure computation only, everything else is refused by default.
 * The bundler keeps these as imports, the review refuses the others with a reason, and the guest's loader binds.
 */
const ALLOWED: ReadonlySet<string> = new Set([
  'assert',
  'assert/strict',
  'async_hooks',
  'buffer',
  'crypto',
  'diagnostics_channel',
  'events',
  'path',
  'path/posix',
  'path/win32',
  'punycode',
  'querystring',
  'stream',
  'stream/consumers',
  'stream/promises',
  'stream/web',
  'string_decoder',
  'timers',
  'timers/promises',
  'url',
  'util',
  'util/types',
  'zlib',
]);

/**
 * The allowed names without `node:`, sorted, as error messages and documentation show them.
 *
 * @public
 */
export const ALLOWED_BUILTINS: readonly string[] = [...ALLOWED].toSorted();

/**
 * What a plugin may import beside them where it has a folder to write in (permission `temp_dir`).
 *
 * @public
 */
export const TEMP_DIR_BUILTINS: readonly string[] = ['fs', 'fs/promises'];

/**
 * Tells whether a specifier, with or without `node:`, names a built-in that a plugin may import.
 *
 * @param permissions - What the plugin asks for, or was granted.
 * @public
 */
export function isAllowedBuiltin(specifier: string, permissions: readonly string[] = []): boolean {
  const name = specifier.startsWith('node:') ? specifier.slice('node:'.length) : specifier;
  return ALLOWED.has(name) || (TEMP_DIR_BUILTINS.includes(name) && permissions.includes('temp_dir'));
}
