/**
 * Reads `--grant NAME=PERM,...`.
 */
import { parsePluginName, permissionKindOf } from '@bulkhead/protocol';
import { UsageError } from '../usage-error.ts';

/**
 * Joins grants by plugin name; a name that is given twice has the permissions of both.
 *
 * @throws {UsageError} where a grant is not `NAME=PERM,...`, or a word is no permission.
 */
export function parseGrants(given: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const grants: Record<string, readonly string[]> = {};
  for (const text of given) {
    const [, name = '', words = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (parsePluginName(name) === undefined) {
      throw new UsageError(`--grant is ${JSON.stringify(text)}; expected NAME=PERMISSION,...`);
    }
    grants[name] = [...(grants[name] ?? []), ...parsePermissions(words)];
  }
  return grants;
}

/**
 * Reads permissions that are separated by commas.
 *
 * @throws {UsageError} where a word is no permission.
 */
export function parsePermissions(text: string): readonly string[] {
  return text.split(',').map((given) => {
    const word = given.trim();
    if (permissionKindOf(word) !== undefined) return word;
    throw new UsageError(
      `${JSON.stringify(word)} is no permission`,
      'docs/manifest.md lists them, such as internet or temp_dir.',
    );
  });
}
