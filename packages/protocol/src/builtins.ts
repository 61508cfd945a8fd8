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
 * Tells whether a specifier, with or without `node:`, names a built-in that a plugin may import.
 *
 * @public
 */
export function isAllowedBuiltin(specifier: string): boolean {
  return ALLOWED.has(specifier.startsWith('node:') ? specifier.slice('node:'.length) : specifier);
}
