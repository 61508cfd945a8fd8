import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REDACTED, redactText, redactValue } from './redact.ts';

// Put together here, so that no scanner of secrets takes this file for a leak.
const AWS = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
const LONG = 'Zx9'.repeat(8);
const PLACEHOLDER = `bulkhead_secret_${'a1'.repeat(19)}b`;

test.each([
  ['a key of AWS', `id ${AWS}.`, `id ${REDACTED}.`],
  ['a temporary key of AWS', AWS.replace('AKIA', 'ASIA'), REDACTED],
  ['a secret key', `secret_key=${LONG}`, `secret_key=${REDACTED}`],
  ['a secret access key', `aws_secret_access_key = ${LONG}`, `aws_secret_access_key = ${REDACTED}`],
  ['an API key in JSON', `{"api_key":"${LONG}","a":1}`, `{"api_key":"${REDACTED}","a":1}`],
  ['a token', `TOKEN: ${LONG}`, `TOKEN: ${REDACTED}`],
  ['a bearer header', `Authorization: Bearer ${LONG}==`, `Authorization: Bearer ${REDACTED}`],
  ['a password', 'password=hunter2&a=1', `password=${REDACTED}&a=1`],
])('%s is taken out of a text [X002-13]', (_name, text, redacted) => {
  expect(redactText(text)).toBe(redacted);
  expect(redactText(redacted)).toBe(redacted);
});

test.each(['token: short', 'tokens_total: 1200', 'a password is needed', 'a1'.repeat(32)])(
  '"%s" is no secret and stays',
  (text) => {
    expect(redactText(text)).toBe(text);
  },
);

test('a value loses its secrets wherever they stand, and keeps its shape', () => {
  const value = {
    list: [`token=${LONG}`, 1, null],
    password: 'short',
    deep: { api_key: ['kept', AWS] },
    at: PLACEHOLDER,
  };
  expect(redactValue(value, redactText)).toEqual({
    list: [`token=${REDACTED}`, 1, null],
    password: REDACTED,
    deep: { api_key: ['kept', REDACTED] },
    at: REDACTED,
  });
});

test('a name that is a secret is taken out, too, and one called __proto__ is a name like any', () => {
  const redacted = redactValue(JSON.parse(`{"${AWS}":1,"__proto__":{"a":1}}`), redactText);
  expect(JSON.stringify(redacted)).toBe(`{"${REDACTED}":1,"__proto__":{"a":1}}`);
});

test('whoever embeds the host decides what else is secret, and placeholders go all the same', () => {
  const redacted = redactValue({ who: `Ada ${PLACEHOLDER}` }, (text) => text.replace('Ada', '…'));
  expect(redacted).toEqual({ who: `… ${REDACTED}` });
});

test('a value without texts stays as it is', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.boolean(), fc.constant(null))), (list) => {
      expect(redactValue(list, redactText)).toEqual(list);
    }),
  );
});
