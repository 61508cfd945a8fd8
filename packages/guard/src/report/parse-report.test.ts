import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { parsePair, parseReport } from './parse-report.ts';
import { pairsOf, poisoned, RANDOM_PAIRS, reportOf } from './report.fixture.ts';
import { REPORT_SCHEMA, reportSchemaText } from './report-schema.ts';

const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, strictTuples: false }).compile(
  REPORT_SCHEMA,
);
const PUBLISHED = join(import.meta.dirname, '../../report.schema.json');

test('the published schema is the one of the code [X002-16]', async () => {
  const written = await format(reportSchemaText(), { parser: 'json', printWidth: 120 });
  expect(readFileSync(PUBLISHED, 'utf8')).toBe(written);
});

test('the schema is one of draft 2020-12, and every field has a description', () => {
  expect(new Ajv2020().validateSchema(REPORT_SCHEMA)).toBe(true);
  const fields = Object.entries(REPORT_SCHEMA['properties'] ?? {});
  expect(fields.length).toBeGreaterThan(30);
  for (const [name, field] of fields) expect(`${name}: ${JSON.stringify(field)}`).toContain('"description"');
});

test('reports of any cases fit the schema and come back from their text as they were [X002-16]', () => {
  fc.assert(
    fc.property(RANDOM_PAIRS, fc.string(), (pairs, text) => {
      const report = poisoned(reportOf({ pairs }), text);
      expect([validate(report), validate.errors]).toEqual([true, null]);
      expect(parseReport(JSON.stringify(report))).toEqual(report);
    }),
    { numRuns: 40 },
  );
});

test('every key of a report is one of the schema', () => {
  const known = Object.keys(REPORT_SCHEMA['properties'] ?? {});
  expect(Object.keys(reportOf()).filter((key) => !known.includes(key))).toEqual([]);
});

test('what is wrong is listed with its JSON path, all of it', () => {
  const report = reportOf();
  const wrong = {
    ...report,
    task: 7,
    pairs: { ...report.pairs, both: -1, excluded: { 'the sandbox': 'many' } },
    flips: [{ ...report.flips[0], kind: 'sideways' }],
    seed: undefined,
  };
  const parse = (): unknown => parseReport(JSON.stringify(wrong));
  expect(parse).toThrow(expect.objectContaining({ name: 'GuardError', code: 'REPORT_INVALID' }));
  for (const part of [
    "must have required property 'seed'",
    '$.task must be string',
    '$.pairs.both must be >= 0',
    '$.pairs.excluded["the sandbox"] must be integer',
    '$.flips[0].kind must be equal to one of the allowed values (["pass_to_fail","fail_to_pass"])',
  ])
    expect(parse).toThrow(part);
});

test.each([
  ['no JSON', '{', 'report is no JSON; give the file that guard wrote'],
  ['nested too deeply', '['.repeat(2_000) + ']'.repeat(2_000), 'report is too deep; expected at most 100'],
  ['a list', '[]', '$ must be object'],
])('%s is refused in plain words', (_name, text, message) => {
  expect(() => parseReport(text)).toThrow(message);
});

test('findings beyond fifty are counted', () => {
  const wrong = { ...reportOf(), faults: Array(80).fill(1) };
  expect(() => parseReport(JSON.stringify(wrong))).toThrow('and 30 more');
});

test('a line of the file of cases comes back as it was, and a wrong one is told by its number', () => {
  for (const pair of pairsOf(100)) expect(parsePair(JSON.stringify(pair), 'line 1')).toEqual(pair);
  expect(() => parsePair('{"case_index":-1}', 'line 12 of the file of cases')).toThrow(
    'line 12 of the file of cases does not fit',
  );
});
