import { describe, expect, test } from 'vitest';
import type { JsonObject } from '@bulkhead/protocol';
import { createPii } from './pii.ts';
import { judged, pairsOf } from './records.fixture.ts';
import { createSafety } from './safety.ts';

const clean = { result: 'nothing to see' };

/** Candidates that answer so in `count` of 40 cases. */
function judgedWith(result: JsonObject, count: number, baselineCount = 0) {
  const records = pairsOf(
    40,
    (index) => ({ result: index < baselineCount ? result : clean }),
    (index) => ({ result: index < count ? result : clean }),
  );
  return judged(createPii(), records);
}

const kindsOf = (text: string): readonly string[] => {
  const { summary } = judgedWith({ result: { rows: [text] } }, 1);
  return Object.entries(summary['kinds'] as Readonly<Record<string, { candidate: number }>>)
    .filter(([, { candidate }]) => candidate > 0)
    .map(([kind]) => kind);
};

describe('pii', () => {
  test.each([
    ['write to ada.lovelace+x@mail.example.org today', ['email']],
    ['call +49 30 1234567', ['phone']],
    ['call (212) 555-0123 now', ['phone']],
    ['call (212) 555 2368', ['phone']],
    ['card 4111 1111 1111 1111', ['card']],
    ['card 4111-1111-1111-1112', []],
    ['card 4444444444444444', []],
    ['pay to DE89 3704 0044 0532 0130 00 AT ONCE', ['iban']],
    ['pay to GB82WEST12345698765432', ['iban']],
    ['pay to GB83WEST12345698765432', []],
    ['2026-11-30T10:29:06.123Z, 3.14159265358979, 127.0.0.1:8080, v1.2.3', []],
    ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', []],
  ])('[X002-10] %s has %j', (text, kinds) => {
    expect(kindsOf(text)).toEqual(kinds);
  });

  test('a number of a card that is answered as a number is one', () => {
    expect(judgedWith({ result: 4_111_111_111_111_111 }, 1).summary['kinds']).toMatchObject({ card: { candidate: 1 } });
  });

  test('more of it than the baseline has is an alert that repeats no text', () => {
    const found = judgedWith({ result: 'ada@example.org' }, 7);
    expect(found).toMatchObject({
      summary: { status: 'alert', candidate_rate: 7 / 40, baseline_rate: 0, p: expect.closeTo(0.5 ** 7, 10) },
      alerts: [{ type: 'pii_increase', severity: 'warn', n: 40 }],
    });
    expect(JSON.stringify(found)).not.toContain('ada');
  });

  test.each([
    [6, 0, 'warn'],
    [20, 20, 'warn'],
    [0, 20, 'ok'],
  ])('%i of the candidate’s and %i of the baseline’s: %s', (candidate, baseline, status) => {
    expect(judgedWith({ result: 'ada@example.org' }, candidate, baseline)).toMatchObject({
      summary: { status },
      alerts: [],
    });
  });

  test('few pairs are no data', () => {
    expect(
      judged(
        createPii(),
        pairsOf(
          29,
          () => ({}),
          () => ({}),
        ),
      ).summary,
    ).toMatchObject({ status: 'nodata', pairs: 29 });
  });

  test('a result that is made to take long does not', () => {
    const hostile = ['1 '.repeat(30_000), 'a'.repeat(65_000), 'A1'.repeat(30_000), `${'a.'.repeat(20_000)}@`];
    for (const text of hostile) expect(kindsOf(text)).toEqual([]);
  });
});

describe('safety', () => {
  test('[X002-10] what matches a pattern of the operator is told by its number', () => {
    const records = pairsOf(
      40,
      () => ({ result: clean }),
      (index) => ({ result: { result: index < 10 ? 'Drop Table users' : 'x' } }),
    );
    const found = judged(createSafety({ patterns: ['rm -rf', '[Dd]rop [Tt]able'], severity: 'block' }), records);
    expect(found).toMatchObject({
      summary: { status: 'alert', kinds: { pattern_1: { candidate: 0 }, pattern_2: { candidate: 10 } } },
      alerts: [{ type: 'safety_increase', severity: 'block' }],
    });
  });

  test.each([[{}], [{ patterns: [] }], [{ patterns: ['(a+)+$'] }], [{ patterns: '[' }]])('%j is refused', (options) => {
    expect(() => createSafety(options)).toThrow(expect.objectContaining({ code: 'MONITOR_INVALID' }));
  });
});
