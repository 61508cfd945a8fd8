/**
 * A worked example: a parser of JSON against the platform's own. `solve(text)` answers `{ ok: true, value }`, and `{ ok: false }` where the text
 * is no JSON.
 *
 * Results cross a wall as JSON, where −0 is 0 and there is no infinity: texts that say a number beyond the doubles are none of the cases,
 * and −0 is only asked to be a number.
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import fc from 'fast-check';
import { createRandom } from '../../statistics/random.ts';
import { defineTask } from '../define-task.ts';
import { nonJsonPlace } from '../json.ts';
import type { Relation } from '../relations.ts';
import type { Task } from '../task.ts';

/**
 * Arguments of an implementation: the text.
 *
 * @public
 */
export type JsonParserArgs = [text: string];

/**
 * What an implementation answers: the value, or that there is none.
 *
 * @public
 */
export type JsonParserResult = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false };

type Text = fc.Arbitrary<string>;

/** Levels of lists and objects in a text; with what a relation puts around it, fewer than JSON here may have. */
const DEPTH_MAX = 50;
/** Seeds of fast-check are words of 32 bits. */
const SEEDS = 2 ** 31;
const SPACES = ['', '', '', ' ', '\n', '\t', '\r\n  '];
const NUMBERS = [
  ...[
    '0',
    '-0',
    '-1',
    '10',
    '0.5',
    '-0.0',
    '1e3',
    '1E+2',
    '2e-7',
    '0.1e1',
    '1e-400',
    '5e-324',
    '1.7976931348623157e308',
  ],
  ...['9007199254740993', '123456789012345678901234567890', '0.1000000000000000055511151231257827'],
];
/** Parts of a text between quotes: plain ones, every escape, pairs and lone halves of them, what other languages forbid. */
const PIECES = [
  ...['a', 'Z', '0', ' ', "'", '/', 'é', '😀', '\u2028', '\u007f', '{', ']', ',', ':'],
  ...[
    '\\"',
    '\\\\',
    '\\/',
    '\\b',
    '\\f',
    '\\n',
    '\\r',
    '\\t',
    '\\u0041',
    '\\u00e9',
    '\\u0000',
    '\\uD83D\\uDE00',
    '\\ud800',
    '\\uDC00x',
  ],
];
const KEYS = ['"a"', '"b"', '"a"', '""', '"__proto__"', '"\\u0061"', '"1"', '"toString"'];
/** Texts that are no JSON, each for a reason of its own. */
const REFUSED = [
  ...['', ' ', '01', '-01', '+1', '.5', '1.', '1.e1', '1e', '1e+', '-', '- 1', '0x1', '1_000', '1n', '--1', '1.2.3'],
  ...['nul', 'True', 'NaN', 'Infinity', '-Infinity', 'undefined', 'truefalse', 'nullx'],
  ...[
    "'a'",
    '"abc',
    '"\\x41"',
    '"\\u12"',
    '"\\u00g0"',
    '"\\',
    '"a\nb"',
    '"a\tb"',
    '"\u0001"',
    '"\u0000"',
    '"a""b"',
    '"\\u 123"',
    '"\\u+123"',
  ],
  ...['[', ']', '[1', '[1,]', '[,1]', '[1 2]', '[1]]', '[1,,2]', '[}', '{]', '[1;2]', '(1)'],
  ...[
    '{',
    '}',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    '{1:1}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{"a":1}}',
    '{"a"::1}',
    '{null:1}',
  ],
  ...[
    '1 2',
    '1,2',
    '{}{}',
    '[][]',
    '\u00a01',
    '\ufeff1',
    '1\u2028',
    '\v1',
    '\f1',
    '//\n1',
    '/**/1',
    '1 //',
    '#1',
    'true,',
    '@',
  ],
];
const SLIPS = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 't', ' ', '\n', '\u0000', '+', 'u'];

/**
 * The task: two hard properties, four relations; `group` is `json` or `refused`.
 *
 * @public
 */
export const JSON_PARSER: Task<JsonParserArgs, JsonParserResult> = defineTask<JsonParserArgs, JsonParserResult>({
  name: 'json_parser',
  generate: (n, seed) => textsOf(n, seed).map((text): JsonParserArgs => [text]),
  isResult: (value): value is JsonParserResult => {
    if (typeof value !== 'object' || value === null || !('ok' in value)) return false;
    return value['ok'] === true ? 'value' in value : value['ok'] === false && !('value' in value);
  },
  properties: [
    {
      name: 'refuses',
      description: 'it refuses what the platform refuses, and nothing else',
      check: (out, text) => out.ok === platformAnswer(text).ok || `${out.ok ? 'takes' : 'refuses'} the text`,
    },
    {
      name: 'value',
      description: 'the value is the one that the platform finds',
      pre: (text) => platformAnswer(text).ok,
      check: (out, text) => canonicalJson(out) === canonicalJson(platformAnswer(text)),
    },
  ],
  relations: [
    {
      name: 'pad',
      category: 'noise',
      description: 'white space around it changes nothing',
      expect: 'equal',
      transform: ([text], { random }) => [`${spaceOf(random.below(7))} ${text}\n${spaceOf(random.below(7))}`],
    },
    wrapped({ name: 'wrap_in_list', wrap: (text) => `[ ${text},${text}]`, value: (inner) => [inner, inner] }),
    wrapped({
      name: 'last_key_counts',
      wrap: (text) => `{"a":0,"b" : ${text} ,"a":${text}}`,
      value: (inner) => ({ a: inner, b: inner }),
    }),
    {
      name: 'written_again',
      category: 'idempotence',
      description: 'the value, written by the platform, is read as itself',
      readsResult: true,
      expect: 'equal',
      transform: (_args, { out }) => (out.ok ? [JSON.stringify(out.value)] : undefined),
    },
  ],
  group: ([text]) => (platformAnswer(text).ok ? 'json' : 'refused'),
});

/** What stands in something bigger has the same value there. A text that is no JSON may become some, so that nothing is said of it. */
function wrapped({
  name,
  wrap,
  value,
}: {
  readonly name: string;
  readonly wrap: (text: string) => string;
  readonly value: (inner: JsonValue) => JsonValue;
}): Relation<JsonParserArgs, JsonParserResult> {
  return {
    name,
    category: 'composition',
    description: 'in a list or an object it has the same value',
    readsResult: true,
    transform: ([text], { out }) => (out.ok ? [wrap(text)] : undefined),
    relate: (source, follow, { equivalent }) =>
      source.ok && follow.every((out) => equivalent({ ok: true, value: value(source.value) }, out)),
  };
}

function platformAnswer(text: string): JsonParserResult {
  try {
    return { ok: true, value: JSON.parse(text) as JsonValue }; // JSON.parse makes JSON.
  } catch {
    return { ok: false }; // That it throws is the answer.
  }
}

/** Whether the value, if there is one, crosses a wall of JSON as it is. */
function isCarried(text: string): boolean {
  const answer = platformAnswer(text);
  return !answer.ok || nonJsonPlace(answer.value, 'value', 64 - DEPTH_MAX) === undefined;
}

function spaceOf(index: number): string {
  return SPACES[index % SPACES.length] ?? '';
}

/** Every third is the next of those that are refused, so that 400 cases have them all; drawn, a good many would be missed. */
function textsOf(n: number, seed: number): readonly string[] {
  const random = createRandom(seed);
  const first = random.below(REFUSED.length);
  const drawn = fc.sample(textArbitrary(), { numRuns: n, seed: random.below(SEEDS) });
  return drawn.map((text, index) =>
    index % 3 === 2 ? (REFUSED[(first + Math.floor(index / 3)) % REFUSED.length] ?? text) : text,
  );
}

function textArbitrary(): Text {
  const valid = validArbitrary();
  return fc
    .oneof(
      { weight: 5, arbitrary: valid },
      { weight: 2, arbitrary: slipped(valid) },
      { weight: 1, arbitrary: deepArbitrary() },
    )
    .filter((text) => isCarried(text));
}

/** The grammar of JSON, with white space where it may stand. */
function validArbitrary(): Text {
  const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof({ depthSize: 'small', maxDepth: 4 }, scalarArbitrary(), tie('list'), tie('object')),
    list: fc
      .tuple(fc.array(spaced(tie('value')), { maxLength: 4 }), fc.constantFrom(...SPACES))
      .map(([items, space]) => `[${items.length === 0 ? space : items.join(',')}]`),
    object: fc
      .tuple(
        fc.array(fc.tuple(spaced(fc.constantFrom(...KEYS)), spaced(tie('value'))), { maxLength: 4 }),
        fc.constantFrom(...SPACES),
      )
      .map(([members, space]) => {
        const written = members.map(([key, member]) => `${key}:${member}`).join(',');
        return `{${members.length === 0 ? space : written}}`;
      }),
  }));
  return spaced(value);
}

function scalarArbitrary(): Text {
  return fc.oneof(
    fc.constantFrom('true', 'false', 'null'),
    fc.constantFrom(...NUMBERS),
    fc.integer().map((value) => String(value)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => String(value)),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => `"${pieces.join('')}"`),
  );
}

function spaced(text: Text): Text {
  return fc
    .tuple(fc.constantFrom(...SPACES), text, fc.constantFrom(...SPACES))
    .map(([before, inner, after]) => `${before}${inner}${after}`);
}

/** A text with one character left out, put in or replaced; now and then it is JSON still. */
function slipped(valid: Text): Text {
  const change = fc.record({ at: fc.nat(200), taken: fc.nat(1), put: fc.constantFrom('', ...SLIPS) });
  return fc.tuple(valid, change).map(([text, { at, taken, put }]) => {
    const place = at % (text.length + 1);
    return `${text.slice(0, place)}${put}${text.slice(place + taken)}`;
  });
}

/** Lists and objects in one another, closed as often as they were opened, once too seldom or once too often. */
function deepArbitrary(): Text {
  return fc
    .tuple(fc.integer({ min: 1, max: DEPTH_MAX }), fc.boolean(), fc.constantFrom(0, 0, 0, 1, -1))
    .map(([depth, isObject, off]) => {
      const [open, close] = isObject ? ['{"a":', '}'] : ['[', ']'];
      return `${open.repeat(depth)}1${close.repeat(depth + off)}`;
    });
}
