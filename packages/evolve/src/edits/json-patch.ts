/**
 * JSON patch (RFC 6902) over JSON pointers (RFC 6901): the operations in order, all or none. The document that is given is never
 * changed; parts that no operation touches are shared with it.
 */
import { canonicalJson, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import { assertEditSize, quoted } from './edit-bounds.ts';
import { parseJson } from './parse-json.ts';

const OPERATIONS_MAX = 10_000;
/** What all `copy` operations may copy together, in characters of JSON: a copy of a copy doubles. */
const COPIED_CHARACTERS_MAX = 2_000_000;
const NAMES = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const;

type Name = (typeof NAMES)[number];
type Path = readonly string[];
type Operation = {
  readonly name: Name;
  readonly path: Path;
  readonly from: Path;
  readonly value: JsonValue;
  /** Names it in errors. */
  readonly what: string;
};

/**
 * Applies a patch.
 *
 * @param patch - JSON text of an array of operations, at most {@link EDIT_BYTES_MAX} bytes.
 * @throws {EvolveError} `EDIT_INVALID` for what is no patch; `EDIT_MISMATCH` for a path that leads nowhere, or a test that does not
 *   hold; `EDIT_TOO_LARGE`.
 * @public
 */
export function applyJsonPatch(document: JsonValue, patch: string): JsonValue {
  assertEditSize(patch, 'the JSON patch');
  let left = COPIED_CHARACTERS_MAX;
  let result = document;
  for (const operation of readOperations(parseJson(patch, 'the JSON patch'))) {
    if (operation.name === 'copy') left -= JSON.stringify(at(result, operation.from, operation.what)).length;
    if (left < 0)
      throw invalid(`${operation.what} copies too much; expected at most ${COPIED_CHARACTERS_MAX} characters in all`);
    result = applyOperation(result, operation);
  }
  return result;
}

function readOperations(patch: JsonValue): readonly Operation[] {
  if (!isList(patch)) throw invalid('the JSON patch is no array; expected an array of operations');
  if (patch.length > OPERATIONS_MAX) {
    throw invalid(`the JSON patch has ${patch.length} operations; expected at most ${OPERATIONS_MAX}`);
  }
  return patch.map((one, index) => readOperation(one, `operation ${index + 1}`));
}

function readOperation(value: JsonValue, what: string): Operation {
  if (!isObject(value)) throw invalid(`${what} is no object; expected {"op", "path", ...}`);
  const { op, path, from } = value;
  const name = NAMES.find((each) => each === op);
  if (name === undefined)
    throw invalid(`${what} has op ${quoted(JSON.stringify(op ?? null))}; expected ${NAMES.join(', ')}`);
  const needsValue = name === 'add' || name === 'replace' || name === 'test';
  if (needsValue && !Object.hasOwn(value, 'value')) throw invalid(`${what} (${name}) has no value; expected one`);
  const needsFrom = name === 'move' || name === 'copy';
  return {
    name,
    path: readPointer(path, `path of ${what}`),
    from: needsFrom ? readPointer(from, `from of ${what}`) : [],
    value: value['value'] ?? null,
    what: `${what} (${name} ${JSON.stringify(path)})`,
  };
}

function readPointer(text: JsonValue | undefined, what: string): Path {
  if (typeof text !== 'string' || !/^(?:\/(?:[^/~]|~[01])*)*$/.test(text)) {
    throw invalid(`${what} is ${quoted(JSON.stringify(text ?? null))}; expected a JSON pointer such as "/items/0"`);
  }
  return text
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function applyOperation(document: JsonValue, { name, path, from, value, what }: Operation): JsonValue {
  switch (name) {
    case 'add':
      return changed(document, path, { what, put: value, isNew: true });
    case 'remove':
      return changed(document, path, { what });
    case 'replace':
      return changed(document, path, { what, put: value });
    case 'copy':
      return changed(document, path, { what, put: at(document, from, what), isNew: true });
    case 'move':
      return moved(document, { path, from, what });
    case 'test':
      if (canonicalJson(at(document, path, what)) === canonicalJson(value)) return document;
      throw mismatch(`${what} does not hold: expected ${shown(value)}, there is ${shown(at(document, path, what))}`);
  }
}

function moved(document: JsonValue, { path, from, what }: Pick<Operation, 'path' | 'from' | 'what'>): JsonValue {
  const value = at(document, from, what);
  if (from.length === path.length && from.every((token, index) => path[index] === token)) return document;
  if (from.every((token, index) => path[index] === token))
    throw invalid(`${what} moves a value into itself; expected another path`);
  return changed(changed(document, from, { what }), path, { what, put: value, isNew: true });
}

function at(document: JsonValue, path: Path, what: string): JsonValue {
  let value = document;
  for (const token of path) {
    const next = isList(value)
      ? value[indexOf(token, value.length - 1)]
      : isObject(value)
        ? own(value, token)
        : undefined;
    if (next === undefined) throw nowhere(what, token);
    value = next;
  }
  return value;
}

/** `put` is what comes there, nothing where it is removed; `isNew` inserts into an array, and adds to an object. */
type Change = { readonly what: string; readonly put?: JsonValue; readonly isNew?: boolean };

function changed(document: JsonValue, [token, ...rest]: Path, change: Change): JsonValue {
  if (token === undefined) return change.put ?? null;
  if (isList(document)) return changedList(document, [token, ...rest], change);
  if (!isObject(document)) throw nowhere(change.what, token);
  const before = own(document, token);
  if (before === undefined && (rest.length > 0 || change.isNew !== true)) throw nowhere(change.what, token);
  if (rest.length === 0 && change.put === undefined) {
    return Object.fromEntries(Object.entries(document).filter(([key]) => key !== token));
  }
  const value = rest.length === 0 ? change.put : changed(before ?? null, rest, change);
  return { ...document, [token]: value ?? null };
}

function changedList(list: readonly JsonValue[], [token = '', ...rest]: Path, change: Change): JsonValue {
  const isInserted = rest.length === 0 && change.isNew === true;
  const index = token === '-' && isInserted ? list.length : indexOf(token, isInserted ? list.length : list.length - 1);
  const before = list[index];
  if (index < 0 || (before === undefined && !isInserted)) throw nowhere(change.what, token);
  if (rest.length > 0) return list.with(index, changed(before ?? null, rest, change));
  const { put } = change;
  return list.toSpliced(index, isInserted ? 0 : 1, ...(put === undefined ? [] : [put]));
}

/** -1 for what is no index up to the last one. */
function indexOf(token: string, last: number): number {
  return /^(?:0|[1-9]\d{0,8})$/.test(token) && Number(token) <= last ? Number(token) : -1;
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: JsonValue): string {
  return quoted(JSON.stringify(value));
}

function nowhere(what: string, token: string): EvolveError {
  return mismatch(`${what} leads nowhere: there is no ${quoted(token)}; expected a path of the document`);
}

function mismatch(message: string): EvolveError {
  return new EvolveError('EDIT_MISMATCH', message);
}

function invalid(message: string): EvolveError {
  return new EvolveError('EDIT_INVALID', message);
}
