/**
 * Makes values of a JSON Schema: an arbitrary of fast-check for the keywords that parameters of tools use. It guesses: what it does not
 * know (`not`, `if`, `dependentSchemas`, …) it passes over, so that whoever draws from it asks a validator of each value. Schemas are
 * hostile: nothing here runs a pattern, filters until something fits, or follows more than so many parts.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';
import { isList } from '../task/json.ts';
import { numberArbitrary } from './number-arbitrary.ts';
import { stringArbitrary } from './string-arbitrary.ts';

/** Of any JSON value. */
export type JsonArbitrary = fc.Arbitrary<JsonValue>;

/** Parts of a schema that are looked at, with those that a `$ref` comes back to. */
const PARTS_MAX = 2_000;
const DEPTH_MAX = 8;
const ALTERNATIVES_MAX = 50;
const PROPERTIES_MAX = 200;
/** Items beyond the least that there must be. */
const ITEMS_MORE = 5;
const ITEMS_MAX = 1_000;

/** One making: the whole schema, for `$ref`, and the parts that may still be looked at. */
type Making = { readonly root: JsonObject; partsLeft: number };
type Place = { readonly making: Making; readonly depth: number };

/**
 * Makes the arbitrary of a tool's parameters.
 *
 * @returns Undefined where no value can be made: no property is declared, so that there is nothing to make one of; or what is
 *   required has no value.
 */
export function paramsArbitrary(schema: JsonObject): JsonArbitrary | undefined {
  const place = { making: { root: schema, partsLeft: PARTS_MAX }, depth: 0 };
  if (!declares(flattened(schema, place) ?? {})) return undefined;
  try {
    return arbitraryOf({ type: 'object', ...schema }, place);
  } catch {
    return undefined; // Bounds that contradict one another: fast-check says so by an error.
  }
}

const DECLARING = ['properties', 'anyOf', 'oneOf', 'const', 'enum', 'default', 'examples'];

/** `{}` fits where nothing is declared, but says nothing of what the tool is for. A tool that takes nothing says so. */
function declares(schema: JsonObject): boolean {
  const { additionalProperties } = schema;
  return DECLARING.some((key) => key in schema) || additionalProperties === false || isJsonObject(additionalProperties);
}

function arbitraryOf(given: JsonValue | undefined, place: Place): JsonArbitrary | undefined {
  const { making, depth } = place;
  making.partsLeft -= 1;
  if (given === undefined || given === true) return fc.oneof(...ANY);
  if (!isJsonObject(given) || depth > DEPTH_MAX || making.partsLeft <= 0) return undefined;
  const schema = flattened(given, place);
  if (schema === undefined) return undefined;
  const made = alternatives(schema, place);
  const examples = [...listOf(schema['examples']), ...('default' in schema ? [schema['default'] ?? null] : [])];
  if (examples.length === 0) return made;
  const shown = fc.constantFrom(...examples.slice(0, ALTERNATIVES_MAX));
  return made === undefined ? shown : fc.oneof({ weight: 4, arbitrary: made }, { weight: 1, arbitrary: shown });
}

/** A schema with what `$ref` and `allOf` name put into it; undefined where that leads nowhere. */
function flattened(schema: JsonObject, { making, depth }: Place): JsonObject | undefined {
  let flat = schema;
  for (let step = depth; '$ref' in flat || 'allOf' in flat; step += 1) {
    const { $ref, allOf, ...rest } = flat;
    const parts = [...($ref === undefined ? [] : [referenced($ref, making.root)]), ...listOf(allOf)];
    making.partsLeft -= parts.length;
    const objects = parts.filter((part) => isJsonObject(part));
    const isLost = objects.length < parts.filter((part) => part !== true).length;
    if (step > depth + DEPTH_MAX || making.partsLeft <= 0 || isLost) return undefined;
    flat = objects.reduce<JsonObject>((all, part) => merged(all, part), rest);
  }
  return flat;
}

/** Both schemas as one: bounds of the second where both have some. */
function merged(one: JsonObject, other: JsonObject): JsonObject {
  const of = (key: string): JsonObject => ({ ...objectOf(one[key]), ...objectOf(other[key]) });
  return {
    ...one,
    ...other,
    ...(('properties' in one || 'properties' in other) && { properties: of('properties') }),
    ...(('required' in one || 'required' in other) && {
      required: [...listOf(one['required']), ...listOf(other['required'])],
    }),
  };
}

/** Only within the schema itself. */
function referenced($ref: JsonValue, root: JsonObject): JsonValue | undefined {
  if (typeof $ref !== 'string' || !$ref.startsWith('#')) return undefined;
  let found: JsonValue | undefined = root;
  for (const step of $ref.slice(1).split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (found === undefined) return undefined;
    if (isList(found)) found = found[Number(key)];
    else found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}

function alternatives(schema: JsonObject, place: Place): JsonArbitrary | undefined {
  if ('const' in schema) return fc.constant(schema['const'] ?? null);
  const { enum: words, anyOf, oneOf, ...base } = schema;
  if (words !== undefined) return listOf(words).length === 0 ? undefined : fc.constantFrom(...listOf(words));
  const branches = [...listOf(anyOf), ...listOf(oneOf)];
  if (branches.length === 0) return eitherOf(typesOf(base).map((type) => ofType(type, base, place)));
  const below = { ...place, depth: place.depth + 1 };
  const made = branches
    .slice(0, ALTERNATIVES_MAX)
    .map((branch) => arbitraryOf(isJsonObject(branch) ? merged(base, branch) : base, below));
  return eitherOf(made);
}

function eitherOf(made: readonly (JsonArbitrary | undefined)[]): JsonArbitrary | undefined {
  const all = made.filter((one) => one !== undefined);
  return all.length === 0 ? undefined : fc.oneof(...all);
}

const TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'];
/** A keyword by which a schema without a type says what it is about. */
const TYPE_OF_KEYWORD: Readonly<Record<string, string>> = {
  ...{ properties: 'object', required: 'object', additionalProperties: 'object' },
  ...{ items: 'array', prefixItems: 'array', minItems: 'array', maxItems: 'array' },
  ...{ pattern: 'string', minLength: 'string', maxLength: 'string', format: 'string' },
  ...{ minimum: 'number', maximum: 'number', exclusiveMinimum: 'number', multipleOf: 'number' },
};

function typesOf(schema: JsonObject): readonly string[] {
  const { type } = schema;
  if (typeof type === 'string') return [type];
  if (isList(type ?? null)) return listOf(type).filter((one) => typeof one === 'string');
  const hinted = Object.entries(TYPE_OF_KEYWORD).flatMap(([key, hint]) => (key in schema ? [hint] : []));
  return hinted.length === 0 ? TYPES.slice(2) : [...new Set(hinted)];
}

function ofType(type: string, schema: JsonObject, place: Place): JsonArbitrary | undefined {
  switch (type) {
    case 'object':
      return objectArbitrary(schema, place);
    case 'array':
      return arrayArbitrary(schema, place);
    case 'string':
      return stringArbitrary(schema);
    case 'integer':
    case 'number':
      return numberArbitrary(schema, type);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return undefined;
  }
}

function objectArbitrary(schema: JsonObject, place: Place): JsonArbitrary | undefined {
  const below = { ...place, depth: place.depth + 1 };
  const required = new Set(listOf(schema['required']).filter((key) => typeof key === 'string'));
  const properties = objectOf(schema['properties']);
  const undeclared = [...required].filter((key) => !Object.hasOwn(properties, key));
  const all: readonly (readonly [string, JsonValue | undefined])[] = [
    ...Object.entries(properties),
    ...undeclared.map((key) => [key, schema['additionalProperties']] as const),
  ];
  const made = new Map<string, JsonArbitrary>();
  for (const [key, member] of all.slice(0, PROPERTIES_MAX)) {
    const arbitrary = key === '__proto__' ? undefined : arbitraryOf(member, below);
    if (arbitrary !== undefined) made.set(key, arbitrary);
    else if (required.has(key)) return undefined;
  }
  const { additionalProperties: other } = schema;
  if (made.size === 0 && isJsonObject(other)) return dictionaryArbitrary(other, below);
  return recordArbitrary(made, required);
}

/** Mostly what is declared, all of it or some; sometimes nothing but what is required, which is where defaults are tried. */
function recordArbitrary(made: ReadonlyMap<string, JsonArbitrary>, required: ReadonlySet<string>): JsonArbitrary {
  const all = Object.fromEntries(made);
  const least = Object.fromEntries([...made].filter(([key]) => required.has(key)));
  const requiredKeys = [...made.keys()].filter((key) => required.has(key));
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(all, { requiredKeys, noNullPrototype: true }) },
    { weight: 3, arbitrary: fc.record(all, { noNullPrototype: true }) },
    { weight: 1, arbitrary: fc.record(least, { noNullPrototype: true }) },
  );
}

function dictionaryArbitrary(schema: JsonObject, place: Place): JsonArbitrary {
  const values = arbitraryOf(schema, place);
  if (values === undefined) return fc.constant({});
  const keys = fc.constantFrom('a', 'key', 'ß', 'x-1', ' ', '0').chain((key) => fc.nat(99).map((n) => `${key}${n}`));
  return fc.dictionary(keys, values, { maxKeys: ITEMS_MORE, noNullPrototype: true });
}

function arrayArbitrary(schema: JsonObject, place: Place): JsonArbitrary | undefined {
  const below = { ...place, depth: place.depth + 1 };
  const minLength = Math.max(0, Math.ceil(numberOf(schema['minItems']) ?? 0));
  const maxLength = Math.min(numberOf(schema['maxItems']) ?? Infinity, minLength + ITEMS_MORE);
  if (minLength > ITEMS_MAX || maxLength < minLength) return undefined;
  const isTuple = isList(schema['items'] ?? null);
  const tuple = listOf(isTuple ? schema['items'] : schema['prefixItems']).slice(0, PROPERTIES_MAX);
  const first = tuple.map((item) => arbitraryOf(item, below));
  const rest = arbitraryOf(isTuple ? schema['additionalItems'] : schema['items'], below);
  const head = first.filter((one) => one !== undefined);
  if (head.length < first.length) return undefined;
  if (head.length > 0) return fc.tuple(...head);
  if (rest === undefined) return minLength === 0 ? fc.constant([]) : undefined;
  const items = fc.array(rest, { minLength, maxLength: Math.floor(maxLength) });
  return schema['uniqueItems'] === true ? items.map((list) => withoutRepeats(list)) : items;
}

/** What is too short then is dropped by the validator; to draw until there are enough could take for ever. */
function withoutRepeats(items: readonly JsonValue[]): readonly JsonValue[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/** Of values that a schema says nothing about: one of each type. */
const ANY: readonly JsonArbitrary[] = [
  fc.string({ maxLength: 20 }),
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 3 }),
  fc.constant({}),
];

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return value !== undefined && isList(value) ? value : [];
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
