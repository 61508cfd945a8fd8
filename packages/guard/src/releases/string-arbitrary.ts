/**
 * Texts of a JSON Schema: by format, by pattern, or of any characters, with the ends of what is allowed.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';

/** Characters beyond the least that there must be. */
const CHARACTERS_MORE = 24;
/** A text as long as is allowed is made up to here. */
const CHARACTERS_MAX = 4_096;
const PATTERN_CHARACTERS_MAX = 300;
/** Of a count in braces; what asks for more is passed over. */
const REPEATS_DIGITS_MAX = 3;
const FAR_YEARS = { min: new Date('1970-01-01T00:00:00Z'), max: new Date('2099-12-31T23:59:59Z'), noInvalidDate: true };

/** Makes it; undefined where no text can be made. */
export function stringArbitrary(schema: JsonObject): fc.Arbitrary<JsonValue> | undefined {
  const { format, pattern } = schema;
  if (typeof pattern === 'string') return patternArbitrary(pattern);
  const formatted = typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (formatted !== undefined) return formatted();
  const minLength = Math.max(0, Math.ceil(lengthOf(schema['minLength']) ?? 0));
  const most = lengthOf(schema['maxLength']) ?? Infinity;
  if (minLength > CHARACTERS_MAX || most < minLength) return undefined;
  return freeText(minLength, Math.floor(most));
}

const FORMATS: Readonly<Record<string, () => fc.Arbitrary<string>>> = {
  'date-time': () => fc.date(FAR_YEARS).map((date) => date.toISOString()),
  date: () => fc.date(FAR_YEARS).map((date) => date.toISOString().slice(0, 10)),
  time: () => fc.date(FAR_YEARS).map((date) => date.toISOString().slice(11)),
  duration: () => fc.nat(999).map((count) => `PT${count}S`),
  email: () => fc.emailAddress(),
  uri: () => fc.webUrl({ size: 'small' }),
  url: () => fc.webUrl({ size: 'small' }),
  'uri-reference': () => fc.webPath({ size: 'small' }),
  uuid: () => fc.uuid(),
  ipv4: () => fc.ipV4(),
  ipv6: () => fc.ipV6(),
  hostname: () => fc.domain({ size: 'small' }),
};

/** fast-check reads the pattern and never runs it; what it cannot read makes no text. */
function patternArbitrary(pattern: string): fc.Arbitrary<string> | undefined {
  const isLong = new RegExp(String.raw`\{\d*,?\d{${REPEATS_DIGITS_MAX + 1},}`, 'u').test(pattern);
  if (pattern.length > PATTERN_CHARACTERS_MAX || isLong) return undefined;
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' });
  } catch {
    return undefined; // Not of the language, or with an assertion.
  }
}

/** Beyond ASCII, with a letter of two code points and one outside the basic plane; what quotes and tags break on; only space. */
const ODD: readonly string[] = ['ß漢🙂', 'e\u0301', '"\'\\', '<b>&amp;</b>', ' ', '\n', '0', 'null'];

function freeText(minLength: number, most: number): fc.Arbitrary<string> {
  const maxLength = Math.min(most, minLength + CHARACTERS_MORE);
  const fits = (length: number): boolean => length >= minLength && length <= most;
  const odd = ODD.filter((text) => fits(Array.from(text).length));
  const ends = ['a'.repeat(minLength), ...(most <= CHARACTERS_MAX ? ['a'.repeat(most)] : [])];
  return fc.oneof(
    { weight: 5, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength, maxLength }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength, maxLength }) },
    { weight: 2, arbitrary: fc.constantFrom(...ends, ...odd) },
  );
}

function lengthOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
