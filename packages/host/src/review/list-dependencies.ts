/**
 * Which packages of others a plugin's bundle is made from, with their versions and licences: by the package.json files that
 * the review reached, which the host itself read.
 */
import { isJsonObject, type Dependency, type JsonObject, type JsonValue } from '@bulkhead/protocol';

/** Where a package lies: below the innermost node_modules of a path. */
const PACKAGE_ROOT = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/;
/** The author's words go to terminals and reports. */
const TEXT_MAX = 100;

/**
 * Lists the packages among the files that were reached, by name and version.
 *
 * @param reached - Paths in the tree.
 */
export function listDependencies(
  reached: readonly string[],
  files: ReadonlyMap<string, Uint8Array>,
): readonly Dependency[] {
  const roots = new Map(reached.flatMap((path) => rootOf(path)));
  const packages = [...roots].map(([root, name]) => describe(root, name, files.get(`${root}/package.json`)));
  const distinct = new Map(packages.map((one) => [`${one.name}@${one.version ?? ''}`, one]));
  return [...distinct.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, found]) => found);
}

function rootOf(path: string): readonly (readonly [string, string])[] {
  const match = PACKAGE_ROOT.exec(path);
  // Of a package of which nothing but its package.json was read, nothing is in the bundle.
  return match?.[1] === undefined || path === `${match[0]}/package.json` ? [] : [[match[0], match[1]]];
}

function describe(path: string, name: string, bytes: Uint8Array | undefined): Dependency {
  const about = bytes === undefined ? {} : parse(bytes);
  const [version, license] = [textOf(about['version']) ?? null, licenseOf(about) ?? null];
  return { name: textOf(name) ?? '', version, license, path };
}

function parse(bytes: Uint8Array): JsonObject {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonValue; // JSON.parse says any.
    return isJsonObject(value) ? value : {};
  } catch {
    return {}; // No JSON says nothing.
  }
}

/** Also the two forms of older packages: `{ "type": … }`, and a list of them, of which one may be chosen. */
function licenseOf(about: JsonObject): string | undefined {
  const { license, licenses } = about;
  const listed = Array.isArray(licenses) ? licenses.flatMap((one) => nameOf(one) ?? []) : [];
  const choice = listed.length > 1 ? `(${listed.join(' OR ')})` : listed[0];
  return nameOf(license) ?? choice;
}

function nameOf(value: unknown): string | undefined {
  return textOf(isJsonObject(value) ? value['type'] : value);
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.slice(0, TEXT_MAX).replaceAll(/[^\x20-\x7E]/g, '?');
}
