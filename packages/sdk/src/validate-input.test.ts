import { expect, test } from 'vitest';
import { validateInput } from './validate-input.ts';

test('input with every required field is valid, whatever else it has [F004-27]', () => {
  expect(validateInput({ city: 'Bern', days: 0, more: null }, ['city', 'days'])).toEqual({ ok: true, missing: [] });
  expect(validateInput({}, [])).toEqual({ ok: true, missing: [] });
});

test('what is missing is named, in the order in which it was asked for [F004-27]', () => {
  expect(validateInput({ days: undefined }, ['city', 'days'])).toEqual({
    ok: false,
    missing: ['city', 'days'],
    message: 'the fields "city", "days" are missing',
  });
  expect(validateInput({ city: 'Bern' }, ['city', 'days'])).toMatchObject({ message: 'the field "days" is missing' });
});

test.each([null, undefined, 'text', 5, ['city']])('of %j every field is missing', (data) => {
  expect(validateInput(data, ['city'])).toMatchObject({ ok: false, missing: ['city'] });
});

test('what every object has from its prototype is no field', () => {
  expect(validateInput({}, ['toString', '__proto__'])).toMatchObject({ missing: ['toString', '__proto__'] });
});
