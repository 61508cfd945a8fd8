/**
 * Renders a template with variables: own fields of plain JSON, looked for in the innermost section first. Output and work are bounded,
 * since a list in a list in a list is long.
 */
import type { JsonObject, JsonValue } from '@bulkhead/sdk';
import { parseTemplate, type Escape, type Piece } from './parse-template.ts';
import { TemplateError } from './template-error.ts';

/** Bytes of UTF-8 of a template (decision 8 of the contracts). */
const TEMPLATE_BYTES_MAX = 204_800;
/** UTF-16 units of what is rendered. */
const RENDERED_LENGTH_MAX = 1_048_576;
/** Pieces that are rendered; a section counts once for each time. */
const PIECES_MAX = 500_000;

/**
 * Renders it.
 *
 * @throws {TemplateError} for a template that cannot be read, a variable that is not there or is no text where one is needed (both
 *   named, with their line), and for more output or work than the bounds.
 */
export function renderTemplate(template: string, variables: JsonObject): string {
  const bytes = Buffer.byteLength(template);
  if (bytes > TEMPLATE_BYTES_MAX) {
    throw new TemplateError(`the template has ${bytes} bytes; expected at most ${TEMPLATE_BYTES_MAX}`);
  }
  const rendering: Rendering = { parts: [], length: 0, pieces: 0 };
  renderPieces(parseTemplate(template), [variables], rendering);
  return rendering.parts.join('');
}

type Rendering = { readonly parts: string[]; length: number; pieces: number };
/** Innermost last. */
type Scope = readonly JsonValue[];

function renderPieces(pieces: readonly Piece[], scope: Scope, rendering: Rendering): void {
  for (const piece of pieces) {
    rendering.pieces += 1;
    if (rendering.pieces > PIECES_MAX)
      throw new TemplateError(`more than ${PIECES_MAX} pieces are rendered; expected fewer or shorter lists`);
    if (piece.kind === 'text') put(piece.text, rendering);
    else if (piece.kind === 'variable') put(textOf(valueOf(piece, scope), piece), rendering);
    else renderSection(piece, scope, rendering);
  }
}

function put(text: string, rendering: Rendering): void {
  rendering.length += text.length;
  if (rendering.length > RENDERED_LENGTH_MAX) {
    throw new TemplateError(`more than ${RENDERED_LENGTH_MAX} characters are rendered; expected fewer`);
  }
  rendering.parts.push(text);
}

type Section = Extract<Piece, { readonly pieces: unknown }>;

function renderSection(section: Section, scope: Scope, rendering: Rendering): void {
  const value = valueOf(section, scope);
  if (section.kind === 'inverted') {
    if (isNothing(value)) renderPieces(section.pieces, scope, rendering);
    return;
  }
  if (isList(value)) for (const item of value) renderPieces(section.pieces, [...scope, item], rendering);
  else if (!isNothing(value)) renderPieces(section.pieces, [...scope, value], rendering);
}

function isNothing(value: JsonValue): boolean {
  return value === null || value === false || value === 0 || value === '' || (isList(value) && value.length === 0);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

type Named = { readonly path: string; readonly line: number };

function valueOf({ path, line }: Named, scope: Scope): JsonValue {
  if (path === '.') return scope.at(-1) ?? null;
  const [first = '', ...rest] = path.split('.');
  const holder = scope.findLast((each) => fieldOf(each, first) !== undefined);
  let value = holder === undefined ? undefined : fieldOf(holder, first);
  for (const name of rest) value = value === undefined ? undefined : fieldOf(value, name);
  if (value !== undefined) return value;
  throw new TemplateError(`line ${line}: there is no variable ${path}; expected it in vars`);
}

/** Own fields alone, so that nothing of a prototype is ever read. */
function fieldOf(value: JsonValue, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return isList(value) ? itemOf(value, name) : value[name];
}

function itemOf(list: readonly JsonValue[], name: string): JsonValue | undefined {
  return /^\d{1,9}$/.test(name) ? list[Number(name)] : undefined;
}

function textOf(value: JsonValue, { path, line, escape }: Named & { readonly escape: Escape }): string {
  if (escape === 'json') return JSON.stringify(value);
  if (typeof value === 'object') {
    const what = value === null ? 'null' : isList(value) ? 'a list' : 'an object';
    throw new TemplateError(
      `line ${line}: ${path} is ${what}; expected a text, a number or a boolean, or {{${path}|json}}`,
    );
  }
  return escape === 'html'
    ? String(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
    : String(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
