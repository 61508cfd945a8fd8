/**
 * Whether input has what it must have (F004-27), for what no schema of the host's has judged: content from memory, a configuration, an
 * answer from elsewhere. A tool's parameters have been judged when it is called.
 */

/**
 * What {@link validateInput} found; `missing` is in the order in which it was asked for.
 *
 * @public
 */
export type InputCheck =
  | { readonly ok: true; readonly missing: readonly [] }
  | { readonly ok: false; readonly missing: readonly string[]; readonly message: string };

/**
 * Tells whether data is an object that has every required field of its own. A field whose value is undefined is missing; null is a
 * value.
 *
 * @param data - Anything.
 * @public
 */
export function validateInput(data: unknown, required: readonly string[]): InputCheck {
  const missing = required.filter((field) => !hasField(data, field));
  if (missing.length === 0) return { ok: true, missing: [] };
  const names = missing.map((field) => JSON.stringify(field)).join(', ');
  const message = missing.length === 1 ? `the field ${names} is missing` : `the fields ${names} are missing`;
  return { ok: false, missing, message };
}

function hasField(data: unknown, field: string): boolean {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  return Object.getOwnPropertyDescriptor(data, field)?.value !== undefined;
}
