import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REDACTED, isSecretName, redactJson, redactText } from './redaction.ts';

// Put together here, so that no scanner of secrets takes this file for a leak.
const AWS = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
const PRIVATE = 'PRIVATE';
const LONG = 'Zx9'.repeat(8);
const KEY_BLOCK = `-----BEGIN RSA ${PRIVATE} KEY-----\nMIIE\nabc\n-----END RSA ${PRIVATE} KEY-----`;

test.each([
  ['a key of AWS', `id ${AWS}.`, `id ${REDACTED}.`],
  ['a temporary key of AWS', AWS.replace('AKIA', 'ASIA'), REDACTED],
  ['a secret key', `secret_key=${LONG}`, `secret_key=${REDACTED}`],
  ['a secret access key', `aws_secret_access_key = ${LONG}`, `aws_secret_access_key = ${REDACTED}`],
  ['an API key in JSON', `{"api_key":"${LONG}","a":1}`, `{"api_key":"${REDACTED}","a":1}`],
  ['an API key in JSON in JSON', String.raw`{\"api_key\": \"${LONG}\"}`, String.raw`{\"api_key\": \"${REDACTED}\"}`],
  ['a token', `TOKEN: ${LONG}`, `TOKEN: ${REDACTED}`],
  ['a password', 'password=hunter2&a=1', `password=${REDACTED}&a=1`],
  ['a password in JSON', '{"password":"hunter two"}', `{"password":"${REDACTED}"}`],
  ['a private key', `before ${KEY_BLOCK} after`, `before ${REDACTED} after`],
  ['a private key that was cut', KEY_BLOCK.slice(0, 40), REDACTED],
  ['a bearer header', `Authorization: Bearer ${LONG}==`, `Authorization: Bearer ${REDACTED}`],
  ['a basic header', 'authorization: Basic YTpi', `authorization: Basic ${REDACTED}`],
  ['a token of GitHub', `ghp_${LONG}`, REDACTED],
  ['a key of a model', `use sk-${LONG}`, `use ${REDACTED}`],
  ['a signed token', `eyJ${LONG}.${LONG}.${LONG}`, REDACTED],
])('%s is taken out of a text [X002-13]', (_name, text, redacted) => {
  expect(redactText(text)).toBe(redacted);
  expect(redactText(redacted)).toBe(redacted);
});

test.each([
  'token: short',
  'tokens_total: 1200',
  'a password is needed',
  'sorted list of numbers',
  'a1'.repeat(32),
  'ask-someone-who-knows-it-well',
  'basic arithmetic',
])('"%s" is no secret and stays', (text) => {
  expect(redactText(text)).toBe(text);
});

test('a value loses its secrets wherever they stand, and keeps its shape', () => {
  const value = { list: [`token=${LONG}`, 1, null], password: 'short', deep: { api_key: ['kept', AWS] } };
  expect(redactJson(value, redactText)).toEqual({
    list: [`token=${REDACTED}`, 1, null],
    password: REDACTED,
    deep: { api_key: ['kept', REDACTED] },
  });
});

test('a name that is a secret is taken out, too, and one called __proto__ is a name like any', () => {
  const redacted = redactJson(JSON.parse(`{"${AWS}":1,"__proto__":{"a":1}}`), redactText);
  expect(JSON.stringify(redacted)).toBe(`{"${REDACTED}":1,"__proto__":{"a":1}}`);
});

test('a value without texts stays as it is', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.boolean(), fc.constant(null))), (list) => {
      expect(redactJson(list, redactText)).toEqual(list);
    }),
  );
});

test.each([
  ['api_key', true],
  ['Client-Secret', true],
  ['password', true],
  ['tokens_total', false],
  ['key', false],
])('a member called %s is secret: %s', (name, isSecret) => {
  expect(isSecretName(name)).toBe(isSecret);
});
