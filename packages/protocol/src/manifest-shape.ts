/**
 * What of a manifest does not fit its schema, in words for its author: the library knows where and which keyword, and here it is said what
 * was found and what is expected.
 */
import { closest } from 'fastest-levenshtein';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import type { Finding } from './finding.ts';
import { HOSTS_PORT_PATTERN, HOST_PORT_PATTERN } from './host-port.ts';
import { CAPABILITY_PATTERN, PLUGIN_NAME_PATTERN, VERSION_PATTERN } from './ids.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import { SHOWN_CHARACTERS, describe, finding } from './manifest-findings.ts';
import { ENTRY_POINT_PATTERN, MAIN_PATTERN, ManifestSchema } from './manifest-schema.ts';
import { once } from './once.ts';
import { HOST_CAPABILITIES, PERMISSION_PATTERN } from './permissions.ts';

const schema = once(() => Compile(ManifestSchema));

type SchemaError = ReturnType<ReturnType<typeof schema>['Errors']>[number];

/** Lists what does not fit the schema of manifests, at most as many as there may be findings; unknown fields with the nearest known name. */
export function schemaFindings(value: JsonObject): readonly Finding[] {
  if (schema().Check(value)) return [];
  const errors = allErrors(value).filter((error) => error.keyword !== 'boolean' && !isInsideUnion(error));
  const findings = errors.flatMap((error) => findingsOf(error, value)).slice(0, LIMITS.findings.value);
  // Whatever the library tells of, what it refused is refused.
  return findings.length > 0 ? findings : [finding('', 'does not fit its schema', 'docs/manifest.md describes it.')];
}

/**
 * The library stops at 8 errors unless told otherwise, for the whole process; so it is told for this one question. It tells of
 * each unknown field by itself before it tells of all, so a bound on findings would hide the one that counts.
 */
function allErrors(value: JsonObject): readonly SchemaError[] {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: LIMITS.manifest_bytes.value });
  try {
    return schema().Errors(value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

/** A union reports one error for itself and one for each arm; the first says it all. */
function isInsideUnion(error: SchemaError): boolean {
  return /\/anyOf\/\d+/.test(error.schemaPath);
}

function findingsOf(error: SchemaError, value: JsonObject): readonly Finding[] {
  const params = error.params as Readonly<Record<string, unknown>>; // Each keyword has its own.
  const path = error.instancePath;
  if (error.keyword === 'required') {
    return listOf(params['requiredProperties']).map((name) =>
      finding(`${path}/${name}`, 'is missing', `Add "${name}" to plugin.json.`),
    );
  }
  if (error.keyword === 'additionalProperties') {
    return listOf(params['additionalProperties']).map((name) => unknownField(path, name));
  }
  const found = describe(at(value, path));
  return [finding(path, `is ${found}; expected ${expected(error, params)}`, 'docs/manifest.md describes the field.')];
}

function unknownField(path: string, name: string): Finding {
  const known = knownFields(path);
  const where = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  if (known.length === 0)
    return finding(where, 'has a name that is not allowed here', 'docs/manifest.md says which are.');
  const nearest = closest(name.slice(0, SHOWN_CHARACTERS), [...known]);
  return finding(where, 'is not known', `Did you mean "${nearest}"? Known here: ${known.join(', ')}.`);
}

/**
 * Lists the fields that a place of the manifest knows, such as `''` or `/limits`: the schema's `properties` along the path. A
 * map with free names (`patternProperties`) knows none.
 *
 * @internal
 */
export function knownFields(path: string): readonly string[] {
  let node: unknown = ManifestSchema;
  for (const part of path.split('/').slice(1)) {
    const properties = isJsonObject(node) ? node['properties'] : undefined;
    node = isJsonObject(properties) ? properties[part] : undefined;
  }
  const properties = isJsonObject(node) ? node['properties'] : undefined;
  return isJsonObject(properties) ? Object.keys(properties) : [];
}

/** Patterns in words; each is shown to somebody who has just got it wrong. */
const PATTERN_WORDS: ReadonlyMap<unknown, string> = new Map([
  [
    PLUGIN_NAME_PATTERN,
    'a name of a-z, 0-9, "_" and "-" that begins with a letter, has at most 64 characters and no "__"',
  ],
  [VERSION_PATTERN, 'a strict semantic version such as "1.0.0"'],
  [CAPABILITY_PATTERN, 'a tag of a-z, 0-9, "_", "." and "-" such as "math"'],
  [PERMISSION_PATTERN, `a scope such as "math:calculate", or one of ${HOST_CAPABILITIES.join(', ')}`],
  [MAIN_PATTERN, 'a path inside the plugin folder such as "main.ts"'],
  [ENTRY_POINT_PATTERN, 'a module inside the plugin folder and its export, such as "./tools.ts#greet"'],
  [HOST_PORT_PATTERN, 'an exact host and its port, such as "api.example.com:443"'],
  [HOSTS_PORT_PATTERN, 'a host and its port, such as "api.example.com:443" or "*.example.com:443"'],
]);

function expected(error: SchemaError, params: Readonly<Record<string, unknown>>): string {
  const limit = String(params['limit']);
  switch (error.keyword) {
    case 'type':
      return `a value of type ${String(params['type'])}`;
    case 'pattern':
      return PATTERN_WORDS.get(params['pattern']) ?? `text that matches ${String(params['pattern'])}`;
    case 'minimum':
      return `a number of at least ${limit}`;
    case 'maximum':
      return `a number of at most ${limit}`;
    case 'minLength':
      return `text of at least ${limit} character${limit === '1' ? '' : 's'}`;
    case 'maxLength':
      return `text of at most ${limit} characters`;
    case 'minItems':
      return `at least ${limit} item${limit === '1' ? '' : 's'}`;
    case 'maxItems':
      return `at most ${limit} items`;
    case 'uniqueItems':
      return 'each item once';
    case 'anyOf':
      return `one of ${literalsAt(error.schemaPath).join(', ')}`;
    default:
      return `a value that satisfies "${error.keyword}"`;
  }
}

function literalsAt(schemaPath: string): readonly string[] {
  let node: unknown = ManifestSchema;
  for (const part of schemaPath.split('/').slice(1)) {
    node = Array.isArray(node) ? node[Number(part)] : isJsonObject(node) ? node[part] : undefined;
  }
  const arms = isJsonObject(node) ? node['anyOf'] : node;
  return Array.isArray(arms) ? arms.map((arm) => JSON.stringify((arm as { const?: unknown }).const)) : []; // Literals only.
}

function at(value: JsonObject, path: string): unknown {
  let node: unknown = value;
  for (const part of path.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    node = Array.isArray(node) ? node[Number(key)] : isJsonObject(node) ? node[key] : undefined;
  }
  return node;
}

/** The texts of a list that may be none. */
export function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
