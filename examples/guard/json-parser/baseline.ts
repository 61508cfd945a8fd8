/** A parser by recursive descent, one function for each rule of the grammar. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Answer = { ok: true; value: Json } | { ok: false };
type Reader = { readonly text: string; at: number };

const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', '/': '/' };
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

export function solve(text: string): Answer {
  const reader = { text, at: 0 };
  try {
    const value = readValue(reader);
    if (reader.at < text.length) return { ok: false };
    return { ok: true, value };
  } catch {
    return { ok: false };
  }
}

function readValue(reader: Reader): Json {
  skipSpace(reader);
  const value = readBare(reader);
  skipSpace(reader);
  return value;
}

function readBare(reader: Reader): Json {
  const first = reader.text[reader.at];
  if (first === '{') return readObject(reader);
  if (first === '[') return readList(reader);
  if (first === '"') return readString(reader);
  for (const [word, value] of [
    ['true', true],
    ['false', false],
    ['null', null],
  ] as const) {
    if (!reader.text.startsWith(word, reader.at)) continue;
    reader.at += word.length;
    return value;
  }
  return readNumber(reader);
}

function readObject(reader: Reader): Json {
  const members: [string, Json][] = [];
  reader.at += 1;
  skipSpace(reader);
  if (take(reader, '}')) return {};
  for (;;) {
    skipSpace(reader);
    const key = readString(reader);
    skipSpace(reader);
    expect(reader, ':');
    members.push([key, readValue(reader)]);
    if (take(reader, '}')) return Object.fromEntries(members);
    expect(reader, ',');
  }
}

function readList(reader: Reader): Json {
  const items: Json[] = [];
  reader.at += 1;
  skipSpace(reader);
  if (take(reader, ']')) return items;
  for (;;) {
    items.push(readValue(reader));
    if (take(reader, ']')) return items;
    expect(reader, ',');
  }
}

function readString(reader: Reader): string {
  expect(reader, '"');
  let read = '';
  while (!take(reader, '"')) {
    const unit = reader.text[reader.at];
    if (unit === undefined || unit < ' ') throw new SyntaxError('a text does not end, or has a control character');
    reader.at += 1;
    read += unit === '\\' ? readEscape(reader) : unit;
  }
  return read;
}

function readEscape(reader: Reader): string {
  const name = reader.text[reader.at] ?? '';
  reader.at += 1;
  if (name !== 'u') {
    const plain = Object.hasOwn(ESCAPES, name) ? ESCAPES[name] : undefined;
    if (plain === undefined) throw new SyntaxError('no such escape');
    return plain;
  }
  const digits = reader.text.slice(reader.at, reader.at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new SyntaxError('four hexadecimal digits are expected');
  reader.at += 4;
  return String.fromCharCode(Number.parseInt(digits, 16));
}

function readNumber(reader: Reader): number {
  NUMBER.lastIndex = reader.at;
  const [digits] = NUMBER.exec(reader.text) ?? [];
  if (digits === undefined) throw new SyntaxError('no value');
  reader.at += digits.length;
  return Number(digits);
}

function skipSpace(reader: Reader): void {
  while (' \t\n\r'.includes(reader.text[reader.at] ?? 'x')) reader.at += 1;
}

function take(reader: Reader, unit: string): boolean {
  if (reader.text[reader.at] !== unit) return false;
  reader.at += 1;
  return true;
}

function expect(reader: Reader, unit: string): void {
  if (!take(reader, unit)) throw new SyntaxError(`${unit} is expected`);
}
