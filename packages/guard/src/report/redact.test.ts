import { REDACTED } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedaction, redactPair, redactReport } from './redact.ts';
import { pairOf, poisoned, reportOf, sideOf } from './report.fixture.ts';

const redact = createRedaction();
// Put together here, so that no scanner of secrets takes this file for a leak.
const AWS = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
const PRIVATE = 'PRIVATE';
const LONG = 'Zx9'.repeat(8);

test('what has the shape of a secret is taken out without a pattern of one’s own [X002-13]', () => {
  expect(redact(`id ${AWS}, ghp_${LONG}`)).toBe(`id ${REDACTED}, ${REDACTED}`);
});

test('patterns of one’s own are taken out too [X002-13]', () => {
  const own = createRedaction(['corp-[0-9a-f]{8,}', String.raw`(?:acct|user)_\d+`, 'Ärger']);
  expect(own('corp-00ff00ff11, acct_7 and user_12: Ärger')).toBe(
    `${REDACTED}, ${REDACTED} and ${REDACTED}: ${REDACTED}`,
  );
});

test.each([
  ['(a+)+b', 'repeats a group'],
  ['(?:ab)*c', 'repeats a group'],
  ['a*b*c', 'repeats by a range in 2 places before its end'],
  ['.*password.*x', 'repeats by a range in 2 places'],
  [String.raw`(a)\1`, String.raw`has "\1"`],
  ['(?=a)b', 'has "(?="'],
  ['a?a?a?a?a?a?a?aaaaaaa', 'has 7 alternatives and optional parts'],
  ['a{2000}', 'has "{2000}"'],
  ['[', 'is no regular expression'],
  ['', 'has 0 characters'],
  ['x'.repeat(501), 'has 501 characters'],
])('the pattern "%s" is refused', (pattern, why) => {
  const create = (): unknown => createRedaction(['fine', pattern]);
  expect(create).toThrow(expect.objectContaining({ code: 'REDACTION_INVALID' }));
  expect(create).toThrow(why);
  expect(create).toThrow('redaction pattern 2');
});

test('more than fifty patterns are refused', () => {
  expect(() => createRedaction(Array(51).fill('x'))).toThrow(
    'redaction pattern 51, "x", is one too many; expected at most 50',
  );
});

/** What makes patterns go back: beginnings of secrets, over and over. */
const TRAPS = [
  'token',
  'token=',
  'password=',
  'password',
  'eyJ',
  'eyJa.',
  '-----BEGIN ',
  `-----BEGIN ${PRIVATE} KEY-----`,
  'AKIA',
  'bearer ',
  'sk-',
  'ghp_',
  ' ',
  '"',
  '\\',
  'a',
  'authorization: basic ',
  'secret_key',
  '[REDACTED]',
  'A',
  '=',
];

test('300,000 characters that invite every pattern to go back are read through in the time that a test has', () => {
  // Quadratic time would be some 10^11 steps for each of these.
  const own = createRedaction(['a[a-z]*b', String.raw`x\w*y\w+`, '[a-z]{3,50}z']);
  for (const trap of TRAPS) {
    for (const other of ['', 'a', '=']) {
      const once = trap + other;
      const text = once.repeat(Math.ceil(300_000 / once.length));
      // The end is reached whatever came before: what stands there is taken out.
      expect(own(`${text} ${AWS}`).slice(-300_010)).not.toContain(AWS);
    }
  }
});

test('no secret of a known shape is left in any text of a report or of a case [X002-13]', () => {
  const secret = `ghp_${LONG}`;
  const report = redactReport(poisoned(reportOf(), `see ${secret} and ${AWS}`), redact);
  expect(JSON.stringify(report)).not.toContain(LONG);
  expect(JSON.stringify(report)).not.toContain(AWS);
  const pair = pairOf(0, {
    args: `[{"api_key":"${LONG}"}]`,
    candidate: sideOf({ result: { success: true, result: { api_key: LONG, nested: [{ password: 'hunter2' }] } } }),
  });
  const kept = JSON.stringify(redactPair(pair, redact));
  expect(kept).not.toContain(LONG);
  expect(kept).not.toContain('hunter2');
});

test('a report without secrets stays as it is', () => {
  const report = reportOf();
  expect(redactReport(report, redact)).toEqual(report);
});

test('redacting leaves no match of one’s own pattern behind', () => {
  const own = createRedaction(['zq[0-9]{4}']);
  fc.assert(
    fc.property(fc.array(fc.constantFrom('zq', '1234', '0', ' ', 'x', 'zq9999'), { maxLength: 30 }), (parts) => {
      expect(own(parts.join(''))).not.toMatch(/zq[0-9]{4}/);
    }),
  );
});
