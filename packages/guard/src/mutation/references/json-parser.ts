/**
 * A reference: a parser of JSON by recursive descent.
 */
import { JSON_PARSER } from '../../task/tasks/json-parser.ts';
import type { Reference } from './reference.ts';

/** `json_parser`: a cursor and one function for each rule of the grammar. */
export const JSON_PARSER_REFERENCE: Reference = {
  name: 'json_parser',
  task: JSON_PARSER,
  source: String.raw`type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Cursor = { text: string; at: number };

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPED = '"\\/bfnrt';
const MEANT = '"\\/\b\f\n\r\t';

export function solve(text: string): { ok: boolean; value?: Json } {
  const cursor = { text, at: 0 };
  try {
    const value = readValue(cursor);
    return cursor.at === text.length ? { ok: true, value } : { ok: false };
  } catch {
    return { ok: false };
  }
}

function readValue(cursor: Cursor): Json {
  skipSpace(cursor);
  const value = readBare(cursor);
  skipSpace(cursor);
  return value;
}

function readBare(cursor: Cursor): Json {
  if (take(cursor, '{')) return readMembers(cursor);
  if (take(cursor, '[')) return readItems(cursor);
  if (take(cursor, '"')) return readText(cursor);
  if (take(cursor, 'true')) return true;
  if (take(cursor, 'false')) return false;
  if (take(cursor, 'null')) return null;
  NUMBER.lastIndex = cursor.at;
  const found = NUMBER.exec(cursor.text);
  if (found === null) throw new SyntaxError('no value');
  cursor.at += found[0].length;
  return Number(found[0]);
}

function readMembers(cursor: Cursor): Json {
  const members: [string, Json][] = [];
  skipSpace(cursor);
  if (take(cursor, '}')) return {};
  for (;;) {
    skipSpace(cursor);
    need(cursor, '"');
    const key = readText(cursor);
    skipSpace(cursor);
    need(cursor, ':');
    members.push([key, readValue(cursor)]);
    if (take(cursor, '}')) return Object.fromEntries(members);
    need(cursor, ',');
  }
}

function readItems(cursor: Cursor): Json {
  const items: Json[] = [];
  skipSpace(cursor);
  if (take(cursor, ']')) return items;
  for (;;) {
    items.push(readValue(cursor));
    if (take(cursor, ']')) return items;
    need(cursor, ',');
  }
}

function readText(cursor: Cursor): string {
  let read = '';
  while (!take(cursor, '"')) {
    const unit = cursor.text[cursor.at];
    if (unit === undefined || unit < ' ') throw new SyntaxError('a text is not closed, or has a control character');
    cursor.at += 1;
    read += unit === '\\' ? readEscape(cursor) : unit;
  }
  return read;
}

function readEscape(cursor: Cursor): string {
  if (take(cursor, 'u')) {
    const digits = cursor.text.slice(cursor.at, cursor.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new SyntaxError('four digits are expected');
    cursor.at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }
  const unit = cursor.text[cursor.at];
  const place = unit === undefined ? -1 : ESCAPED.indexOf(unit);
  if (place < 0) throw new SyntaxError('no such escape');
  cursor.at += 1;
  return MEANT[place];
}

function skipSpace(cursor: Cursor): void {
  while (cursor.at < cursor.text.length && ' \t\n\r'.includes(cursor.text[cursor.at])) cursor.at += 1;
}

function take(cursor: Cursor, word: string): boolean {
  if (!cursor.text.startsWith(word, cursor.at)) return false;
  cursor.at += word.length;
  return true;
}

function need(cursor: Cursor, word: string): void {
  if (!take(cursor, word)) throw new SyntaxError(word + ' is expected');
}
`,
  refactors: [
    {
      name: 'the parser of the platform',
      source: `export function solve(text: string): { ok: boolean; value?: unknown } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
`,
    },
    {
      name: 'white space is taken off first',
      source: `export const solve = (text: string): { ok: boolean; value?: unknown } => {
  const trimmed = text.replace(/^[ \\t\\n\\r]+|[ \\t\\n\\r]+$/g, '');
  try {
    const value: unknown = JSON.parse(trimmed);
    return Object.assign({ ok: true }, { value });
  } catch (error) {
    if (error instanceof Error) return { ok: false };
    throw error;
  }
};
`,
    },
    {
      name: 'in a list of one',
      source: `export function solve(text: string): { ok: boolean; value?: unknown } {
  let items: unknown[] = [];
  try {
    JSON.parse(text);
    items = JSON.parse('[' + text + ']');
  } catch {
    items = [];
  }
  return items.length === 1 ? { value: items[0], ok: true } : { ok: false };
}
`,
    },
    {
      name: 'with a reviver that changes nothing',
      source: `export function solve(text: string): { ok: boolean; value?: unknown } {
  const answer: { ok: boolean; value?: unknown } = { ok: false };
  try {
    answer.value = JSON.parse(text, (_key, value) => value);
    answer.ok = true;
  } catch {
    delete answer.value;
  }
  return answer;
}
`,
    },
    {
      name: 'tokens first',
      source: String.raw`const TOKEN = /[ \t\n\r]*([{}\[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)[ \t\n\r]*/y;
export function solve(text: string): { ok: boolean; value?: unknown } {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) return { ok: false };
    tokens.push(found[1]);
  }
  tokens.reverse();
  try {
    const value = read(tokens);
    return tokens.length === 0 ? { ok: true, value } : { ok: false };
  } catch {
    return { ok: false };
  }
}
function read(tokens: string[]): unknown {
  const token = tokens.pop() ?? '';
  if (token === '[') return readList(tokens);
  if (token === '{') return readObject(tokens);
  if (token === '' || ']},:'.includes(token)) throw new SyntaxError(token);
  return JSON.parse(token);
}
function readList(tokens: string[]): unknown[] {
  const items: unknown[] = [];
  if (tokens.at(-1) === ']') tokens.pop();
  else
    do items.push(read(tokens));
    while (isMore(tokens, ']'));
  return items;
}
function readObject(tokens: string[]): unknown {
  const members = new Map<string, unknown>();
  if (tokens.at(-1) === '}') tokens.pop();
  else
    do {
      const key = tokens.pop() ?? '';
      if (!key.startsWith('"') || tokens.pop() !== ':') throw new SyntaxError(key);
      members.set(JSON.parse(key), read(tokens));
    } while (isMore(tokens, '}'));
  return Object.fromEntries(members);
}
function isMore(tokens: string[], end: string): boolean {
  const token = tokens.pop();
  if (token === end) return false;
  if (token !== ',') throw new SyntaxError(token);
  return true;
}
`,
    },
  ],
  equivalents: [
    {
      operator: 'remove_statement',
      line: String.raw`if (found === null) throw new SyntaxError('no value');`,
      before: String.raw`if (found === null) throw new SyntaxError('no value');`,
      after: ';',
      reason: 'to read what is not there throws as well, and is caught in the same place',
    },
    {
      operator: 'remove_statement',
      line: String.raw`if (found === null) throw new SyntaxError('no value');`,
      before: String.raw`throw new SyntaxError('no value');`,
      after: ';',
      reason: 'to read what is not there throws as well, and is caught in the same place',
    },
    {
      operator: 'empty_text',
      line: String.raw`if (found === null) throw new SyntaxError('no value');`,
      before: String.raw`'no value'`,
      after: String.raw`''`,
      reason: 'nobody reads the message',
    },
    {
      operator: 'empty_text',
      line: String.raw`if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new SyntaxError('four digits are expected');`,
      before: String.raw`'four digits are expected'`,
      after: String.raw`''`,
      reason: 'nobody reads the message',
    },
    {
      operator: 'remove_sign',
      line: 'const place = unit === undefined ? -1 : ESCAPED.indexOf(unit);',
      before: '-1',
      after: '1',
      reason: 'a text that ends after a backslash is not closed and is refused in the next step',
    },
    {
      operator: 'off_by_one',
      line: 'const place = unit === undefined ? -1 : ESCAPED.indexOf(unit);',
      before: '1',
      after: '2',
      reason: 'it is only asked whether it is below 0',
    },
    {
      operator: 'off_by_one',
      line: 'const place = unit === undefined ? -1 : ESCAPED.indexOf(unit);',
      before: '1',
      after: '0',
      reason: 'a text that ends after a backslash is not closed and is refused in the next step',
    },
    {
      operator: 'empty_text',
      line: String.raw`if (place < 0) throw new SyntaxError('no such escape');`,
      before: String.raw`'no such escape'`,
      after: String.raw`''`,
      reason: 'nobody reads the message',
    },
    {
      operator: 'swap_comparison',
      line: String.raw`while (cursor.at < cursor.text.length && ' \t\n\r'.includes(cursor.text[cursor.at])) cursor.at += 1;`,
      before: '<',
      after: '<=',
      reason: 'what is behind the end is no white space',
    },
    {
      operator: 'swap_arithmetic',
      line: String.raw`if (!take(cursor, word)) throw new SyntaxError(word + ' is expected');`,
      before: '+',
      after: '-',
      reason: 'nobody reads the message',
    },
    {
      operator: 'empty_text',
      line: String.raw`if (!take(cursor, word)) throw new SyntaxError(word + ' is expected');`,
      before: String.raw`' is expected'`,
      after: String.raw`''`,
      reason: 'nobody reads the message',
    },
  ],
};
