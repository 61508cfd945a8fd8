import fc from 'fast-check';
import { expect, test } from 'vitest';
import { weigh, type PatternKind, type SeenRecord } from '../pattern.ts';
import { recognizePatterns } from '../recognize.ts';

const ALL = { minConfidence: 0, patternsMax: 100 };
const DEFAULTS = { minConfidence: 0.7, patternsMax: 100 };
const START = Date.parse('2026-06-01T00:00:00.000Z');
const MINUTE_MS = 60_000;

const events = (text: string, more: Partial<SeenRecord> = {}): readonly SeenRecord[] =>
  text.split(' ').map((event) => ({ event, ...more }));

const found = (kind: PatternKind, records: readonly SeenRecord[], settings = DEFAULTS) =>
  recognizePatterns(records, settings).filter((pattern) => pattern.kind === kind);

test('a pattern weighs (min(len / 10, 1) + avg) / 2 [X004-8]', () => {
  expect([weigh(3, 1), weigh(4, 1), weigh(10, 1), weigh(50, 0.5), weigh(0, 0)]).toEqual([0.65, 0.7, 1, 0.75, 0]);
});

test('a sequence of three that comes again is behaviour; its parts and rotations are not told beside it [X004-8]', () => {
  expect(found('behavioural', events('login read write login read write login read write'))).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      kind: 'behavioural',
      description: 'login, read, write, 3 times',
      confidence: 0.95,
      occurrences: 3,
      details: { sequence: ['login', 'read', 'write'], source: null },
    },
  ]);
});

test('two that come again are no sequence, and neither is one that comes once', () => {
  expect(found('behavioural', events('a b x a b y a b z'), ALL)).toEqual([]);
  expect(found('behavioural', events('a b c d e f g'), ALL)).toEqual([]);
});

test('the sequence is each source’s own, in order of time', () => {
  const at = (minutes: number) => new Date(START + minutes * MINUTE_MS).toISOString();
  const steps = ['a', 'b', 'c', 'a', 'b', 'c'];
  const mixed = steps.flatMap((event, index) => [
    { event, source: 'ada', timestamp: at(index) },
    { event: `${event}2`, source: 'bob', timestamp: at(index) },
  ]);
  const patterns = found('behavioural', mixed.toReversed());
  expect(new Set(patterns.map(({ details }) => details))).toEqual(
    new Set([
      { sequence: ['a', 'b', 'c'], source: 'ada' },
      { sequence: ['a2', 'b2', 'c2'], source: 'bob' },
    ]),
  );
});

test('uncertain records make an uncertain pattern, which is left out below min_confidence [X004-8]', () => {
  const records = events('a b c a b c', { confidence: 0.5 });
  expect(found('behavioural', records, ALL)).toMatchObject([{ confidence: 0.55 }]);
  expect(found('behavioural', records)).toEqual([]);
});

const everyMinutes = (minutes: readonly number[], event = 'beat'): readonly SeenRecord[] =>
  minutes.map((minute) => ({ event, timestamp: START + minute * MINUTE_MS }));

test('what comes every ten minutes is periodic, in buckets of five [X004-8]', () => {
  expect(found('temporal', everyMinutes([0, 10, 20, 30, 40, 41]))).toMatchObject([
    {
      confidence: 0.75,
      occurrences: 5,
      details: { event: 'beat', period_seconds: 600, bucket_seconds: 300, per_bucket: 1.2 },
    },
  ]);
});

test('gaps whose variance reaches a fifth of their mean are no period, and neither are two gaps [X004-8]', () => {
  // Gaps of 2, 4, 2 and 4 buckets: mean 3, variance 1, which is above 0.6. Gaps of 5, 6, 5, 6: mean 5.5, variance 0.25, below 1.1.
  expect(found('temporal', everyMinutes([0, 10, 30, 40, 60]), ALL)).toEqual([]);
  expect(found('temporal', everyMinutes([0, 25, 55, 80, 110]), ALL)).toHaveLength(1);
  expect(found('temporal', everyMinutes([0, 10, 20]), ALL)).toEqual([]);
});

test('what is no moment is no time', () => {
  const records = ['soon', '', null, Infinity, [], '2026-99-99'].map((timestamp) => ({ event: 'e', timestamp }));
  expect(found('temporal', records, ALL)).toEqual([]);
});

test('records of one shape are structure: names and types of their fields, in any order [X004-8]', () => {
  const records = [{ a: 1, b: 'x' }, { b: 'y', a: 2 }, { a: 3, b: 'z' }, { a: null }];
  expect(found('structural', records, ALL)).toMatchObject([
    { occurrences: 3, confidence: 0.525, details: { fields: { a: 'number', b: 'string' }, share: 0.75 } },
  ]);
});

test('a link that comes again is a relation, mutual where it comes back [X004-8]', () => {
  const link = (source: string, target: string): SeenRecord => ({ source, target });
  const records = [
    ...Array.from({ length: 6 }, () => link('ada', 'bob')),
    ...Array.from({ length: 3 }, () => link('bob', 'ada')),
    link('ada', 'eve'),
    link('ada', 'eve'),
  ];
  expect(found('relational', records, ALL)).toMatchObject([
    { occurrences: 6, confidence: 0.675, details: { source: 'ada', target: 'bob', share: 0.75, is_mutual: true } },
    { occurrences: 3, confidence: 0.65, details: { source: 'bob', target: 'ada', share: 1, is_mutual: true } },
  ]);
});

test('the most certain come first, and no more than are wanted', () => {
  const records = Array.from({ length: 300 }, (_, index): SeenRecord => ({ [`field${index % 60}`]: 1 }));
  const patterns = recognizePatterns(records, { minConfidence: 0, patternsMax: 7 });
  expect(patterns).toHaveLength(7);
  expect(patterns.map(({ confidence }) => confidence)).toEqual(
    patterns.map(({ confidence }) => confidence).toSorted((a, b) => b - a),
  );
});

const anyRecord = fc.record(
  {
    event: fc.constantFrom('a', 'b', 'c', 'd'),
    source: fc.constantFrom('s', 't'),
    target: fc.constantFrom('s', 't', 'u'),
    timestamp: fc.oneof(fc.integer({ min: 0, max: 1e8 }), fc.string()),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    more: fc.jsonValue(),
    ['__proto__']: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

test('whatever the records are: patterns are weighed between 0 and 1, each once, and the same of the same', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 60 }), (records) => {
      const patterns = recognizePatterns(records, ALL);
      for (const { confidence, occurrences } of patterns) {
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
        expect(occurrences).toBeGreaterThanOrEqual(2);
        expect(occurrences).toBeLessThanOrEqual(records.length);
      }
      expect(new Set(patterns.map(({ id }) => id)).size).toBe(patterns.length);
      expect(recognizePatterns(records, ALL)).toEqual(patterns);
    }),
  );
});

test('a sequence is found wherever it is put among events that come once', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }), (fillers) => {
      let count = 0;
      const noise = (length: number): readonly SeenRecord[] =>
        Array.from({ length }, () => ({ event: `once${(count += 1)}` }));
      const records = [...events('x y z'), ...fillers.flatMap((length) => [...noise(length), ...events('x y z')])];
      const sequences = found('behavioural', records, ALL).map(({ details }) => details['sequence']);
      expect(new Set(sequences.flat())).toEqual(new Set(['x', 'y', 'z']));
    }),
  );
});

test.for<readonly [string, (index: number) => SeenRecord]>([
  ['all the same', () => ({ event: 'a', source: 's', target: 't', timestamp: START })],
  ['all different', (index) => ({ event: `e${index}`, [`f${index}`]: 1, timestamp: START + index * MINUTE_MS })],
  [
    'of two kinds in a pattern that never repeats',
    (index) => ({ event: String(index.toString(2).split('1').length % 2) }),
  ],
  ['wide', (index) => Object.fromEntries(Array.from({ length: 64 }, (_, field) => [`${index % 3}-${field}`, field]))],
] as const)('the largest input is looked through in a moment where it is %s', ([, record]) => {
  const records = Array.from({ length: 5_000 }, (_, index) => record(index));
  const startedAt = performance.now();
  expect(recognizePatterns(records, ALL).length).toBeLessThanOrEqual(100);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
