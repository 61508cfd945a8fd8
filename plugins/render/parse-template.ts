/**
 * Reads a template into a tree. The language has no code, only these tags; a tag that opens, ends or comments alone on its line takes
 * the line with it.
 *
 *   {{name}} {{a.b.0}} {{.}}     a variable, as it is          {{name|json}} {{name|html}}   the same, escaped
 *   {{#name}} … {{/name}}        for each of a list; for what is there and not false, once
 *   {{^name}} … {{/name}}        for an empty list or text, false, 0 and null
 *   {{! words }}                 nothing                       \{{                           two braces
 */
import { TemplateError } from './template-error.ts';

/** How a value becomes a text. */
export type Escape = 'none' | 'json' | 'html';

/** A piece of a template; `line` counts from 1. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly path: string; readonly escape: Escape; readonly line: number }
  | {
      readonly kind: 'section' | 'inverted';
      readonly path: string;
      readonly line: number;
      readonly pieces: readonly Piece[];
    };

/** Sections in sections. */
const DEPTH_MAX = 32;
const PATH = /^(?:\.|[A-Za-z_]\w{0,99}(?:\.\w{1,100}){0,15})$/;
const ESCAPES: readonly Escape[] = ['json', 'html'];
const OPENING = '{{';
const CLOSING = '}}';

type Open = { readonly kind: 'section' | 'inverted'; readonly path: string; readonly line: number; pieces: Piece[] };

/**
 * Reads it.
 *
 * @throws {TemplateError} for a tag that is not closed or that nobody knows, sections that do not close in order or are too deep.
 */
export function parseTemplate(template: string): readonly Piece[] {
  const root: Piece[] = [];
  const open: Open[] = [];
  for (const token of tokensOf(template)) {
    const pieces = open.at(-1)?.pieces ?? root;
    if (token.kind === 'text') pieces.push(token);
    else readTag(token, { pieces, open });
  }
  const unclosed = open.at(-1);
  if (unclosed === undefined) return root;
  throw new TemplateError(
    `line ${unclosed.line}: the section ${unclosed.path} is not closed; expected {{/${unclosed.path}}}`,
  );
}

type Tag = { readonly kind: 'tag'; readonly sign: string; readonly body: string; readonly line: number };
type Token = Tag | { readonly kind: 'text'; readonly text: string };

function* tokensOf(template: string): Generator<Token> {
  let from = 0;
  let line = 1;
  for (;;) {
    const at = template.indexOf(OPENING, from);
    if (at === -1) break;
    const isLiteral = template.charAt(at - 1) === '\\' && at > from;
    const before = template.slice(from, isLiteral ? at - 1 : at);
    line += newlinesIn(before);
    if (isLiteral) {
      yield { kind: 'text', text: before + OPENING };
      from = at + OPENING.length;
      continue;
    }
    const end = template.indexOf(CLOSING, at);
    if (end === -1)
      throw new TemplateError(`line ${line}: a tag is not closed; expected }} after {{, or \\{{ for two braces`);
    const tag = tagOf(template.slice(at + OPENING.length, end), line);
    const after = end + CLOSING.length;
    const alone = tag.sign === '' ? undefined : lineAround(template, { at, after });
    yield { kind: 'text', text: alone === undefined ? before : before.slice(0, before.length - alone.indent) };
    yield tag;
    line += newlinesIn(template.slice(at, alone?.next ?? after));
    from = alone?.next ?? after;
  }
  yield { kind: 'text', text: template.slice(from) };
}

function tagOf(inner: string, line: number): Tag {
  const text = inner.trim();
  const sign = /^[#^/!]/.exec(text)?.[0] ?? '';
  return { kind: 'tag', sign, body: text.slice(sign.length).trim(), line };
}

/** Where nothing but blanks stands around a tag: how many are before it, and where the next line begins. */
function lineAround(
  template: string,
  { at, after }: { readonly at: number; readonly after: number },
): { readonly indent: number; readonly next: number } | undefined {
  let start = at;
  while (isBlank(template.charAt(start - 1))) start -= 1;
  let end = after;
  while (isBlank(template.charAt(end))) end += 1;
  if (template.charAt(end) === '\r') end += 1;
  const isFirst = start === 0 || template.charAt(start - 1) === '\n';
  if (!isFirst || (end < template.length && template.charAt(end) !== '\n')) return undefined;
  return { indent: at - start, next: Math.min(template.length, end + 1) };
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t';
}

function newlinesIn(text: string): number {
  return text.split('\n').length - 1;
}

type Place = { readonly pieces: Piece[]; readonly open: Open[] };

function readTag(tag: Tag, { pieces, open }: Place): void {
  const { sign, body, line } = tag;
  if (sign === '!') return;
  if (sign === '') {
    pieces.push(variableOf(tag));
    return;
  }
  assertPath(body, line);
  if (sign === '/') {
    close(tag, open);
    return;
  }
  if (open.length >= DEPTH_MAX)
    throw new TemplateError(`line ${line}: sections are nested more than ${DEPTH_MAX} deep; expected fewer`);
  const section: Open = { kind: sign === '#' ? 'section' : 'inverted', path: body, line, pieces: [] };
  pieces.push(section);
  open.push(section);
}

function variableOf({ body, line }: Tag): Piece {
  const [path = '', word, ...more] = body.split('|').map((part) => part.trim());
  assertPath(path, line);
  const escape = word === undefined ? 'none' : ESCAPES.find((each) => each === word);
  if (escape !== undefined && more.length === 0) return { kind: 'variable', path, escape, line };
  throw new TemplateError(`line ${line}: {{${clipped(body)}}} has an unknown escape; expected |json or |html, or none`);
}

function close({ body, line }: Tag, open: Open[]): void {
  const last = open.pop();
  if (last?.path === body) return;
  const expected = last === undefined ? 'no section is open' : `expected {{/${last.path}}}`;
  throw new TemplateError(`line ${line}: {{/${clipped(body)}}} closes no section; ${expected}`);
}

function assertPath(path: string, line: number): void {
  if (PATH.test(path)) return;
  throw new TemplateError(
    `line ${line}: ${JSON.stringify(clipped(path))} is no name of a variable; expected such as user.name`,
  );
}

const SHOWN_CHARACTERS = 60;

function clipped(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}
